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

# Another host of this registry may create it first.
create_user() {
  local said
  echo "creating the user $1"
  said=$(openssl rand -base64 24 | tr '+/' '-_' \
    | jq --raw-input --arg name "${PARAMETER_PATH:?}/users/$1" '{Name: $name, Value: ., Type: "SecureString", Overwrite: false}' \
    | "${tools:?}/aws-api" ssm PutParameter 2>&1 > /dev/null) || [[ $said == *ParameterAlreadyExists* ]] || {
    printf '%s\n' "$said" >&2
    return 1
  }
}

hash_password() {
  local line
  line=$(printf '%s' "$1" | htpasswd -n -i -B -C 10 user)
  printf '%s' "${line#user:}"
}
