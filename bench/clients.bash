#!/usr/bin/env bash
# Logs in, pushes and pulls with one client, in a folder that has an OCI layout `image`, or on the host:
#   PASSWORD=… clients.bash REGISTRY CLIENT
# Prints the client's version if all of it works, and fails otherwise.
set -euo pipefail
registry=$1 client=$2 user=admin layout=oci:image:image
by=$registry/by

main() {
  "with_$client" >&2
  version | sed -n 1p
}

version() {
  case $client in
    crane | oras | notation) "$client" version ;;
    helm) helm version --short ;;
    cosign) cosign version --json | sed -n 's/.*"gitVersion": "\(.*\)".*/\1/p' ;;
    *) "$client" --version ;;
  esac
}

# An image with a layer that is kept elsewhere, as Windows' base images have.
push_foreign() {
  local layer
  layer=$(printf '{"mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip","digest":"sha256:%064d","size":1,"urls":["https://example.com/layer"]}' 0)
  skopeo inspect --raw "docker://$by/skopeo:1" | sed "s|\"layers\": *\[|&$layer,|" > foreign.json
  printf 'user = "%s:%s"' "$user" "$PASSWORD" | curl --silent --show-error --fail --config - --request PUT \
    --header 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary @foreign.json \
    "https://$registry/v2/by/skopeo/manifests/foreign"
}

log_in() { printf %s "$PASSWORD" | "$@" -u "$user" --password-stdin "$registry"; }

with_skopeo() {
  log_in skopeo login
  skopeo copy "$layout" "docker://$by/skopeo:1"
  skopeo copy "docker://$by/skopeo:1" oci:skopeo-pulled:1
  push_foreign
  skopeo copy "docker://$by/skopeo:foreign" "docker://$by/foreign-by-skopeo:1"
}

# A storage of its own, without containers: this client only pushes and pulls.
with_podman() {
  local tool=("$client" --root /srv/containers --runroot /srv/containers-run --storage-driver vfs) id
  log_in "${tool[@]}" login
  id=$("${tool[@]}" pull -q "$layout")
  "${tool[@]}" push "$id" "docker://$by/$client:1"
  "${tool[@]}" rmi -af
  "${tool[@]}" pull "$by/$client:1"
}

with_buildah() { with_podman; }

with_crane() {
  log_in crane auth login
  crane copy "$by/skopeo:1" "$by/crane:1"
  crane pull "$by/crane:1" crane.tar
  crane ls "$by/crane"
  crane copy "$by/skopeo:foreign" "$by/foreign-by-crane:1"
}

with_oras() {
  log_in oras login
  echo hello > hello.txt
  oras push "$by/oras:1" hello.txt
  rm hello.txt
  oras pull "$by/oras:1"
  grep hello hello.txt
  local number
  for number in 1 2; do oras attach --artifact-type "example/$number" "$by/oras:1" hello.txt & done
  wait
  (($(oras discover --format json "$by/oras:1" | grep --count '"artifactType"') == 2))
}

with_helm() {
  log_in helm registry login
  rm -rf chart
  helm create chart
  helm package chart
  helm push chart-0.1.0.tgz "oci://$by"
  rm chart-0.1.0.tgz
  helm pull "oci://$by/chart" --version 0.1.0
  test -s chart-0.1.0.tgz
}

# Without the public log of signatures.
with_cosign() {
  log_in cosign login
  export COSIGN_PASSWORD=
  rm -f cosign.key cosign.pub
  cosign generate-key-pair
  cosign sign --yes --key cosign.key --tlog-upload=false "$by/skopeo:1"
  cosign verify --key cosign.pub --insecure-ignore-tlog --insecure-ignore-sct "$by/skopeo:1"
}

with_notation() {
  local first
  export USERNAME=$user
  notation "$by/skopeo:1" &
  first=$!
  notation "$by/skopeo:1"
  wait "$first"
}

with_docker() {
  log_in docker login
  docker pull -q "$by/skopeo:1"
  docker tag "$by/skopeo:1" "$by/docker:1"
  docker push -q "$by/docker:1"
  docker rmi "$by/docker:1" "$by/skopeo:1"
  docker pull -q "$by/docker:1"
  docker manifest inspect "$by/skopeo:foreign" | grep https://example.com/layer
  docker manifest create "$by/skopeo:index" "$by/skopeo:foreign"
  docker manifest push "$by/skopeo:index"
}

# A second daemon, with containerd's image store. An image by its tag right after each of two pushes.
with_dockerd() {
  local folder=/run/second-docker number id
  export DOCKER_HOST=unix://$folder/socket
  mkdir -p "$folder"
  echo '{"features": {"containerd-snapshotter": true}}' > "$folder/daemon.json"
  dockerd --config-file "$folder/daemon.json" --data-root "$folder/data" --exec-root "$folder/exec" --host "$DOCKER_HOST" \
    --pidfile "$folder/pid" --containerd /run/containerd/containerd.sock --bridge none --iptables=false --ip6tables=false &
  # shellcheck disable=SC2064
  trap "kill $!; wait" EXIT
  timeout 20 bash -c 'until docker info --format "{{.DriverStatus}}" | grep io.containerd.snapshotter; do sleep 0.2; done'
  log_in docker login
  for number in 1 2; do
    echo "$number" > "$folder/number"
    id=$(tar --create --directory "$folder" number | docker import - "$by/dockerd:1")
    docker push -q "$by/dockerd:1"
    docker rmi "$by/dockerd:1"
    docker pull -q "$by/dockerd:1"
    [[ $(docker inspect --format '{{.Id}}' "$by/dockerd:1") == "$id" ]]
  done
}

with_containerd() {
  ctr images pull --user "$user:$PASSWORD" "$by/skopeo:1"
  ctr images tag "$by/skopeo:1" "$by/ctr:1"
  ctr images push --user "$user:$PASSWORD" "$by/ctr:1"
}

main
