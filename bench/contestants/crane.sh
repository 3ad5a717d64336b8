#!/usr/bin/env bash
# crane pull: all images in one call into one OCI layout. With more workers as many calls, each with its share of the
# images and a layout of its own, over one folder of blobs: two calls at one layout would overwrite each other's index.
# Usage: crane.sh CRANE FOLDER WORKERS <references, one a line
set -euo pipefail
crane=$1 folder=$2 workers=$3
mapfile -t references
share=$(((${#references[@]} + workers - 1) / workers))
mkdir -p "$folder/blobs"

calls=()
for ((first = 0; first < ${#references[@]}; first += share)); do
  layout=$folder/layout-$first
  mkdir -p "$layout"
  ln -sfn ../blobs "$layout/blobs"
  "$crane" pull --insecure --format=oci "${references[@]:first:share}" "$layout" &
  calls+=($!)
done
for call in "${calls[@]}"; do wait "$call"; done
