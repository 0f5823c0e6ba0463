# Sourced: disk, memory and clock of this machine, and their limits. Each function prints a whole number, or fails.
# shellcheck shell=bash
export full_disk_percent=95 least_memory_percent=4 clock_limit_seconds=60

# The fullest file system that this host writes to counts, /run in memory as well. A disk without free inodes is full too.
disk_used_percent() {
  timeout 5 df --output=pcent,ipcent / /run /var/lib /var/log | tr -dc '0-9\n ' | tr -s ' ' '\n' | sort -n | tail -n 1 | grep .
}

memory_available_percent() {
  local total available
  total=$(memory_kib MemTotal) && available=$(memory_kib MemAvailable) && echo "$((100 * available / total))"
}

memory_kib() { sed -n "s/^$1: *\([0-9]*\) kB$/\1/p" /proc/meminfo | grep .; }

# Prints ok, or broken if the resolver finds no address for S3 or does not answer.
resolver_state() {
  local code=0
  timeout 5 getent ahostsv4 "s3.$AWS_REGION.amazonaws.com" > /dev/null || code=$?
  case $code in
    0) echo ok ;;
    2 | 124) echo broken ;;
    *) return 1 ;;
  esac
}

# How far this clock is ahead of AWS's, with which signed requests must agree. The certificate is not verified, because
# a wrong clock finds it invalid.
clock_offset_seconds() {
  local moment
  moment=$(date_from --insecure "https://s3.$AWS_REGION.amazonaws.com/")
  [[ $moment ]] || moment=$(date_from --noproxy '*' http://169.254.169.254/)
  [[ $moment ]] && echo "$(($(date +%s) - $(date --date "$moment" +%s)))"
}

date_from() { curl --silent --head --max-time 4 "$@" | tr -d '\r' | sed -n 's/^date: *//Ip' | head -n 1 || true; }
