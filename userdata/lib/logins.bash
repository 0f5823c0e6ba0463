# Sourced: what the front door remembers of logins.
# shellcheck shell=bash

readonly cached_logins=/run/nginx-logins

# From now on every login is checked anew. Twice, because a check that had read the old users may be remembered after; it
# takes a fraction of a second.
forget_logins() {
  [[ $(find "$cached_logins" -type f -print -quit 2> /dev/null) ]] || return 0
  spoil_logins && sleep 2 && spoil_logins
}

# nginx asks again where a cached answer does not begin with the version of its format. Written in place, because nginx
# may have the file open.
spoil_logins() {
  local file
  while IFS= read -r -d '' file; do
    dd if=/dev/zero of="$file" bs=8 count=1 conv=notrunc,nocreat status=none || [[ ! -e $file ]] || return
  done < <(find "$cached_logins" -type f -print0 2> /dev/null)
}
