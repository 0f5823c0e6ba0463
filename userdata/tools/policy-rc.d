#!/usr/bin/env bash
# Packages ask this program before they act on a service: 101 is no. An upgrade of nginx would restart it, which cuts every
# push that takes more than five seconds longer. steps/use-upgrades lets it use the new program instead.
# https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
set -euo pipefail

[[ $1 != --quiet ]] || shift
case "${1%.service} ${2:-}" in
  'nginx restart' | 'nginx upgrade') exit 101 ;;
esac
