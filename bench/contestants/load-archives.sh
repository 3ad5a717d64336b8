#!/usr/bin/env bash
# The Go tool's way of loading: workers for 80 % of the cores, each of which unpacks an archive beside it with pigz,
# copies the directory into the storage, and removes it.
# Usage: load-archives.sh FOLDER <artifact and reference, a line each
set -euo pipefail
export folder=$1
workers=$(($(nproc) * 80 / 100))

load() {
  local artifact=$1 reference=$2
  tar --use-compress-program=pigz -xf "$folder/$artifact.tgz" -C "$folder/unpacked"
  skopeo --tmpdir "$TMPDIR" copy --quiet "dir:$folder/unpacked/$artifact" "containers-storage:$reference"
  rm -r "${folder:?}/unpacked/$artifact"
}
export -f load
mkdir -p "$folder/unpacked"
# shellcheck disable=SC2016 # $1 and $2 are the inner shell's
xargs -P "$((workers > 0 ? workers : 1))" -L1 bash -euc 'load "$1" "$2"' load
sync
