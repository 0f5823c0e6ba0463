#!/usr/bin/env bash
# Pushes one layer of random bytes in a single request, slowly, and without another try:
#   push.bash REGISTRY BYTES BYTES_A_SECOND
set -euo pipefail

curl() { command curl --silent --show-error --fail --netrc-file netrc "$@"; }

location=$(curl --request POST --dump-header - --output /dev/null "https://$1/v2/upgrades/slow/blobs/uploads/" \
  | tr -d '\r' | sed -n 's/^location: //Ip')
head -c "$2" /dev/urandom > slow
digest=sha256:$(sha256sum slow | cut -d ' ' -f 1)
curl --limit-rate "$3" --header 'Content-Type: application/octet-stream' --upload-file slow "$location&digest=$digest"
