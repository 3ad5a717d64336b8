#!/usr/bin/env bash
# regctl image copy: one image a call, with more workers as many calls at a time, each into a layout of its worker.
# They cannot share one: after each copy regctl removes from it what its own index does not name.
# Usage: regctl.sh REGCTL FOLDER WORKERS HOST <references, one a line
set -euo pipefail
regctl=$1 folder=$2 workers=$3 host=$4
mapfile -t references

work() {
  local worker=$1 at
  for ((at = worker; at < ${#references[@]}; at += workers)); do
    "$regctl" image copy --host "reg=$host,tls=disabled" --fast "${references[at]}" "ocidir://$folder/layout-$worker:image-$at"
  done
}

calls=()
for ((worker = 0; worker < workers; worker++)); do
  work "$worker" &
  calls+=($!)
done
for call in "${calls[@]}"; do wait "$call"; done
