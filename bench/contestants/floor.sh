#!/usr/bin/env bash
# The floor: each blob and manifest once by curl over connections that are kept, all of them hashed on all cores, sync.
# The files that curl is told to write are named by their digests, which the hashes are compared with.
# Usage: floor.sh FOLDER CONNECTIONS PROCESSES HASH <curl's configuration, two lines for each file
#   HASH: sha256sum or openssl
set -euo pipefail
folder=$1 connections=$2 processes=$3 hash=$4
config=$(mktemp -d)
trap 'rm -r "$config"' EXIT
split --number="r/$processes" --separator=';' - "$config/part-"
sed -i 's/;/\n/g' "$config"/part-*

curls=()
for part in "$config"/part-*; do
  curl --silent --show-error --no-progress-meter --fail --parallel --parallel-max "$connections" \
    --header 'Accept: application/vnd.docker.distribution.manifest.v2+json' --config "$part" &
  curls+=($!)
done
for curl in "${curls[@]}"; do wait "$curl"; done

cd "$folder"
if [[ $hash == openssl ]]; then hash=(openssl dgst -sha256 -r); else hash=(sha256sum); fi
find . -type f -printf '%P\0' | xargs -0 -P "$(nproc)" -n 8 "${hash[@]}" |
  awk '{ sub(/^\*/, "", $2); if ($1 != $2) { print "wrong digest: " $2; wrong = 1 } } END { exit wrong }'
sync --file-system .
