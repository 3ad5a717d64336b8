#!/usr/bin/bash
# Has the node's pulls ask a registry first that serves the staged partition on loopback:
#
#   attach   in the discovery stage: mounts the partition by way of the whole disk, so that it is not in use
#   check    takes the executable from the partition, when it is what it has to be
#   start    behind its socket: writes the drop-in that names it, when it answers
#   mirrors  writes the drop-in anew, when the node's own mirrors changed
#   stop     takes the drop-in away, then the socket
#   ended    after the end of one of these: says so where it could not itself
#
# Whatever is in the way is told, and leaves the node as if nobody had been there. Never writes to the partition, and
# to no file of the machine config operator.
#
#   PRECACHE_GROUP            what the report is of: ai in the discovery stage (ocp)
#   PRECACHE_DEVICE           partition to attach, in the discovery stage
#   PRECACHE_FOLDER           where the partition is mounted (/var/mnt)
#   PRECACHE_REGISTRY_SHA256  of the executable that may be run
#   PRECACHE_REPORT_DIR       where the report and the executable go (/run/precache)
#   PRECACHE_CONF_DIR         where the drop-in goes (/etc/containers/registries.conf.d)
#   PRECACHE_REGISTRY         where the registry listens (127.0.0.1:22700)
set -uo pipefail
export LC_ALL=C

group=${PRECACHE_GROUP:-ocp}
folder=${PRECACHE_FOLDER:-/var/mnt}
report_dir=${PRECACHE_REPORT_DIR:-/run/precache}
report=$report_dir/report-$group.json
conf_dir=${PRECACHE_CONF_DIR:-/etc/containers/registries.conf.d}
registry=${PRECACHE_REGISTRY:-127.0.0.1:22700}
# Behind all others, whose tables of a prefix it has to replace.
drop_in=$conf_dir/zz-precache-registry.conf
executable=$report_dir/registry/factory-precaching-cli

# What the shared part tells with.
# shellcheck disable=SC2034
stage=installation deadline=0 tool='' bytes=0 peak=0 storage_bytes=0
# shellcheck disable=SC2034
[[ $group != ai ]] || stage=discovery
state=running reason='' references=() loaded=() skipped=()
# shellcheck disable=SC2034
declare -A reason_of=()
# On the node this file stands here, in this one.
# shellcheck source=boot/precache-report.sh
. "${0%/*}/precache-report.sh" || exit 1
read_clock
# shellcheck disable=SC2034
started=$now

# A partition in use keeps the installer from the whole disk. A loop over the disk, at the place where the partition lies,
# does not: the installer leaves these sectors as they are, and this only reads them.
attach() {
  local device=${PRECACHE_DEVICE:?} link=/run/precache/device partition disk loop='' tries
  for ((tries = 45; tries > 0; tries--)); do
    [[ ! -b $device ]] || break
    sleep 1
  done
  reason="$device is not there"
  partition=$(readlink --canonicalize-existing "$device") || return
  mkdir -p "${link%/*}"
  # The kernel has ! for a / in names.
  partition=${partition#/dev/} partition=/sys/class/block/${partition//\//!}
  ln -sfn "$device" "$link"
  if [[ -e $partition/partition ]]; then
    disk=$(readlink --canonicalize-existing "$partition/..") disk=${disk##*/}
    reason="no loop device over the disk of $device"
    loop=$(losetup --find --show --read-only --offset $(($(<"$partition/start") * 512)) \
      --sizelimit $(($(<"$partition/size") * 512)) "/dev/${disk//!//}") || return
    ln -sfn "$loop" "$link"
  fi
  systemctl start run-precache-partition.mount
  # It goes with the mount, or now where there is none.
  [[ -z $loop ]] || losetup --detach "$loop"
}

# The copy is what is hashed and what is run: it is in memory, where the disk cannot change it any more.
take_executable() {
  local source=$folder/bin/factory-precaching-cli sum
  reason="nothing is mounted on $folder"
  mountpoint --quiet "$folder" || return
  reason="$source is not there"
  [[ -f $source ]] || return
  reason="$source cannot be copied to ${executable%/*}"
  mkdir -p "${executable%/*}" && cp --no-target-directory "$source" "$executable.new" || return
  reason="$source cannot be hashed"
  read -r sum _ < <(sha256sum "$executable.new") || return
  if [[ ! ${PRECACHE_REGISTRY_SHA256-} =~ ^[0-9a-f]{64}$ || $sum != "$PRECACHE_REGISTRY_SHA256" ]]; then
    reason="$source is not run: its SHA-256 is $sum, and the override says ${PRECACHE_REGISTRY_SHA256:-nothing}"
    rm -f "$executable.new"
    return 1
  fi
  reason="$executable cannot be made executable"
  chmod 0555 "$executable.new" && mv -f "$executable.new" "$executable" || return
  reason=''
}

# Prints the first line of an answer: it runs on this machine, and can read the passport.
ask() {
  local answer=''
  exec 3<>"/dev/tcp/${registry%:*}/${registry##*:}" || return
  printf 'GET /v2/ HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$registry" >&3
  IFS= read -r -t 60 answer <&3
  exec 3>&-
  [[ $answer == 'HTTP/1.1 200'* ]]
} 2>/dev/null

await_answer() {
  reason="nothing can listen on $registry, see systemctl status precache-registry.socket"
  systemctl --quiet is-active precache-registry.socket || return
  reason="the registry does not answer on $registry"
  ask || return
  reason=''
}

# Renamed into place, so that a pull never sees half of it. Says what is wrong with the node's own files.
write_mirrors() {
  local said
  reason="cannot write $drop_in"
  mkdir -p "$conf_dir" "${executable%/*}" || return
  if ! said=$("$executable" registry mirrors --root "$folder" --listen "$registry" --drop-in "$drop_in" 2>&1 \
    >"$executable.mirrors"); then
    reason="the node's mirrors cannot be read: ${said%%$'\n'*}"
    return 1
  fi
  if ! cmp --quiet "$executable.mirrors" "$drop_in"; then
    cp --no-target-directory "$executable.mirrors" "$conf_dir/.precache-registry.new" &&
      mv -f "$conf_dir/.precache-registry.new" "$drop_in" || return
    command -v selinuxenabled >/dev/null && selinuxenabled && restorecon "$drop_in"
    reload_crio
  fi
  reason=''
}

# It reads its mirrors when it starts, and when it is told to.
reload_crio() {
  ! systemctl --quiet is-active crio.service || systemctl reload crio.service
}

remove_mirrors() {
  [[ -e $drop_in ]] || return 0
  rm -f "$drop_in"
  reload_crio
}

# Not waited for: when the node goes down, they stop after this.
close_port() {
  systemctl stop --no-block precache-registry-mirrors.path precache-registry.socket precache-registry.service
} 2>/dev/null

leave() {
  rm -f "$serving"
  remove_mirrors
  close_port
  rm -rf "${executable%/*}"
}

read_references() {
  local reference
  while read -r reference _ || [[ -n $reference ]]; do
    [[ -z $reference ]] && continue
    quote "$reference"
    references+=("$reference")
    skipped+=("$quoted")
  done <"$folder/$group-images.txt"
} 2>/dev/null

give_up() { # WHEN
  step_down 1 "the node's registry is not used$1: $reason"
  leave
  # Whoever loads instead mounts the partition itself, which XFS allows once.
  [[ -z ${PRECACHE_DEVICE-} ]] || systemctl stop run-precache-partition.mount
  return 1
}

check() {
  mkdir -p "$report_dir" || exit 1
  # Of a start before this one, or of a boot that ended in a power cut.
  rm -f "$step.1" "$drop_in" "$serving"
  take_executable || give_up ''
}

start() {
  if await_answer && write_mirrors; then
    read_references
    : >"$serving"
    state=complete
    write_report
    say "the node's registry serves them on $registry"
    tell_end 0 "${#skipped[@]}" 0 "${#references[@]}"
    return
  fi
  give_up ''
}

mirrors() {
  [[ ! -e $serving ]] || write_mirrors || give_up ' any more'
}

# systemd ends a start that takes too long.
ended() {
  [[ ${SERVICE_RESULT-} == success || ${SERVICE_RESULT-} == exit-code ]] && return
  reason="the script was ended: ${SERVICE_RESULT:-unknown}"
  give_up ''
}

case ${1-} in
  attach) attach || say "$reason" ;;
  check | start | mirrors | ended) "$1" ;;
  stop) leave ;;
  *)
    echo "usage: ${0##*/} attach|check|start|mirrors|stop|ended" >&2
    exit 1
    ;;
esac
