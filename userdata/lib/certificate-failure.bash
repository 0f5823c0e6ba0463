# Sourced: why there is no new certificate, in the words that the Lambdas read:
#   reason=port-80|dns|caa|rate-limited|ca-down|hook-failed|other
#   detail=one sentence from certbot or the certificate authority
#   retry_after=a moment in UTC, or nothing
# shellcheck shell=bash
# This file exists while the last attempt failed.
readonly certificate_failure=${state:?}/certificate-failure

# Writes the failure to the file and prints it. With a full disk it only prints.
failed_for() {
  local detail=${2//[^ -~]/ }
  printf 'reason=%s\ndetail=%s\nretry_after=%s\n' "$1" "${detail:0:300}" "${3:-}" | tee "$certificate_failure" 2> /dev/null || true
}

# The argument is certbot's output.
explain_certbot() { failed_for "$(reason_of "$1")" "$(sentence_of "$1")" "$(end_of_limit "$1")"; }

# Descriptions and problem types come from certbot's library acme (messages.py). If the certificate authority cannot be
# reached, the error comes from the library requests instead.
reason_of() {
  case $1 in
    *'Certificate Authority reported these problems'*) reason_of_challenge "$(first_of Type "$1")" "$(first_of Detail "$1")" ;;
    *:rateLimited* | *'too many requests of a given type'* | *'Service busy; retry later'*) echo rate-limited ;;
    *error:caa* | *'Certification Authority Authorization (CAA) records forbid'*) echo caa ;;
    *ConnectionPool\(* | *requests.exceptions.* | *'onnection aborted'* | *:badNonce* | *:serverInternal* | *'server experienced an internal error'* | *'<Response [5'*)
      echo ca-down
      ;;
    *"'deploy-hook' reported error code"*) echo hook-failed ;;
    *) echo other ;;
  esac
}

first_of() { sed -n "s/^ *$1: *//p" <<< "$2" | head -n 1; }

# If the name leads elsewhere, port 80 is not the cause. Let's Encrypt begins the detail with the address it found.
reason_of_challenge() {
  local asked
  asked=$(sed -nE 's/^(During secondary validation: )?([0-9a-fA-F.:]*[.:][0-9a-fA-F.:]*): .*/\2/p' <<< "$2")
  case $1 in
    dns | dnssec | unknownHost) echo dns ;;
    caa) echo caa ;;
    rateLimited) echo rate-limited ;;
    serverInternal) echo ca-down ;;
    connection | unauthorized | tls | incorrectResponse)
      if [[ ${asked:-$ADDRESS} == "$ADDRESS" ]] && points_here; then echo port-80; else echo dns; fi
      ;;
    *) echo other ;;
  esac
}

points_here() { [[ ! $(ipv6_of_name) ]] && getent ahostsv4 "$DOMAIN_NAME" | awk '{ print $1 }' | grep -qxF "$ADDRESS"; }

# The host has no IPv6 address, and Let's Encrypt tries IPv6 first: an AAAA record leads elsewhere.
# https://letsencrypt.org/docs/ipv6-support/
# By default getent leaves out IPv6 where the host has none. Without an AAAA record it shows the A record as ::ffff:….
ipv6_of_name() { getent --no-addrconfig ahostsv6 "$DOMAIN_NAME" | awk '$1 !~ /^::ffff:/ { print $1; exit }'; }

sentence_of() {
  local sentence
  sentence=$(first_of Detail "$1")
  [[ $sentence ]] || sentence=$(sed -nE -e 's/^Failed to renew certificate [^ ]+ with error: //p' -e '/^An unexpected error occurred:/ { n; p }' \
    -e "/deploy-hook' ran with error output:/ { n; s/^ *//; p }" <<< "$1" | head -n 1)
  [[ $sentence ]] || sentence=$(last_lines_of "$1" | tail -n 3 | paste --serial --delimiters ' ')
  printf '%s' "$sentence"
}

last_lines_of() { grep -v -e '^ *$' -e '^- - ' -e '^Saving debug log' -e '^Ask for help' <<< "$1" | tail -n 12 || true; }

end_of_limit() {
  sed -nE 's/.*retry after ([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2}) ?(UTC|Z).*/\1T\2Z/p' <<< "$1" | head -n 1
}
