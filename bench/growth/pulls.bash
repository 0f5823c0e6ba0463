#!/usr/bin/env bash
# Pulls manifests by tag through the host's own front door while other clients list all tags of the same repository.
# Prints a line for each pull: its HTTP status and seconds; and at last the seconds of all together.
set -euo pipefail
domain=$1 login=$2 repository=$3 listing_clients=$4 pulls=$5 clients=$6

ask() { exec curl --silent --config "$login" --resolve "$domain:443:127.0.0.1" --output /dev/null "$@"; }

for ((number = 0; number < listing_clients; number++)); do
  (ask "https://$domain/v2/$repository/tags/list?round=[1-1000]") &
done
trap 'kill $(jobs -p) 2> /dev/null || true' EXIT
((listing_clients == 0)) || sleep 2
begun=$EPOCHREALTIME
(ask --parallel --parallel-immediate --parallel-max "$clients" --write-out '%{http_code} %{time_total}\n' \
  --header 'Accept: application/vnd.oci.image.manifest.v1+json' "https://$domain/v2/$repository/manifests/1.[0-$((pulls - 1))].0")
ended=$EPOCHREALTIME
echo "all $(((${ended/./} - ${begun/./}) / 1000)) ms"
