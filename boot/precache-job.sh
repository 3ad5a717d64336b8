# shellcheck shell=bash disable=SC2034,SC2154
# Programs that may hang, and the time they get. A part of extract-images.sh.

# Starts a program in the background, so that a signal is heard while it hangs, and ends it after SECONDS. FILE is
# where its output goes.
start() { # SECONDS FILE PROGRAM...
  timeout --kill-after=2 "$1" "${@:3}" </dev/null >"$2" 2>"$log" &
  job=$!
}

# Waits for it.
await() {
  local status
  wait "$job"
  status=$?
  job=''
  return $status
}

# It holds the partition open: gone within three seconds, by force if need be.
end_job() {
  local tries
  [[ -n $job ]] || return 0
  kill -TERM "$job"
  for ((tries = 30; tries > 0; tries--)); do
    kill -0 "$job" || return 0
    sleep 0.1
  done
  kill -KILL -- "-$job"
} 2>/dev/null

# Sends this script a signal when the time is up, whatever it waits for. A unit counts from its own start, which
# includes the wait for the disk.
start_timer() {
  local since=$((now * 10000)) unit_start='' left
  ((deadline > 0)) || return 0
  if [[ -n ${INVOCATION_ID-} ]]; then
    unit_start=$(timeout 5 systemctl show --property=InactiveExitTimestampMonotonic --value "$unit" 2>/dev/null)
  fi
  [[ $unit_start =~ ^[1-9][0-9]*$ ]] && since=$unit_start
  left=$((deadline - (now * 10000 - since) / 1000000))
  (
    trap 'kill "$nap"' TERM
    sleep $((left > 1 ? left : 1)) &
    nap=$!
    wait "$nap" && kill -ALRM $$
  ) </dev/null >/dev/null 2>&1 &
  timer=$!
}

# Why a program failed: the message of its last line, without its logger's wrapping.
last_message() { # PROGRAM STATUS SECONDS
  local line='' text=''
  while IFS= read -r line; do text=$line; done <"$log"
  [[ $text =~ msg=\"(.*)\"$ ]] && text=${BASH_REMATCH[1]//\\\"/\"}
  case $2 in
    124) text="$1 was still not done after $3 s" ;;
    137) text="$1 was killed" ;;
  esac
  message=${text:-$1 said nothing, status $2}
}
