#!/usr/bin/env bash
# Pushes the image of an OCI layout, each blob in three requests or more, as the specification allows and few clients do:
#   chunks.bash LAYOUT REGISTRY/REPOSITORY:TAG
# curl has the login from the file netrc. A client's usual retry: three more times, for what may pass.
set -euo pipefail
layout=$1 tag=${2##*:} name=${2%:*}
readonly registry=https://${name%%/*} repository=${name#*/}
answer=$(mktemp -d)
readonly answer least_chunk=3
trap 'rm -rf "$answer"' EXIT

main() {
  local manifest blob
  manifest=$(grep -oE '"digest": "sha256:[0-9a-f]{64}"' "$layout/index.json" | cut -d '"' -f 4)
  manifest=$layout/blobs/${manifest/://}
  for blob in "$layout"/blobs/sha256/*; do
    [[ $blob == "$manifest" ]] || push_blob "$blob" "sha256:${blob##*/}"
  done
  ask --request PUT --header 'Content-Type: application/vnd.oci.image.manifest.v1+json' \
    --data-binary "@$manifest" "$registry/v2/$repository/manifests/$tag"
}

push_blob() {
  local blob=$1 digest=$2 size from=0 chunk end
  ! ask --head "$registry/v2/$repository/blobs/$digest" 2> /dev/null || return 0
  ask --request POST "$registry/v2/$repository/blobs/uploads/"
  size=$(stat --format %s "$blob")
  chunk=$((size / least_chunk + 1))
  while ((from < size)); do
    end=$((from + chunk < size ? from + chunk : size))
    dd if="$blob" of="$answer/chunk" bs=1M iflag=skip_bytes,count_bytes skip="$from" count="$((end - from))" status=none
    ask --request PATCH --header 'Content-Type: application/octet-stream' \
      --header "Content-Range: $from-$((end - 1))" --data-binary "@$answer/chunk" "$(location)"
    from=$end
  done
  local upload
  upload=$(location)
  if [[ $upload == *\?* ]]; then upload+="&"; else upload+="?"; fi
  ask --request PUT "${upload}digest=$digest"
}

# Where the upload goes on, as the last answer said.
location() { sed -n 's/\r$//; s/^[Ll]ocation: *//p' "$answer/headers" | tail -n 1 | sed "s#^/#$registry/#"; }

ask() {
  curl --silent --show-error --fail --netrc-file netrc --connect-timeout 10 --retry 3 --retry-connrefused \
    --dump-header "$answer/headers" --output "$answer/body" "$@"
}

main
