# Sourced: parameters that a host creates by itself.
# shellcheck shell=bash

# Creates a SecureString below {PARAMETER_PATH} with the value on standard input. Another host of this registry may create
# it first.
create_parameter() {
  local said
  said=$(jq --raw-input --arg name "${PARAMETER_PATH:?}/$1" '{Name: $name, Value: ., Type: "SecureString", Overwrite: false}' \
    | "${tools:?}/aws-api" ssm PutParameter 2>&1 > /dev/null) || [[ $said == *ParameterAlreadyExists* ]] || {
    printf '%s\n' "$said" >&2
    return 1
  }
}
