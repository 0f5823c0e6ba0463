#!/usr/bin/env bash
# Pushes the image of an OCI layout through the Docker engine, and prints what docker said, the digest last; or pulls one,
# and fails if its layers are not these:
#   docker.bash push LAYOUT REFERENCE
#   docker.bash pull REFERENCE DIGEST…
set -euo pipefail

case $1 in
  push) readonly layout=$2 reference=$3 ;;
  pull) readonly reference=$2 expected="${*:3} " ;;
esac
trap 'docker image rm --force "$reference" > /dev/null 2>&1 || true' EXIT

push() {
  skopeo copy --quiet "oci:$layout:image" "docker-daemon:$reference"
  docker push "$reference"
}

pull() {
  local seen
  docker pull --quiet "$reference"
  seen=$(docker image inspect --format '{{range .RootFS.Layers}}{{.}} {{end}}' "$reference")
  [[ $seen == "$expected" ]] || { echo "the layers are $seen, and were $expected" >&2; exit 1; }
}

"$1"
