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

# Commands that Run Command has started go on, and the new agent reports their end: both units stop the agent's main
# process alone (KillMode=process, and stop-mode sigterm in packaging/ of github.com/aws/amazon-ssm-agent). It takes six
# seconds to stop, for which nothing here waits: a restart that comes meanwhile starts it afterwards.
stop_agent() { tell_agent stop; }
restart_agent() { tell_agent restart; }

tell_agent() {
  local unit
  unit=$(agent_unit)
  [[ ! $unit ]] || systemctl --no-block "$1" "$unit"
}
