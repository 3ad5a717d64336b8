# shellcheck shell=bash disable=SC2004,SC2034,SC2154
# What is asked of the container storage and of the room there, and what is written beside it. A part of
# extract-images.sh.

# The exact names of the storage. `podman image exists` would take any repository for a digest, CRI-O does not.
list_present() {
  local name names
  present=()
  start "$image_seconds" "$report_dir/images-$group" podman images --all --format json
  await && names=$(jq --raw-output '.[].Names[]?' "$report_dir/images-$group") || return 1
  rm -f "$report_dir/images-$group"
  while IFS= read -r name; do [[ -z $name ]] || present[$name]=1; done <<<"$names"
}

open_storage() {
  local status
  start "$image_seconds" "$report_dir/graph-root-$group" podman info --format '{{.Store.GraphRoot}}'
  await
  status=$?
  read -r graph_root <"$report_dir/graph-root-$group"
  rm -f "$report_dir/graph-root-$group"
  if ((status != 0)) || [[ -z $graph_root ]]; then
    graph_root=''
    last_message podman "$status" "$image_seconds"
    finish "podman cannot open the container storage: $message"
  fi
  loading=$graph_root/precache-$group.loading
  rm -f "$graph_root/precache-$group.complete"
  [[ -e /run/ostree-live || $(stat --file-system --format=%T "$graph_root") == tmpfs ]] && in_memory=1
  [[ $(stat --format=%d "$graph_root") == "$(stat --format=%d "$spool")" ]] && same_file_system=1
  measure_room "$graph_root" && free_before=$free
}

# After a power cut the storage may hold layers whose content never reached the disk, and would use them again.
# Loading the images that were in work and deleting them removes exactly those.
recover() {
  local link reference source='' unpacked=0 message=''
  for link in "$loading".[01]; do
    [[ -L $link ]] || continue
    reference=$(readlink -- "$link")
    say "interrupted while loading $reference: loading it anew"
    if [[ -n ${artifact_of[$reference]-} ]] && find_image "${artifact_of[$reference]}"; then
      start "$image_seconds" /dev/null skopeo --tmpdir "$spool" copy --quiet "dir:$source" "containers-storage:$reference"
      await && start "$image_seconds" /dev/null skopeo delete "containers-storage:$reference" && await
      ((unpacked == 0)) || rm -rf --one-file-system "${spool:?}/${artifact_of[$reference]}"
    fi
    rm -f "$link"
  done
}

# Keeps the kubelet from removing what no pod uses yet. Below 50-pinned-images of a PinnedImageSet: CRI-O takes the list
# of the last file, and that of the cluster's administrator has to win. CRI-O reads every file there, whatever its name,
# so this one is made beside the folder and on the disk before it gets there.
pin_images() {
  local reference aside=$crio_dir/precache-pinned.new
  [[ -d $crio_dir && ${#present[@]} -gt 0 ]] || return 0
  mkdir -p "$crio_dir/crio.conf.d" && {
    echo '# Images of the factory. Remove this file to let the kubelet remove them when the disk is full.'
    echo '[crio.image]'
    echo 'pinned_images = ['
    for reference in "${references[@]}"; do
      [[ -n ${present[$reference]-} ]] || continue
      quote "$reference"
      echo "  $quoted,"
    done
    echo ']'
  } >"$aside" && sync "$aside" && mv -f "$aside" "$crio_dir/crio.conf.d/40-precache-pinned.conf"
}

# What skopeo and podman write, they label themselves.
label_files() {
  command -v selinuxenabled >/dev/null && selinuxenabled || return 0
  restorecon -R "$report_dir" "$issue_dir" "$crio_dir/crio.conf.d" ${graph_root:+"$graph_root"/precache-*} 2>/dev/null
}

# Sets `free` to the bytes that files may take in the file system of a folder, and `room` to what of that images may:
# an eighth of the file system, 1 GiB at most, stays free for what else the stage needs. Where /var is in memory, memory
# counts the same way.
measure_room() { # FOLDER
  local blocks total size reserve name kibibytes
  read -r blocks total size < <(stat --file-system --format='%a %b %S' "$1" 2>/dev/null) || return 1
  reserve=$((total * size / 8))
  ((reserve <= 1 << 30)) || reserve=$((1 << 30))
  free=$((blocks * size)) room=$((blocks * size - reserve))
  [[ -n $in_memory ]] || return 0
  while read -r name kibibytes _; do
    [[ $name == MemAvailable: ]] && ((kibibytes * 1024 - reserve < room)) && room=$((kibibytes * 1024 - reserve))
  done </proc/meminfo
  return 0
}

measure_storage() {
  [[ -n $graph_root ]] && measure_room "$graph_root" && storage_bytes=$((free_before - free))
  ((storage_bytes > 0)) || storage_bytes=0
}

# Whether there is room for bytes in the spool and, unpacked, in the storage. If not, `message` says so.
has_room() { # SPOOLED STORED
  local need=$2 room=0 free
  [[ -z $same_file_system ]] || need=$((need + $1))
  if measure_room "$graph_root" && ((need > room)); then
    message="not begun: about $((need >> 20)) MiB are needed, $((room > 0 ? room >> 20 : 0)) MiB are to be had"
    return 1
  fi
  if [[ -z $same_file_system ]] && measure_room "${spool%/*}" && (($1 > room)); then
    message="not begun: about $(($1 >> 20)) MiB are needed in ${spool%/*}, $((room > 0 ? room >> 20 : 0)) MiB are to be had"
    return 1
  fi
}
