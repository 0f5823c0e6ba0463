# Sourced: what can run out or go wrong on any machine. Each prints whole numbers, or fails.
# shellcheck shell=bash

# Of the fullest file system that this host writes to; a disk without inodes is as full.
disk_used_percent() {
  timeout 5 df --output=pcent,ipcent / /var/lib /var/log | tr -dc '0-9\n ' | tr -s ' ' '\n' | sort -n | tail -n 1 | grep .
}

memory_available_percent() {
  local total available
  total=$(memory_kib MemTotal) && available=$(memory_kib MemAvailable) && echo "$((100 * available / total))"
}

memory_kib() { sed -n "s/^$1: *\([0-9]*\) kB$/\1/p" /proc/meminfo | grep .; }

# How far this clock is ahead of the one that requests to AWS must agree with. The certificate is not looked at: to a
# wrong clock it is not valid.
clock_offset_seconds() {
  local moment
  moment=$(date_from --insecure "https://s3.$AWS_REGION.amazonaws.com/")
  [[ $moment ]] || moment=$(date_from --noproxy '*' http://169.254.169.254/)
  [[ $moment ]] && echo "$(($(date +%s) - $(date --date "$moment" +%s)))"
}

date_from() { curl --silent --head --max-time 4 "$@" | tr -d '\r' | sed -n 's/^date: *//Ip' | head -n 1 || true; }
