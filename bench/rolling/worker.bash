#!/usr/bin/env bash
# One client's work, again and again until the file `stop` is in the current folder:
#   worker.bash REGISTRY CLIENT push|pull|look
# Adds a line to CLIENT-WORK.tsv for each operation, with the seconds since 1970 at its begin and its end and its exit code,
# and the words of a failed one to CLIENT-WORK.log. Clients keep their own patience and their own retries.
set -uo pipefail
registry=$1 client=$2 work=$3
readonly name=$client-$work layer_bytes=20000000
folder=$(mktemp -d "$PWD/work-$name.XXXXXX")
exec 2>> "$name.log"

main() {
  local begin code
  while [[ ! -e stop ]]; do
    "before_$work" > /dev/null || { sleep 1; continue; }
    begin=$EPOCHREALTIME code=0
    said=$("${work}_by_$client" 2>&1) || code=$?
    printf '%s\t%s\t%s\n' "$begin" "$EPOCHREALTIME" "$code" >> "$name.tsv"
    ((code == 0)) || printf '%s exit code %s: %s\n' "$begin" "$code" "$said" >&2
    [[ $work != look ]] || sleep 0.1
  done
  rm -rf "$folder"
}

# A layer that the registry does not have yet.
before_push() {
  rm -rf "${folder:?}"/*
  head -c "$layer_bytes" /dev/urandom > "$folder/payload"
  tar -C "$folder" -cf "$folder/layer.tar" payload
  if [[ $client == docker ]]; then
    docker image rm -f "$registry/rolling/docker:push"
    docker import "$folder/layer.tar" "$registry/rolling/docker:push"
  else
    crane append --new_layer "$folder/layer.tar" --new_tag "$registry/rolling/$client:push" --output "$folder/image.tar"
  fi
}

before_pull() {
  if [[ $client == docker ]]; then docker image rm -f "$registry/rolling/large:1"; else rm -rf "${folder:?}"/*; fi
  return 0
}

before_look() { :; }

push_by_docker() { docker push -q "$registry/rolling/docker:push"; }
push_by_skopeo() { skopeo copy -q "docker-archive:$folder/image.tar" "docker://$registry/rolling/skopeo:push"; }
push_by_crane() { crane push "$folder/image.tar" "$registry/rolling/crane:push"; }

pull_by_docker() { docker pull -q "$registry/rolling/large:1"; }
pull_by_skopeo() { skopeo copy -q "docker://$registry/rolling/large:1" "oci:$folder/image:1"; }
pull_by_crane() { crane pull --format=oci "$registry/rolling/large:1" "$folder/image"; }

# A manifest by tag, over a new connection.
look_by_docker() { docker pull -q "$registry/rolling/small:1"; }
look_by_skopeo() { skopeo inspect --raw "docker://$registry/rolling/small:1"; }
look_by_curl() {
  curl --silent --show-error --fail --connect-timeout 1 --max-time 2 --netrc-file netrc --output /dev/null \
    --header 'Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json' \
    "https://$registry/v2/rolling/small/manifests/1"
}

main
