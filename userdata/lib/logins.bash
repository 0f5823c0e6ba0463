# Sourced: how the front door forgets the logins it remembers.
# shellcheck shell=bash

readonly cached_logins=/run/nginx/logins

# From the end of this on, every login is checked anew. The front door believes an answer for a second, or nearly two by
# its clock of whole seconds (nginx.conf).
forget_logins() {
  local code=0
  curl --silent --show-error --fail --noproxy '*' --max-time 5 --request POST http://127.0.0.1:5080/forget-logins || code=$?
  # 7: nginx does not run. What it remembered ends with it.
  ((code == 0 || code == 7)) || return
  [[ ! $(find "$cached_logins" -type f -print -quit 2> /dev/null) ]] || sleep 2
}
