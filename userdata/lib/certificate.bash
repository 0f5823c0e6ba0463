# Sourced: facts of a certificate, and whether nginx serves the one on disk.
# shellcheck shell=bash
readonly certificate=/etc/letsencrypt/live/registry/cert.pem

# The key of its copy in the state bucket.
saved_key() { printf 'letsencrypt/%s.tar.gz' "$DOMAIN_NAME"; }

# Unpacks such a copy into a folder, and checks it as steps/check-certificate does.
unpack_saved() {
  rm -rf "$2"
  mkdir "$2"
  tar --extract --gzip --file "$1" --directory "$2" 2> /dev/null || {
    echo 'the archive cannot be unpacked'
    return "${damaged:?}"
  }
  "${steps:?}/check-certificate" "$2"
}

# Whether the certificate in the first certbot folder was issued after the one in the second. Of two from the same second,
# all hosts take the same one.
is_newer() { [[ $(rank_of "$1/live/registry/cert.pem") > $(rank_of "$2/live/registry/cert.pem") ]]; }
rank_of() { printf '%s %s' "$(moment_of "$1" startdate)" "$(serial_of "$1")"; }

fingerprint_of() { openssl x509 -noout -fingerprint -sha256 -in "$1" 2> /dev/null | cut -d = -f 2 | tr -d : | tr A-F a-f; }
serial_of() { openssl x509 -noout -serial -in "$1" 2> /dev/null | cut -d = -f 2; }
# The second argument is startdate or enddate.
moment_of() { openssl x509 -noout "-$2" -dateopt iso_8601 -in "$1" 2> /dev/null | cut -d = -f 2 | tr ' ' T; }
seconds_of() { date --date "$(moment_of "$1" "$2")" +%s; }

describe_certificate() {
  printf 'serial=%s\nfingerprint=%s\nnot_after=%s\n' "$(serial_of "$1")" "$(fingerprint_of "$1")" "$(moment_of "$1" enddate)"
}

# Whether clients would trust a file of a certificate and its chain. If not, prints openssl's reason.
is_trusted() {
  local said
  said=$(openssl verify -verify_hostname "$DOMAIN_NAME" -untrusted "$1" "$1" 2>&1) && return
  sed -n 's/^error .* lookup: *//p' <<< "$said"
  return 1
}

is_served() {
  local wanted served
  wanted=$(fingerprint_of "$certificate")
  served=$(timeout 5 openssl s_client -connect 127.0.0.1:443 -servername "$DOMAIN_NAME" < /dev/null 2> /dev/null | fingerprint_of /dev/stdin || true)
  [[ $wanted && $served == "$wanted" ]]
}
