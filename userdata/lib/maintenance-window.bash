# Sourced: whether this is the hour that the settings name for maintenance.
# shellcheck shell=bash
export week_seconds=604800 window_seconds=3600

is_in_window() {
  [[ $MAINTENANCE_WINDOW != never ]] || return
  local begin now
  # The next one. On its own day it may be past, or be now.
  begin=$(date --utc --date "$MAINTENANCE_WINDOW" +%s)
  now=$(date +%s)
  (((now - begin + week_seconds) % week_seconds < window_seconds))
}
