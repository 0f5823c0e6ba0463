# Sourced: the users that a host creates by itself.
# shellcheck shell=bash

# The user of the proof exists on this host only. No parameter can have its name.
prepare_proof_user() {
  local folder=/etc/registry/proof password
  [[ -s $folder/curl && -s $folder/htpasswd ]] || {
    mkdir -p "$folder"
    password=$(openssl rand -hex 24)
    printf '+host:%s\n' "$(hash_password "$password")" > "$folder/htpasswd"
    printf 'user = "+host:%s"\n' "$password" > "$folder/curl"
  }
}

create_user() {
  echo "creating the user $1"
  openssl rand -base64 24 | tr '+/' '-_' | create_parameter "users/$1"
}

hash_password() {
  local line
  line=$(printf '%s' "$1" | htpasswd -n -i -B -C 10 user)
  printf '%s' "${line#user:}"
}
