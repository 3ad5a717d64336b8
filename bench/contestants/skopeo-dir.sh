#!/usr/bin/env bash
# skopeo alone: each image by itself into a directory, one worker a core. Nothing is shared and nothing packed.
# Usage: directory-per-image.sh FOLDER WORKERS <references, one a line
set -euo pipefail
export folder=$1
workers=$2

stage() {
  local reference=$1
  local name=${reference##*/}
  skopeo copy --quiet --all --src-tls-verify=false "docker://$reference" "dir:$folder/${name//:/_}"
}
export -f stage
# shellcheck disable=SC2016 # $1 is the inner shell's
xargs -P "$workers" -I{} bash -euc 'stage "$1"' stage {}
