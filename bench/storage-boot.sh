#!/usr/bin/bash
# What the node does with a ready container storage, timed: prints nanoseconds until every image is usable after a boot, those
# of the restoring after a wipe, the growth of the file system in bytes, the number of names that podman finds, the
# nanoseconds of making the spare, and those of the restoring without one.
# In a mount namespace of its own: storage-boot.sh DEVICE SCRIPT SCRATCH
set -euo pipefail
device=$1 script=$2 scratch=$3
export PRECACHE_DEVICE=$device PRECACHE_PARTITION=$scratch/partition PRECACHE_CONTAINERS=$scratch/containers
export PRECACHE_REPORT_DIR=$scratch/report
mkdir -p "$PRECACHE_PARTITION" "$PRECACHE_CONTAINERS" "$scratch/tmp"

cold() {
  sync
  echo 3 >/proc/sys/vm/drop_caches
}
used() { df --output=used --block-size=1 "$PRECACHE_PARTITION" | tail -n 1; }

mount "$device" "$PRECACHE_PARTITION"
rm -f "$PRECACHE_PARTITION/storage/containers/storage/precache-ocp.complete"
before=$(used)
umount "$PRECACHE_PARTITION"
cold
begun=$(date +%s%N)
bash "$script" mount >&2
bash "$script" check >&2
usable=$(($(date +%s%N) - begun))
copied=$(($(used) - before))
names=$(podman --root "$PRECACHE_CONTAINERS/storage" --runroot "$scratch/run" --tmpdir "$scratch/tmp" images --all --format json |
  jq '[.[].Names[]?] | length')
umount "$PRECACHE_CONTAINERS/storage/overlay" 2>/dev/null || true

wipe() {
  rm -rf "$PRECACHE_CONTAINERS/storage"
  cold
}
timed() { # WHAT
  local begun
  begun=$(date +%s%N)
  bash "$script" "$1" >&2
  echo $(($(date +%s%N) - begun))
}
rm -rf "$PRECACHE_PARTITION/storage/spare"
wipe
copied_back=$(timed check)
spare=$(timed spare)
wipe
restored=$(timed check)
echo "$usable $restored $copied $names $spare $copied_back"
