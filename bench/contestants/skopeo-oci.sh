#!/usr/bin/env bash
# skopeo copy to OCI layouts that share their blobs: what skopeo does best with images that have layers in common.
# Usage: skopeo-oci.sh FOLDER WORKERS <references, one a line
set -euo pipefail
export folder=$1
workers=$2
mkdir "$folder/blobs"

stage() {
  local reference=$1
  local layout=$folder/${reference##*/}
  skopeo copy --quiet --all --src-tls-verify=false --dest-shared-blob-dir "$folder/blobs" \
    "docker://$reference" "oci:${layout//[:@]/_}:staged"
}
export -f stage
# shellcheck disable=SC2016 # $1 is the inner shell's
xargs -P "$workers" -I{} bash -euc 'stage "$1"' stage {}
