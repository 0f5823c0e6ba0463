#!/usr/bin/env bash
# On a host: kills one process by its number, and prints its name and number.
#   strike.bash unit NAME | worker NAME | container NAME
# A unit's main process, one of its children, or a container's first process. Fails if there is none for half a minute.
set -euo pipefail
what=$1 name=$2

main() {
  local pid called
  for _ in {1..150}; do
    pid=$("pid_of_$what") || pid=0
    if ((${pid:-0} > 1)) && called=$(cat "/proc/$pid/comm" 2> /dev/null) && kill -KILL "$pid"; then
      await_end "$pid"
      echo "$called $pid"
      return
    fi
    sleep 0.2
  done
  echo "no $what $name runs" >&2
  return 1
}

pid_of_unit() { systemctl show --property MainPID --value "$name"; }
pid_of_worker() { pgrep --parent "$(pid_of_unit)" | shuf --head-count 1; }
pid_of_container() { timeout 5 docker inspect --format '{{.State.Pid}}' "$name" 2> /dev/null; }

await_end() {
  for _ in {1..50}; do
    # A zombie is dead.
    [[ -e /proc/$1 && $(awk '/^State:/ {print $2}' "/proc/$1/status" 2> /dev/null) != Z ]] || return 0
    sleep 0.1
  done
  echo "process $1 outlived SIGKILL" >&2
  return 1
}

main
