#!/usr/bin/bash
# Stands for systemctl where no systemd runs: starts and stops the mount units of the override, and says of everything
# else that it is not done.
where='' what='' type='' options='' seconds='' verb='' units=()
for word; do
  case $word in
    -*) ;;
    *) if [[ -z $verb ]]; then verb=$word; else units+=("$word"); fi ;;
  esac
done

start() {
  mountpoint --quiet "$where" && return
  mkdir -p "$where"
  if [[ -d /rehearsal/folder ]]; then
    mount --rbind /rehearsal/folder "$where" && mount -o remount,bind,ro,nodev,nosuid,noexec "$where"
    return
  fi
  if [[ ! -e $what ]]; then
    echo "$what is not there"
    return 1
  fi
  # The partition is mounted where it was staged, too, and XFS takes two of one UUID for a mistake. The device cannot be
  # written to: what the node mounts for good is looked at.
  [[ ,$options, != *,rw,* ]] || options=ro,norecovery
  [[ $type == xfs ]] && options+=,nouuid
  timeout "$seconds" mount -t "$type" -o "$options" "$what" "$where"
}

status=0
for unit in "${units[@]}"; do
  if [[ ! -r /rehearsal/mounts/$unit ]]; then
    [[ $unit == *.mount ]] && status=5
    echo "rehearsal: systemctl $verb $unit is left out"
    continue
  fi
  # shellcheck source=/dev/null
  . "/rehearsal/mounts/$unit"
  case $verb in
    start | restart) start || status=1 ;;
    stop) ! mountpoint --quiet "$where" || umount "$where" || status=1 ;;
    is-active) mountpoint --quiet "$where" || status=3 ;;
    *) echo "rehearsal: systemctl $verb $unit is left out" ;;
  esac
done
exit "$status"
