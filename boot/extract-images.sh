#!/usr/bin/bash
# Loads the staged images of one group from the partition into the container storage, one at a time, in the
# order of the group's list. Never writes to the partition and never ends the boot: the unit's status, the
# report and the last line say what is in the storage and what is not.
#
# Installed as extract-ai.sh and extract-ocp.sh; the name says the group. Under another name the group is $1.
#
#   PRECACHE_FOLDER      staging folder (/var/mnt)
#   PRECACHE_REPORT_DIR  where report-GROUP.json goes (/run/precache)
#   PRECACHE_TMPDIR      where skopeo may spool blobs, the size of the largest image (/var/tmp)
#   CONTAINERS_STORAGE_CONF is honoured by skopeo and podman alike.
#
# Exit status: 0 when every reference of the list is in the storage under exactly that name, 1 when not.
set -uo pipefail
export LC_ALL=C

case ${0##*/} in
  extract-ai.sh) group=ai ;;
  extract-ocp.sh) group=ocp ;;
  *) group=${1-} ;;
esac
if [[ $group != ai && $group != ocp ]]; then
  echo "usage: ${0##*/} ai|ocp" >&2
  exit 1
fi

folder=${PRECACHE_FOLDER:-/var/mnt}
report_dir=${PRECACHE_REPORT_DIR:-/run/precache}
report=$report_dir/report-$group.json
spool=${PRECACHE_TMPDIR:-/var/tmp}/precache-$group
list=$folder/$group-images.txt
passport=$folder/precache.json

references=() loaded=() skipped=() retry=()
declare -A artifact_of=() present=() reason_of=() blob_sizes=()
state=running reason='' skopeo_pid='' graph_root='' loading=''

# Hundredths of a second of a clock that no time synchronisation moves.
now() {
  local up
  read -r up _ </proc/uptime
  echo $((10#${up/./}))
}
seconds() { printf '%d.%02d' $(($1 / 100)) $(($1 % 100)); }
started=$(now)

say() { echo "precache $group: $*"; }

json_string() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "${text//[[:cntrl:]]/ }"
}

joined() {
  local IFS=,
  printf '[%s]' "$*"
}

# Written without jq, so that a node without jq can say so; renamed into place, so that it is always whole.
write_report() {
  local reference size bytes=0 failures=()
  for reference in "${references[@]}"; do
    [[ -z ${reason_of[$reference]-} ]] && continue
    failures+=("{\"reference\":$(json_string "$reference"),\"reason\":$(json_string "${reason_of[$reference]}")}")
  done
  for size in "${blob_sizes[@]}"; do bytes=$((bytes + size)); done
  printf '{"group":"%s","state":"%s","reason":%s,"references":%d,"loaded":%s,"skipped":%s,"failed":%s,"bytes":%d,"seconds":%s}\n' \
    "$group" "$state" "$(json_string "$reason")" "${#references[@]}" "$(joined "${loaded[@]}")" \
    "$(joined "${skipped[@]}")" "$(joined "${failures[@]}")" "$bytes" "$(seconds $(($(now) - started)))" \
    >"$report.new" && mv -f "$report.new" "$report"
}

# It holds the partition open: gone within two seconds, by force if need be.
end_skopeo() {
  local tries
  [[ -n $skopeo_pid ]] || return 0
  kill -TERM "$skopeo_pid"
  for ((tries = 20; tries > 0; tries--)); do
    kill -0 "$skopeo_pid" || return 0
    sleep 0.1
  done
  kill -KILL "$skopeo_pid"
} 2>/dev/null

# The only way out: report, summary, true status.
finish() {
  trap - TERM INT HUP EXIT
  reason=${1-}
  end_skopeo
  local reference failed=0
  for reference in "${references[@]}"; do
    [[ -n ${present[$reference]-} ]] && continue
    reason_of[$reference]=${reason_of[$reference]:-${reason:-not in the storage}}
    failed=$((failed + 1))
  done
  state=incomplete
  if [[ -z $reason && $failed -eq 0 ]]; then
    state=complete
    : >"$graph_root/precache-$group.complete" && sync "$graph_root/precache-$group.complete"
  fi
  rm -rf --one-file-system "$spool"
  write_report || say "cannot write $report"
  say "$state: ${#loaded[@]} loaded, ${#skipped[@]} there before, $failed failed of ${#references[@]}" \
    "in $(seconds $(($(now) - started))) s${reason:+: $reason}"
  [[ $state == complete ]]
  exit
}

# In the background, so that a signal is heard while skopeo hangs.
run_skopeo() {
  skopeo --tmpdir "$spool" "$@" </dev/null >/dev/null 2>"$spool/log" &
  skopeo_pid=$!
  wait "$skopeo_pid"
  local status=$?
  skopeo_pid=''
  return $status
}

# The message of skopeo's last line, without its logger's wrapping.
last_message() {
  local line='' message=''
  while IFS= read -r line; do message=$line; done <"$spool/log"
  [[ $message =~ msg=\"(.*)\"$ ]] && message=${BASH_REMATCH[1]//\\\"/\"}
  echo "${message:-skopeo said nothing, status $1}"
}

copy() { run_skopeo copy --quiet "dir:$folder/images/${artifact_of[$1]}" "containers-storage:$1"; }

# An image counts when the storage is on the disk. The name of the one in work is kept until then.
load() {
  local reference=$1 began status name size
  if [[ -z ${artifact_of[$reference]-} ]]; then
    reason_of[$reference]='not in precache.json'
    return 1
  fi
  began=$(now)
  echo "$reference" >"$loading" && sync "$loading"
  copy "$reference"
  status=$?
  reason_of[$reference]=''
  ((status == 0)) || reason_of[$reference]=$(last_message "$status")
  if sync --file-system "$graph_root"; then rm -f "$loading"; else reason_of[$reference]+=' cannot sync the storage'; fi
  [[ -z ${reason_of[$reference]} ]] || return 1
  present[$reference]=1
  loaded+=("{\"reference\":$(json_string "$reference"),\"seconds\":$(seconds $(($(now) - began)))}")
  while read -r size name; do blob_sizes[${name##*/}]=$size; done \
    < <(stat --dereference --format='%s %n' "$folder/images/${artifact_of[$reference]}"/*)
}

# The exact names of the storage. `podman image exists` would take any repository for a digest, CRI-O does not.
list_present() {
  local name names
  present=()
  names=$(podman images --all --format json | jq --raw-output '.[].Names[]?') || return 1
  while IFS= read -r name; do [[ -z $name ]] || present[$name]=1; done <<<"$names"
}

read_artifacts() {
  local reference artifact rows
  rows=$(jq --raw-output '.images[] | [.reference, .artifact] | @tsv' "$passport" 2>&1) ||
    finish "cannot read $passport: $rows"
  while IFS=$'\t' read -r reference artifact; do
    [[ -n $reference && $artifact =~ ^[A-Za-z0-9@_+-][A-Za-z0-9@._+-]*$ ]] && artifact_of[$reference]=$artifact
  done <<<"$rows"
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

# After a power cut the storage may hold layers whose content never reached the disk, and would use them again.
# Loading the image that was in work and deleting it removes exactly those.
recover() {
  local reference
  [[ -r $loading ]] || return 0
  read -r reference <"$loading"
  say "interrupted while loading $reference: loading it anew"
  if [[ -n ${artifact_of[$reference]-} ]] && copy "$reference"; then
    run_skopeo delete "containers-storage:$reference"
  fi
  rm -f "$loading"
}

main() {
  local reference count=0
  mkdir -p "$report_dir" || exit 1
  trap 'finish "stopped before all images were loaded"' TERM INT HUP
  trap 'finish "ended unexpectedly"' EXIT
  write_report
  require_programs
  require_file "$list"
  read_references
  require_file "$passport"
  read_artifacts
  rm -rf --one-file-system "$spool"
  mkdir -p "$spool" || finish "cannot create $spool"
  graph_root=$(podman info --format '{{.Store.GraphRoot}}') || finish 'podman cannot open the container storage'
  loading=$graph_root/precache-$group.loading
  rm -f "$graph_root/precache-$group.complete"
  recover
  list_present || say 'podman cannot list the container storage: loading every image'

  for reference in "${references[@]}"; do
    count=$((count + 1))
    if [[ -n ${present[$reference]-} ]]; then
      skipped+=("$(json_string "$reference")")
    elif load "$reference"; then
      say "[$count/${#references[@]}] loaded $reference"
    else
      say "[$count/${#references[@]}] failed $reference: ${reason_of[$reference]}"
      retry+=("$reference")
    fi
    write_report
  done
  for reference in "${retry[@]}"; do
    if load "$reference"; then
      say "loaded $reference at the second try"
    else
      say "failed $reference again: ${reason_of[$reference]}"
    fi
    write_report
  done
  list_present || finish 'podman cannot list the container storage'
  finish
}

main
