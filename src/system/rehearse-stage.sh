#!/usr/bin/bash
# Runs the services of a stage as systemd would, in the root that rehearse-root.sh made, and writes what came of it to
# /rehearsal/out. /rehearsal/unit.sh calls the functions from `place` to `end`.
set -u

# Hundredths of a second of a clock that no time synchronisation moves.
now() {
  local up
  read -r up _ </proc/uptime
  echo $((10#${up/./}))
}
seconds() { printf '%d.%02d' $(($1 / 100)) $(($1 % 100)); }

# Puts a file of the override where Ignition would.
place() {
  [[ $2 == /etc/systemd/* ]] || install -D --mode=0755 "/rehearsal/files/$1" "$2" ||
    echo "rehearsal: $2 cannot be written here"
}

begin() {
  unit=$1 limit=$2 stop=$3 result=success status=0 variables=()
  began=$(now)
}

condition() {
  local path=${1#'!'} there=false
  [[ -e $path ]] && there=true
  [[ $1 == '!'* ]] && { if $there; then there=false; else there=true; fi; }
  $there || result=condition
}

environment() { variables+=("$1"); }

mounts() {
  [[ $result == success ]] || return 0
  /usr/bin/systemctl start "$2" || [[ $1 == may ]] || result=dependency
}

# A command with the seconds it has, 0 for as many as it takes.
run() {
  local left=$1
  shift
  if [[ $left == 0 ]]; then
    env "${variables[@]}" "$@" </dev/null
  else
    env "${variables[@]}" timeout --kill-after="$stop" "$left" "$@" </dev/null
  fi
}

start() {
  [[ $result == success ]] || return 0
  local may=$1 left=0 code
  shift
  if [[ $limit != 0 ]]; then
    left=$(seconds $((began + ${limit%.*} * 100 - $(now))))
    if [[ $left == -* || $left == 0.00 ]]; then
      result=timeout
      return
    fi
  fi
  run "$left" "$@"
  code=$?
  if ((code == 124 || code == 137)) && [[ $limit != 0 ]] && (($(now) - began >= ${limit%.*} * 100)); then
    result=timeout status=$code
  elif ((code != 0)) && [[ $may == must ]]; then
    result=exit-code status=$code
  fi
}

post() {
  [[ $result != condition && $result != dependency ]] || return 0
  local may=$1 code
  shift
  variables+=("SERVICE_RESULT=$result")
  run "$stop" "$@"
  code=$?
  if ((code != 0)) && [[ $may == must && $result == success ]]; then result=exit-code status=$code; fi
}

end() {
  echo "$unit $result $status $(seconds $(($(now) - began)))" >>/rehearsal/out/services
}

# The registry of the node is in front of all others.
serves() { [[ -e /run/precache/registry/serving ]]; }

# As whoever needs an image would. A storage that cannot be written to leaves a copy.
pull_all() {
  local reference pull=(podman pull --quiet)
  while read -r reference; do
    rm -rf /var/tmp/pulled
    mountpoint --quiet /var/lib/containers && pull=(skopeo_copy)
    "${pull[@]}" "$reference" </dev/null >/dev/null 2>/rehearsal/said ||
      echo "$reference $(tail --lines=1 /rehearsal/said)" >>/rehearsal/out/not-pulled
  done </rehearsal/pulls
  read -r reference </rehearsal/pulls && skopeo_copy "$reference" </dev/null >/dev/null 2>/rehearsal/said ||
    echo "$reference $(tail --lines=1 /rehearsal/said)" >>/rehearsal/out/not-pulled
}

skopeo_copy() {
  rm -rf /var/tmp/pulled
  skopeo copy --quiet "docker://$1" dir:/var/tmp/pulled
}

# What the node mounts read-write it keeps, and what it serves.
mounted_places() {
  local mount
  serves && return
  for mount in /rehearsal/mounts/*; do
    # shellcheck source=/dev/null
    (. "$mount" && [[ ,${options:?}, != *,rw,* ]] && mountpoint --quiet "${where:?}" && echo "$where") 2>/dev/null
  done
}

# Connections and questions for names that found no way out.
network_attempts() {
  local names values index count
  {
    read -r -a names
    read -r -a values
  } < <(grep '^Ip:' /proc/net/snmp)
  for index in "${!names[@]}"; do
    [[ ${names[index]} == OutNoRoutes ]] && echo "${values[index]}"
  done
  while read -r index count; do
    [[ $index == Ip6OutNoRoutes ]] && echo "$count"
  done </proc/net/snmp6
}

# A storage of the partition cannot be written to, which podman wants even for a list: it is seen beside an empty one.
look_into_storage() {
  mountpoint --quiet /var/lib/containers || return 0
  cat >/etc/containers/storage.conf <<'END'
[storage]
driver = "overlay"
graphroot = "/rehearsal/graph"
runroot = "/run/containers/storage"
[storage.options]
additionalimagestores = ["/var/lib/containers/storage"]
END
}

# What is in the storage, what is still mounted, and whether anybody asked for the network.
observe() {
  cd /rehearsal/out || return
  if serves; then
    pull_all
    : >serving
  fi
  mounted_places >mounted
  network_attempts >attempts 2>/dev/null
  tail --lines=+3 /proc/net/dev | cut -d : -f 1 | tr -d ' ' >interfaces
  look_into_storage
  podman images --all --format json >images.json || return
  du --summarize --block-size=1 /var/lib/containers/storage | cut -f 1 >storage-bytes
  cp /run/precache/report-*.json . 2>/dev/null
  : >complete
}

work() {
  [[ -z $(ls /rehearsal/sockets) ]] || ip link set lo up
  # shellcheck source=/dev/null
  . /rehearsal/unit.sh
  observe
}

# With this process, the first one here, all others end: when the work is done, or when its reader is gone.
exec 3<&0 </dev/null
cat <&3 >/dev/null 2>&1 &
work 3<&- &
worker=$!
wait -n
if kill -0 "$worker" 2>/dev/null; then exit 130; fi
wait "$worker"
