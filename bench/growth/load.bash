#!/usr/bin/env bash
# Pulls old images by tag, and proves again and again that a push and a pull work, through the host's own front door. Ends
# with its standard input.
set -euo pipefail
domain=$1 login=$2 repository=$3 prove=$4

curl --silent --config "$login" --resolve "$domain:443:127.0.0.1" --output /dev/null --rate 1200/m \
  --header 'Accept: application/vnd.oci.image.manifest.v1+json' \
  "https://$domain/v2/$repository/manifests/1.[0-99].0?round=[1-100000]" &
trap 'kill $!' EXIT
code=0
# A read that ends by its time has a code above 128.
until read -r -t 0.5 _ || { code=$?; ((code < 128)); }; do "$prove"; done
