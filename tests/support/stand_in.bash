#!/usr/bin/env bash
# Stands in for a program of a host. It adds its call to the file `calls` and answers from the file `answers`, both in
# its own folder. Bash, because a test starts hundreds of these and Python takes fifty times as long to start.
set -euo pipefail

here=${0%/*} call=${0##*/}${*:+ $*}
# Whoever writes to this program must not find the pipe closed: read to the end.
IFS= read -r -d '' given || true
printf '%s\n' "$call" >> "$here/calls"
# The fields of each Answer (relocated_host.py), in order.
mapfile -d '' -t fields < "$here/answers"
set -- "${fields[@]}"
while (($# > 0)); do
  asked=$1 says=$2 complains=$3 code=$4 needs=$5 gives=$6 waits_for=$7 source=$8 target=$9 told=${10}
  shift 10
  [[ $call =~ $asked && $given =~ $told && (! $needs || -e $here/flag-$needs) ]] || continue
  [[ ! $gives ]] || : > "$here/flag-$gives"
  [[ ! $source ]] || cp -RT "$source" "$target"
  # Not for ever: a program that nobody stops ends by itself.
  until [[ ! $waits_for || -e $here/flag-$waits_for ]] || ((SECONDS > 20)); do /bin/sleep 0.02; done
  printf '%s' "$says"
  printf '%s' "$complains" >&2
  exit "$code"
done
