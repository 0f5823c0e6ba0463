# Sourced by every script: what this host was told (host.env), and where things lie.
# shellcheck shell=bash
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
while IFS= read -r line; do [[ $line != [A-Z]*=* ]] || export "${line?}"; done < /etc/registry/host.env
unset line
export bin=/opt/registry/bin steps=/opt/registry/steps tools=/opt/registry/tools
# Kept over a reboot, and not.
export state=/var/lib/registry run=/run/registry
mkdir -p "$state" "$run"
# As old as the last time that users were what Parameter Store says.
export users_synced=$state/users-synced
# In memory: what says that the disk is full must not need it.
export TMPDIR=$run
