#!/usr/bin/bash
# Stands for systemctl where no systemd runs: starts and stops the mount units of the override, and what its sockets start,
# and says of everything else that it is not done.
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

is_open() { (exec 3<>"/dev/tcp/${listen%:*}/${listen##*:}") 2>/dev/null; }

# Its service has no socket from systemd, and listens itself.
serve() {
  local folder tries
  for folder in "${folders[@]}"; do mkdir -p "/run/$folder"; done
  "${argv[@]}" --listen "$listen" </dev/null &
  for ((tries = 100; tries > 0; tries--)); do
    is_open && return
    sleep 0.1
  done
  return 1
}

listen='' argv=() folders=() status=0
for unit in "${units[@]}"; do
  if [[ -r /rehearsal/sockets/$unit ]]; then
    # shellcheck source=/dev/null
    . "/rehearsal/sockets/$unit"
    case $verb in
      start) is_open || serve || status=1 ;;
      is-active) is_open || status=3 ;;
    esac
    continue
  fi
  if [[ ! -r /rehearsal/mounts/$unit ]]; then
    [[ $unit == *.mount ]] && status=5
    [[ $verb == is-active ]] && status=3
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
