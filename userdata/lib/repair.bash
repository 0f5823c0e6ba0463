# Sourced: repairs one part after the other. Each part has two functions: fault_of_PART prints its fault, or nothing;
# mend_PART tries to repair it. A part without a fault is not touched.
# shellcheck shell=bash
# The control plane waits a minute for a repair.
readonly limit_seconds=50
# As long as Docker waits for an answer of a registry: what takes longer serves nobody, and what is slow is not touched.
patience_seconds=15
repaired=()
declare -A fault_of=()

one_repair_at_a_time() {
  exec 8> "${run:?}/repair.lock"
  flock --wait 15 8 || { printf 'repaired=nothing\nreason=another repair has not ended yet\n'; exit 1; }
}

look_after() {
  local part=$1 fault said
  fault=$("fault_of_$part")
  [[ $fault ]] || return 0
  said=$("mend_$part" 2>&1 8>&- | tail -n 1) || true
  # What was just started answers soon, or is reported.
  local patience_seconds=3 since=$SECONDS
  for _ in {1..8}; do
    fault=$("fault_of_$part")
    [[ $fault ]] || { repaired+=("$part"); return 0; }
    ((SECONDS - since < 5)) || break
    sleep 0.4
  done
  fault_of[$part]="$fault${said:+ ($said)}"
}

# Runs a command for at most $1 seconds, and never beyond the limit of all repairs.
within() {
  local left=$((limit_seconds - SECONDS))
  timeout --kill-after 2 "$((left < $1 ? (left > 1 ? left : 1) : $1))" "${@:2}"
}

report_repairs() {
  local part text='' patience_seconds=3
  # A later repair may have cured an earlier part.
  for part in "${!fault_of[@]}"; do
    if [[ $("fault_of_$part") ]]; then text+="${text:+; }$part: ${fault_of[$part]}"; else repaired+=("$part"); fi
  done
  printf 'repaired=%s\n' "${repaired[*]:-nothing}"
  [[ $text ]] || return 0
  text=${text//[^ -~]/ }
  printf 'reason=%s\n' "${text:0:800}"
  return 1
}

fault_of_registry() { registry_answers "$patience_seconds" || echo 'the registry container does not answer'; }

# A container that runs without answering is created anew.
mend_registry() {
  local state anew=()
  if ! state=$(container_state) && systemctl is-active --quiet docker.service; then
    echo 'Docker does not answer'
    return 1
  fi
  [[ ! $state =~ ^(running|restarting|paused) ]] || anew=(anew)
  within 40 "${steps:?}/run-registry" "${anew[@]}"
}
