#!/usr/bin/env bash
# Logs in, pushes and pulls with one client: PASSWORD=… clients.bash REGISTRY CLIENT
# It runs in a folder of its own, which has an OCI layout `image`, or on the host. It fails unless all of it works.
set -euo pipefail

registry=$1
user=admin
layout=oci:image:image
# podman's and buildah's own folders, without containers: these clients only push and pull.
storage=(--root /srv/containers --runroot /srv/containers-run --storage-driver vfs)

password() { printf %s "$PASSWORD"; }

try_skopeo() {
  password | skopeo login -u "$user" --password-stdin "$registry"
  skopeo copy "$layout" "docker://$registry/by/skopeo:1"
  skopeo copy "docker://$registry/by/skopeo:1" oci:skopeo-pulled:1
}

try_podman() {
  local id
  password | podman "${storage[@]}" login -u "$user" --password-stdin "$registry"
  id=$(podman "${storage[@]}" pull "$layout" -q)
  podman "${storage[@]}" push "$id" "$registry/by/podman:1"
  podman "${storage[@]}" rmi -af
  podman "${storage[@]}" pull "$registry/by/podman:1"
}

try_buildah() {
  local id
  password | buildah "${storage[@]}" login -u "$user" --password-stdin "$registry"
  id=$(buildah "${storage[@]}" pull -q "$layout")
  buildah "${storage[@]}" push "$id" "docker://$registry/by/buildah:1"
  buildah "${storage[@]}" rmi -af
  buildah "${storage[@]}" pull "$registry/by/buildah:1"
}

try_crane() {
  password | crane auth login -u "$user" --password-stdin "$registry"
  crane copy "$registry/by/skopeo:1" "$registry/by/crane:1"
  crane pull "$registry/by/crane:1" crane.tar
  crane ls "$registry/by/crane"
}

try_oras() {
  password | oras login -u "$user" --password-stdin "$registry"
  echo hello > hello.txt
  oras push "$registry/by/oras:1" hello.txt
  rm hello.txt
  oras pull "$registry/by/oras:1"
  grep hello hello.txt
}

try_helm() {
  password | helm registry login -u "$user" --password-stdin "$registry"
  rm -rf chart
  helm create chart
  helm package chart
  helm push chart-0.1.0.tgz "oci://$registry/by"
  rm chart-0.1.0.tgz
  helm pull "oci://$registry/by/chart" --version 0.1.0
  test -s chart-0.1.0.tgz
}

try_docker() {
  password | docker login -u "$user" --password-stdin "$registry"
  docker pull -q "$registry/by/skopeo:1"
  docker tag "$registry/by/skopeo:1" "$registry/by/docker:1"
  docker push -q "$registry/by/docker:1"
  docker rmi "$registry/by/docker:1" "$registry/by/skopeo:1"
  docker pull -q "$registry/by/docker:1"
}

try_containerd() {
  ctr images pull --user "$user:$PASSWORD" "$registry/by/skopeo:1"
  ctr images tag "$registry/by/skopeo:1" "$registry/by/ctr:1"
  ctr images push --user "$user:$PASSWORD" "$registry/by/ctr:1"
}

"try_$2"
