#!/usr/bin/env bash
# Starts a Docker engine in the clients' root, for pushes and pulls alone, and waits until it answers. One that runs stays.
set -euo pipefail

! docker version > /dev/null 2>&1 || exit 0
# No package starts a service here.
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 0755 /usr/sbin/policy-rc.d
apt-get update --quiet
DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends docker.io
mountpoint -q /sys || mount -t sysfs -o ro sysfs /sys
mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
setsid --fork dockerd --data-root "$PWD/docker" --storage-driver vfs --bridge none --iptables=false --ip6tables=false \
  > docker.log 2>&1 < /dev/null
for _ in {1..60}; do
  ! docker version > /dev/null 2>&1 || exit 0
  sleep 0.5
done
tail -n 5 docker.log >&2
exit 1
