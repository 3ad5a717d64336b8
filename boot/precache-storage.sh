#!/usr/bin/bash
# Makes the ready container storage of the partition /var/lib/containers, and keeps it that way:
#
#   mount     before CRI-O's wipe, on every boot: binds the storage over /var/lib/containers
#   check     after the wipe and before CRI-O: are the images there? What was wiped comes back from the golden copy;
#             where there is no storage at all, the images of the pool are loaded into that of the root disk
#   spare     beside the running node: copies the golden copy, so that the next wipe costs a rename
#   reclaim   once the cluster is installed: removes the pool
#
# Never ends the boot: the unit's status, the report and the last line say what is there and what is not.
#
#   PRECACHE_PARTITION   where the partition is mounted (/var/lib/precache)
#   PRECACHE_CONTAINERS  what the storage is mounted over (/var/lib/containers)
#   PRECACHE_DEVICE      the partition's device
#   PRECACHE_REPORT_DIR  where report-ocp.json goes (/run/precache)
set -uo pipefail
export LC_ALL=C

partition=${PRECACHE_PARTITION:-/var/lib/precache}
target=${PRECACHE_CONTAINERS:-/var/lib/containers}
report_dir=${PRECACHE_REPORT_DIR:-/run/precache}
report=$report_dir/report-ocp.json
storage=$partition/storage
containers=$storage/containers
graph_root=$containers/storage
golden=$storage/golden
spare=$storage/spare
list=$partition/ocp-images.txt
restored=null

# What the shared part tells with.
group=ocp stage=installation
state=running reason='' bytes=0
# On the node this file stands here, in this one.
# shellcheck source=boot/precache-report.sh
. "${0%/*}/precache-report.sh" || exit 1
read_clock
started=$now

# Why it is not usable is kept for the check.
unusable() {
  say "the container storage is not usable: $*"
  mkdir -p "$report_dir" && echo "$*" >"$report_dir/storage-unusable"
  return 1
}

is_ours() {
  mountpoint --quiet "$target" || return 1
  [[ $(stat --format=%d:%i "$target") == "$(stat --format=%d:%i "$containers" 2>/dev/null)" ]]
}

# The unit mounts it with project quotas, which a kernel may lack.
mount_partition() {
  mountpoint --quiet "$partition" && return
  [[ -n ${PRECACHE_DEVICE-} && -b $(readlink --canonicalize "$PRECACHE_DEVICE") ]] || return 1
  mkdir -p "$partition" && mount --types xfs "$PRECACHE_DEVICE" "$partition" && say 'mounted without project quotas'
}

# What podman and CRI-O mount onto the storage's own directory while they work.
release() {
  local path
  while read -r path; do
    [[ $path == "$1"/* ]] && umount --lazy "$path"
  done < <(findmnt --list --noheadings --output=TARGET | tac)
}

# A copy of the golden copy that shares its blocks. On the disk before it has its name.
copy_golden() { # PATH
  [[ -d $golden ]] || return 1
  rm -rf --one-file-system "$1.new"
  cp --archive --reflink=always --no-target-directory "$golden" "$1.new" && sync --file-system "$storage" &&
    mv --no-target-directory "$1.new" "$1"
}

# The wiped graph root anew: the spare takes its place, and is made anew later.
restore() {
  local began
  read_clock
  began=$now
  [[ -d $spare ]] || copy_golden "$spare" || return 1
  release "$target/storage"
  rm -rf --one-file-system "$graph_root.lost"
  [[ ! -e $graph_root ]] || mv --no-target-directory "$graph_root" "$graph_root.lost" || return 1
  mv --no-target-directory "$spare" "$graph_root" && sync --file-system "$storage" || return 1
  rm -rf --one-file-system "$graph_root.lost"
  read_clock
  restored=$(((now - began) * 10))
  say "the storage was lost: brought back from its golden copy in $restored ms"
}

keep_spare() {
  is_ours || { say 'no spare is kept: the storage is not in use'; return 1; }
  [[ -d $spare ]] || copy_golden "$spare" && sync --file-system "$storage"
}

# Once, where SELinux is on: the factory has no policy, so what it wrote has no labels. The golden copy is relabelled
# under the path that it is a copy of, in a mount namespace of its own.
relabel() {
  [[ -e /sys/fs/selinux/enforce && ! -e $storage/labelled ]] || return 0
  command -v restorecon >/dev/null || return 0
  say 'setting SELinux labels, once'
  restorecon -R "$target" || return 0
  # shellcheck disable=SC2016 # for the inner shell
  [[ ! -d $golden ]] || unshare --mount --propagation=private bash -c \
    'mount --bind "$0" "$1" && restorecon -R "$1"' "$golden" "$target/storage" || return 0
  sync --file-system "$storage" && : >"$storage/labelled" && sync "$storage/labelled"
}

mount_storage() {
  rm -f "$report_dir/storage-unusable"
  is_ours && return
  if mountpoint --quiet "$target"; then unusable "something else is mounted on $target" || return; fi
  mount_partition || unusable "nothing is mounted on $partition" || return
  [[ -d $containers ]] || unusable "$containers is not there" || return
  [[ ! -e $storage/before ]] || unusable 'a download onto the partition did not end' || return
  [[ -s $graph_root/overlay-images/images.json ]] || restore || unusable 'it is lost, and has no golden copy' || return
  mkdir -p "$target" && mount --bind "$containers" "$target" || unusable "cannot mount it on $target" || return
  relabel
  say "the container storage of the partition is $target"
}

# The images whose layers are all there, a name a line. Read from the storage's own indexes: nothing has to open it.
present_names() {
  local root=$target/storage
  [[ -s $root/overlay-images/images.json && -s $root/overlay-layers/layers.json ]] || return 1
  # shellcheck disable=SC2016 # for jq
  jq --raw-output --slurpfile layers "$root/overlay-layers/layers.json" --rawfile folders <(ls "$root/overlay") '
    ($folders | split("\n") | map({key: ., value: true}) | from_entries) as $there
    | (reduce ($layers[0] // [])[] as $layer ({}; .[$layer.id] = $layer)) as $all
    | def whole: . == null or . == ""
        or (. as $id | $there[$id] and $all[$id] != null and ($all[$id].flags.incomplete != true)
            and ($all[$id].parent | whole));
    (. // [])[] | select(.layer | whole) | .names[]?' "$root/overlay-images/images.json"
}

declare -A present=()
references=() missing=()
compare() {
  local name names reference
  present=() missing=()
  names=$(present_names) || names=''
  while IFS= read -r name; do [[ -z $name ]] || present[$name]=1; done <<<"$names"
  for reference in "${references[@]}"; do
    # With a tag and a digest the digest decides, and is the name.
    name=$reference
    [[ $reference =~ ^(.*/[^/:@]+):[^/@]+@(.*)$ ]] && name=${BASH_REMATCH[1]}@${BASH_REMATCH[2]}
    [[ -n ${present[$name]-} ]] || missing+=("$reference")
  done
}

# As text in, as JSON out.
lines() { (($# == 0)) || printf '%s\n' "$@"; }

# Whole, or not at all. What another script loaded instead is taken out of its report.
report_storage() { # STATE REASON [OTHER-REPORT]
  local other=${3-}
  state=$1 reason=$2
  mkdir -p "$report_dir"
  read_clock
  to_seconds $((now - started))
  # shellcheck disable=SC2016 # for jq
  jq --null-input --compact-output --arg state "$state" --arg reason "$reason" --argjson restored "$restored" \
    --rawfile all <(lines "${references[@]}") --rawfile gone <(lines "${missing[@]}") \
    --slurpfile other <(cat "$other" 2>/dev/null) --rawfile steps <(cat "$step".[1-3] 2>/dev/null) \
    --argjson registry "$(if [[ -e $serving ]]; then echo true; else echo false; fi)" \
    --argjson seconds "$decimal" --arg host "${HOSTNAME:-}" '
    def rows: split("\n") | map(select(. != ""));
    ($gone | rows) as $gone
    | ($other[0] // {loaded: [], skipped: [], failed: [], bytes: 0}) as $other
    | (($other.loaded | map(.reference)) + $other.skipped + ($other.failed | map(.reference))) as $told
    | {group: "ocp", format: "storage", state: $state, reason: $reason, references: ($all | rows | length),
       loaded: $other.loaded, skipped: ($other.skipped + (($all | rows) - $gone)),
       failed: ($other.failed + (($gone - $told) | map({reference: ., reason: "not in the storage"}))),
       bytes: $other.bytes, seconds: $seconds, stage: "installation", host: $host,
       restoredMilliseconds: $restored,
       steps: (($steps | rows) + ($other.steps // []))} + if $registry then {registry: true} else {} end' \
    >"$report.new" && mv -f "$report.new" "$report"
}

tell_storage() {
  local counts
  counts=$(jq --raw-output '[(.loaded, .skipped, .failed | length), .references, .bytes] | @tsv' "$report") || return
  local loaded_count skipped_count failed_count total peak=0
  read -r loaded_count skipped_count failed_count total bytes <<<"$counts"
  tell_end "$loaded_count" "$skipped_count" "$failed_count" "$total"
}

# Into the storage of the root disk, what the pool has of it: the script of the pool format, on a folder that shows only
# these images.
fall_back() {
  local reason=$1 folder=$report_dir/pool reference artifact
  local -A artifact_of=()
  rm -rf "$folder" && mkdir -p "$folder"
  while IFS=$'\t' read -r reference artifact; do artifact_of[$reference]=$artifact; done \
    < <(jq --raw-output '.images[] | [.reference, .artifact] | @tsv' "$partition/precache.json" 2>/dev/null)
  ln -s "$partition/images" "$partition/precache.json" "$folder"
  for reference in "${references[@]}"; do
    artifact=${artifact_of[$reference]-}
    [[ -n $artifact && -d $partition/images/$artifact ]] && echo "$reference"
  done >"$folder/ocp-images.txt"
  missing=("${references[@]}")
  step_down 2 "$reason"
  if [[ -e $serving ]]; then
    say "loading nothing: the node's registry has what the pool has"
  elif [[ -s $folder/ocp-images.txt ]]; then
    say 'loading what the pool has'
    # At the deadline the other script ends with its own report, which is told in ours.
    trap : TERM INT HUP
    PRECACHE_FOLDER=$folder PRECACHE_REPORT_DIR=$folder bash /usr/local/bin/extract-ocp.sh
  fi
  report_storage incomplete "$reason; what is not loaded comes from the registry" "$folder/report-ocp.json"
  tell_storage
  return 1
}

# Of the whole storage, and only where nothing would be lost with it: a node that lives has containers, and may have
# removed images itself.
was_wiped() {
  ((${#present[@]} == 0)) && return
  [[ $(jq 'length' "$target/storage/overlay-containers/containers.json" 2>/dev/null || echo 0) == 0 ]]
}

check_storage() {
  local reason='' reference
  command -v jq >/dev/null || { say 'jq is not installed'; return 1; }
  [[ ! -r $list ]] || while read -r reference _; do
    [[ -z $reference ]] || references+=("$reference")
  done < <(sort --unique "$list")
  missing=("${references[@]}")
  rm -f "$step.2"
  report_storage running ''
  if ! is_ours; then
    reason=$(cat "$report_dir/storage-unusable" 2>/dev/null) || reason='it is not mounted'
    fall_back "the container storage is not usable: $reason"
    return
  fi
  [[ -r $list ]] || reason="$list is not there"
  compare
  if ((${#missing[@]} > 0)) && was_wiped; then
    if restore; then compare; else reason='the storage lost its images, and cannot be brought back'; fi
  fi
  if [[ -z $reason && ${#missing[@]} -eq 0 ]]; then
    : >"$target/storage/precache-ocp.complete" && sync "$target/storage/precache-ocp.complete"
    report_storage complete ''
    tell_storage
    return 0
  fi
  report_storage incomplete "$reason"
  tell_storage
  return 1
}

# The API server of this node says so: kubelet alone runs long before.
is_installed() {
  local kubeconfig=/etc/kubernetes/static-pod-resources/kube-apiserver-certs/secrets/node-kubeconfigs/localhost.kubeconfig
  [[ ! -e /etc/ignition-machine-config-encapsulated.json ]] || return 1
  systemctl --quiet is-active kubelet.service || return 1
  [[ $(oc --kubeconfig "${PRECACHE_KUBECONFIG:-$kubeconfig}" get clusterversion version --request-timeout=30s \
    --output='jsonpath={.status.conditions[?(@.type=="Available")].status}' 2>/dev/null) == True ]]
}

# The promise goes before what it is about. The storage, its golden copy and the list that they are checked by stay.
reclaim() {
  local reference
  is_ours || { say 'nothing is given back: the storage is not in use'; return 1; }
  until is_installed; do sleep "${PRECACHE_POLL:-60}"; done
  while read -r reference _; do [[ -z $reference ]] || references+=("$reference"); done <"$list"
  compare
  if ((${#references[@]} == 0 || ${#missing[@]} > 0)); then
    say "nothing is given back: ${#missing[@]} of ${#references[@]} images are not in the storage"
    return 1
  fi
  mv --force "$partition/precache.json" "$partition/precache.reclaimed.json" && sync --file-system "$partition" || return 1
  rm -rf --one-file-system "$partition"/{images,pool,artifacts,ai-images.txt} "$partition"/*.tgz
  say 'the pool is given back'
}

case ${1-} in
  mount) mount_storage ;;
  check) check_storage ;;
  spare) keep_spare ;;
  reclaim) reclaim ;;
  *)
    echo "usage: ${0##*/} mount|check|spare|reclaim" >&2
    exit 1
    ;;
esac
