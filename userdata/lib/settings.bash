# Sourced by every script: the host's settings (host.env) and the folders it uses.
# shellcheck shell=bash
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
while IFS= read -r line; do [[ $line != [A-Z]*=* ]] || export "${line?}"; done < /etc/registry/host.env
unset line
export bin=/opt/registry/bin steps=/opt/registry/steps tools=/opt/registry/tools
# `state` survives a reboot, `run` does not.
export state=/var/lib/registry run=/run/registry
mkdir -p "$state" "$run"
# Touched each time the users were read from Parameter Store.
export users_synced=$state/users-synced
# As old as the reboot is due that an upgrade asks for; not there without one.
export reboot_due_since=$run/reboot-due-since
# In memory: a full disk must not stop the script that reports it.
export TMPDIR=$run
# Exit codes of steps: the certificate is damaged; another try cannot help; the name does not point to this host yet.
export damaged=2 hopeless=3 waiting_for_dns=5
