#!/usr/bin/env bash
# Pushes the image of an OCI layout through the Docker engine, and prints what docker said, the digest last; or pulls one,
# and fails if its layers are not these:
#   docker.bash push LAYOUT REFERENCE
#   docker.bash pull REFERENCE DIGEST…
set -euo pipefail

push() {
  local layout=$1 reference=$2
  trap 'docker image rm --force "$reference" > /dev/null 2>&1 || true' EXIT
  skopeo copy --quiet "oci:$layout:image" "docker-daemon:$reference"
  docker push "$reference"
}

pull() {
  reference=$1
  local seen expected=${*:2}
  trap 'docker image rm --force "$reference" > /dev/null 2>&1 || true' EXIT
  docker pull --quiet "$reference"
  seen=$(docker image inspect --format '{{range .RootFS.Layers}}{{.}} {{end}}' "$reference")
  [[ $seen == "$expected " ]] || { echo "the layers are $seen, and were $expected" >&2; exit 1; }
}

"$@"
