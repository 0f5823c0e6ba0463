# Sourced: the state of the registry container, and its last error.
# shellcheck shell=bash

# Any answer counts: 503 is what it says while its checks of S3 fail, which no new container would mend.
registry_answers() { curl --silent --noproxy '*' --max-time "${1:-2}" --output /dev/null http://127.0.0.1:5000/v2/; }

# Prints Docker's word for its state and the number of its restarts, or `absent 0`.
container_state() {
  local said
  # `docker` would start a stopped engine through its socket.
  timeout 5 systemctl is-active --quiet docker.service || return
  if said=$(timeout 6 docker inspect --type container --format '{{.State.Status}} {{.RestartCount}}' registry 2>&1); then
    echo "$said"
  elif [[ $said == *'o such '* ]]; then
    echo 'absent 0'
  else
    return 1
  fi
}

container_error() { timeout 6 docker logs --tail 500 registry 2>&1 | last_error; }

# The registry logs JSON. Before it has read its configuration, and when Go panics, it logs text.
last_error() {
  local line
  line=$(grep -aE '"level":"(error|fatal|panic)"|level=(error|fatal|panic)|^(panic|fatal error|configuration error): ' | tail -n 1) || return
  if [[ $line == \{* ]]; then
    line=$(jq --raw-output '[.msg, .error, .["err.message"], .["err.detail"]] | map(select(. != null) | tostring) | unique | join(": ")' <<< "$line" \
      || printf '%s' "$line")
  fi
  without_secrets <<< "$line"
}

# Removes signatures of presigned addresses, logins and keys.
without_secrets() {
  sed -E -e 's#(https?://)[^/@ ]*@#\1#g' -e 's#(https?://[^ ?"]*|/v2/[^ ?"]*)\?[^ "]*#\1#g' \
    -e 's#("?(proxy-)?authorization"?[=: ]+"?)((basic|bearer|aws4-hmac-sha256)[= ]+)?[^ "]+#\1...#Ig' \
    -e 's#(basic|bearer) [A-Za-z0-9+/=._-]{8,}#\1 ...#Ig' \
    -e 's#((secret|token|password|signature|credential|user(\.?name)?|user\.?agent)"?[=:] *"?)[^ "]+#\1...#Ig' \
    -e 's#(AKIA|ASIA)[A-Z0-9]{12,}#...#g'
}
