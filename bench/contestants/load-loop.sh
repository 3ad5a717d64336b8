#!/usr/bin/env bash
# The least that loading can be: skopeo once an image, one after the other, and one sync at the end.
# Usage: load-loop.sh FOLDER <artifact and reference, a line each
set -euo pipefail
while read -r artifact reference; do
  skopeo --tmpdir "$TMPDIR" copy --quiet "dir:$1/images/$artifact" "containers-storage:$reference" </dev/null
done
sync
