#!/usr/bin/env bash
# The Go tool's way of staging: each image by itself through skopeo into a directory, that into a .tgz, one worker a core.
# Usage: archive-per-image.sh FOLDER WORKERS <references, one a line
set -euo pipefail
export folder=$1
workers=$2

stage() {
  local reference=$1
  local name=${reference##*/}
  name=${name//:/_}
  skopeo copy --quiet --all --src-tls-verify=false "docker://$reference" "dir:$folder/$name"
  tar czf "$folder/$name.tgz" -C "$folder" "$name"
  rm -r "${folder:?}/$name"
}
export -f stage
# shellcheck disable=SC2016 # $1 is the inner shell's
xargs -P "$workers" -I{} bash -euc 'stage "$1"' stage {}
