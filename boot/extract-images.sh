#!/usr/bin/bash
# Loads the staged images of one group from the partition into the container storage, in the order of the group's
# list. Never writes to the partition and never ends the boot: the unit's status, the
# report and the last line say what is in the storage and what is not.
#
# Installed as extract-ai.sh and extract-ocp.sh; the name says the group. Under another name the group is $1.
# With --ended, after the script's end: completes the report of a run that was killed.
#
#   PRECACHE_DEADLINE       seconds from the start of its unit, or of itself, until it ends; 0 for never (0)
#   PRECACHE_IMAGE_SECONDS  an image may take so long, and a second more for each 4 MiB of it (120)
#   PRECACHE_JOBS           images copied at a time where the storage is on a disk and there are two cores (2); else 1
#   PRECACHE_FOLDER         staging folder (/var/mnt)
#   PRECACHE_REPORT_DIR     where report-GROUP.json goes, and all else that tells of the run (/run/precache)
#   PRECACHE_TMPDIR         where the blobs of the images that are copied are spooled, and archives unpacked (/var/tmp)
#   PRECACHE_CRIO_DIR       configuration of CRI-O, if it is there (/etc/crio)
#   CONTAINERS_STORAGE_CONF is honoured by skopeo and podman alike.
#
# Exit status: 0 when every reference of the list is in the storage under exactly that name, 1 when not.
set -uo pipefail
export LC_ALL=C
# Nothing here asks a registry, and podman and skopeo would not begin with a registries.conf that cannot be read.
export CONTAINERS_REGISTRIES_CONF=/dev/null

case ${0##*/} in
  extract-ai.sh) group=ai ;;
  extract-ocp.sh) group=ocp ;;
  *) group=${1-} ;;
esac
case $group in
  ai) stage=discovery unit=precache-images.service ;;
  ocp) stage=installation unit=precache-ocp-images.service ;;
  *)
    echo "usage: ${0##*/} ai|ocp" >&2
    exit 1
    ;;
esac

folder=${PRECACHE_FOLDER:-/var/mnt}
report_dir=${PRECACHE_REPORT_DIR:-/run/precache}
report=$report_dir/report-$group.json
log=$report_dir/log-$group
spool=${PRECACHE_TMPDIR:-/var/tmp}/precache-$group
list=$folder/$group-images.txt
passport=$folder/precache.json
deadline=${PRECACHE_DEADLINE:-0}
image_seconds=${PRECACHE_IMAGE_SECONDS:-120}
crio_dir=${PRECACHE_CRIO_DIR:-/etc/crio}

references=() loaded=() skipped=() failed=()
declare -A artifact_of=() present=() reason_of=() known=() counted=()
state=running reason='' tool='' bytes=0 peak=0 storage_bytes=0
graph_root='' loading='' job='' timer='' in_memory='' free_before=0
running=()
# References of images whose copy runs, the oldest first, at most `jobs`, and the bytes that they may still write. The one
# whose copy ended and that is not yet on the disk. What is known of each: since when, for how long it may, its job, and
# what of it is removed in the end.
copying=() jobs=1 reserved=0 slot=0
pending='' sync_job=''
declare -A job_of=() label_of=() slot_of=() blobs_of=() new_of=() unpacked_in=() limit_of=() hundredths_of=()

# On the node these files stand here, in this one.
# shellcheck source=boot/precache-report.sh
. "${0%/*}/precache-report.sh" || exit 1
# shellcheck source=boot/precache-job.sh
. "${0%/*}/precache-job.sh" || exit 1
# shellcheck source=boot/precache-node.sh
. "${0%/*}/precache-node.sh" || exit 1

# The only way out: report, summary, true status.
finish() {
  trap - TERM INT HUP ALRM EXIT
  # A function that a signal interrupts may have one of its own.
  local IFS=$' \t\n'
  reason=${1-}
  end_jobs
  [[ -z $timer ]] || kill -TERM "$timer" 2>/dev/null
  local reference missing=0
  for reference in "${references[@]}"; do
    [[ -n ${present[$reference]-} ]] && continue
    reason_of[$reference]=${reason_of[$reference]:-${reason:-not in the storage}}
    missing=$((missing + 1))
  done
  state=incomplete
  if [[ -z $reason && $missing -eq 0 ]]; then
    state=complete
    : >"$graph_root/precache-$group.complete" && sync "$graph_root/precache-$group.complete"
  fi
  ((missing == 0)) || step_down 3 "$missing images are not loaded: they come from the mirrors, or over the WAN"
  rm -rf --one-file-system "$spool"
  [[ $group == ai ]] || pin_images
  measure_storage
  write_report || say "cannot write $report"
  label_files
  tell_end "${#loaded[@]}" "${#skipped[@]}" "$missing" "${#references[@]}"
  [[ $state == complete ]]
  exit
}

# Sets `blobs` to the sizes and names of an image's blobs, and `new` to the bytes of those that are not in the storage.
measure_image() { # FOLDER
  local size name
  blobs=() new=0
  while read -r size name; do
    name=${name##*/}
    [[ $name =~ ^[0-9a-f]{64,}$ ]] || continue
    blobs+=("$size $name")
    [[ -n ${known[$name]-} ]] || new=$((new + size))
  done < <(stat --dereference --format='%s %n' "$1"/* 2>/dev/null)
}

know_blobs() {
  local blob
  for blob; do known[${blob#* }]=1; done
}

# Sets `source` to the folder of an image: in the pool format on the partition, of an archive in the spool.
find_image() { # ARTIFACT
  local archive=$folder/$1.tgz status
  source=$folder/images/$1 unpacked=0
  [[ ! -d $source && -f $archive ]] || return 0
  unpacked=$(stat --format=%s "$archive")
  find_room "$unpacked" 0 || return 1
  source=$spool/$1
  start $((image_seconds + unpacked / 4194304)) /dev/null \
    tar --extract --gzip --file="$archive" --directory="$spool" --no-same-owner --no-same-permissions
  await && return 0
  status=$?
  last_message tar "$status" $((image_seconds + unpacked / 4194304))
  return 1
}

# As `has_room`; copies that run give theirs back when they end.
find_room() { # SPOOLED STORED
  until has_room "$@"; do
    ((${#copying[@]} > 0)) || return 1
    land
  done
}

# Begins to copy an image into the storage. Its name is kept there until all of it is on the disk, as a link's target:
# that is metadata, and reaches the journal of the file system before whatever skopeo does next.
begin() { # REFERENCE
  local artifact=${artifact_of[$1]-} source='' unpacked=0 new=0 blobs=() limit
  message='not in precache.json'
  [[ -n $artifact ]] && find_image "$artifact" || return 1
  ((unpacked == 0)) || unpacked_in[$1]=$source
  measure_image "$source"
  # Layers take two to two and a half times their compressed size.
  find_room $((new + unpacked)) $((new * 5 / 2)) || return 1
  reserved=$((reserved + new))
  ((reserved + unpacked <= peak)) || peak=$((reserved + unpacked))
  slot=$(((slot + 1) % (jobs + 1)))
  ln -sfn -- "$1" "$loading.$slot"
  limit=$((image_seconds + new / 4194304))
  log=$report_dir/log-$group.$slot
  start "$limit" /dev/null skopeo --tmpdir "$spool" copy --quiet "dir:$source" "containers-storage:$1"
  copying+=("$1")
  job_of[$1]=$job slot_of[$1]=$slot new_of[$1]=$new limit_of[$1]=$limit
  blobs_of[$1]=$(printf '%s\n' "${blobs[@]}")
}

# Copies are begun and end in the order of the list. skopeo unpacks under a lock of the whole storage: a second one reads,
# checks and decompresses meanwhile.
load() { # REFERENCE LABEL
  local message=''
  ((${#copying[@]} < jobs)) || land
  read_clock
  hundredths_of[$1]=$now label_of[$1]=$2 reason_of[$1]=''
  begin "$1" && return
  reason_of[$1]=$message
  [[ $message == not\ * ]] || failed+=("$1")
  say "failed $1: $message"
  clear_unpacked "$1"
}

# The oldest copy is waited for. Its sync goes on while the next is copied.
land() {
  local reference=${copying[0]} status message=''
  copying=("${copying[@]:1}")
  settle
  await "${job_of[$reference]}"
  status=$?
  reserved=$((reserved - new_of[$reference]))
  if ((status != 0)); then
    log=$report_dir/log-$group.${slot_of[$reference]}
    last_message skopeo "$status" "${limit_of[$reference]}"
    reason_of[$reference]=$message
  fi
  sync --file-system "$graph_root" &
  sync_job=$!
  read_clock
  pending=$reference hundredths_of[$reference]=$((now - hundredths_of[$reference]))
  clear_unpacked "$reference"
}

land_all() {
  while ((${#copying[@]} > 0)); do land; done
  settle
}

clear_unpacked() { # REFERENCE
  [[ -z ${unpacked_in[$1]-} ]] || rm -rf --one-file-system "${unpacked_in[$1]}"
  unpacked_in[$1]=''
}

skip() { # REFERENCE
  local blobs new
  measure_image "$folder/images/${artifact_of[$1]-}"
  know_blobs "${blobs[@]}"
  quote "$1"
  skipped+=("$quoted")
}

# An image counts when the storage is on the disk.
settle() {
  local reference=$pending blobs=() blob sum=0
  [[ -n $reference ]] || return 0
  if wait "$sync_job"; then
    rm -f "$loading.${slot_of[$reference]}"
  else
    reason_of[$reference]+=' cannot sync the storage'
  fi
  pending=''
  if [[ -n ${reason_of[$reference]} ]]; then
    say "failed $reference: ${reason_of[$reference]}"
    failed+=("$reference")
  else
    present[$reference]=1
    [[ -z ${blobs_of[$reference]} ]] || mapfile -t blobs <<<"${blobs_of[$reference]}"
    know_blobs "${blobs[@]}"
    for blob in "${blobs[@]}"; do
      sum=$((sum + ${blob% *}))
      [[ -n ${counted[${blob#* }]-} ]] || bytes=$((bytes + ${blob% *}))
      counted[${blob#* }]=1
    done
    quote "$reference"
    to_seconds "${hundredths_of[$reference]}"
    loaded+=("{\"reference\":$quoted,\"seconds\":$decimal,\"bytes\":$sum}")
    say "loaded $reference ${label_of[$reference]}"
  fi
  write_report
}

read_passport() {
  local reference artifact rows
  rows=$(jq --raw-output '"\(.tool.name? // "") \(.tool.version? // "")",
    (.images[] | [.reference, .artifact] | @tsv)' "$passport" 2>&1) || finish "cannot read $passport: $rows"
  tool=${rows%%$'\n'*}
  while IFS=$'\t' read -r reference artifact; do
    [[ -n $reference && $artifact =~ ^[A-Za-z0-9@_+-][A-Za-z0-9@._+-]*$ ]] && artifact_of[$reference]=$artifact
  done <<<"${rows#*$'\n'}"
}

read_references() {
  local reference
  local -A seen=()
  while read -r reference _ || [[ -n $reference ]]; do
    reference=${reference%$'\r'}
    [[ -z $reference || -n ${seen[$reference]-} ]] && continue
    seen[$reference]=1
    references+=("$reference")
  done <"$list"
}

require_programs() {
  local program
  for program in jq podman skopeo; do
    command -v "$program" >/dev/null || finish "$program is not installed"
  done
}

require_file() {
  [[ -r $1 ]] && return
  mountpoint --quiet "$folder" || finish "nothing is mounted on $folder: $1 is not there"
  finish "$1 is not there: was the partition unmounted in the factory?"
}

main() {
  local reference message='' same_file_system='' at=0 again=()
  mkdir -p "$report_dir" && rm -f "$step.3" || exit 1
  trap 'finish "stopped before all images were loaded"' TERM INT HUP
  trap 'finish "the deadline of $deadline s passed"' ALRM
  trap 'finish "ended unexpectedly"' EXIT
  start_timer
  write_report
  require_programs
  require_file "$list"
  read_references
  require_file "$passport"
  read_passport
  [[ $group == ai || ! -e /run/ostree-live ]] || finish 'a live system has its storage in memory: it gets no images of the installation'
  rm -rf --one-file-system "$spool"
  mkdir -p "$spool" || finish "cannot create $spool"
  open_storage
  recover
  list_present || say 'podman cannot list the container storage: loading every image'
  # One that is killed from here on tells of how many.
  write_report

  for reference in "${references[@]}"; do
    at=$((at + 1))
    if [[ -z ${present[$reference]-} ]]; then
      load "$reference" "[$at/${#references[@]}]"
    else
      skip "$reference"
    fi
  done
  land_all
  again=("${failed[@]}") failed=()
  for reference in "${again[@]}"; do load "$reference" 'at the second try'; done
  land_all
  rm -f "$loading".[0-9]
  list_present || finish 'podman cannot list the container storage'
  finish
}

read_clock
started=$now
if [[ ${*: -1} == --ended ]]; then tell_killed; else main; fi
