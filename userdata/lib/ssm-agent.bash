# Sourced: the SSM agent, through which Run Command reaches this host.
# shellcheck shell=bash

# Ubuntu's images have it as a snap, others as a package.
readonly agent_units=(snap.amazon-ssm-agent.amazon-ssm-agent.service amazon-ssm-agent.service)

# Prints the unit of this host's agent; nothing if it has none.
agent_unit() {
  local unit
  for unit in "${agent_units[@]}"; do
    [[ ! -e /etc/systemd/system/$unit && ! -e /usr/lib/systemd/system/$unit ]] || { echo "$unit"; return; }
  done
}
