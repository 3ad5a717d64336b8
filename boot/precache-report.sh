# shellcheck shell=bash disable=SC2154
# What an operator gets to see of a run: the report, a line in the journal, at the console, and metrics. A part of
# extract-images.sh. Where a program is missing, that way of telling is.

issue_dir=${PRECACHE_REPORT_DIR:-/run/issue.d}
textfile_dir=${PRECACHE_TEXTFILE_DIR:-/var/node_exporter/textfile}
# Of the one line that tells how a run ended: journalctl MESSAGE_ID=…
message_id=4f1d17a2bae34e8aa0a42cfe28ab9d7a

# While this is there, pulls ask the node's own registry first.
serving=$report_dir/registry/serving
# What could not be used, and why: a file for each way of having the images that this boot fell back from. 1 is the
# node's registry, 2 the ready storage, 3 the loaded images; behind them are the mirrors and the WAN.
step=$report_dir/step-$group

say() { echo "precache $group: $*"; }

step_down() { # NUMBER REASON
  say "falling back: ${2//[[:cntrl:]]/ }"
  mkdir -p "$report_dir" && echo "${2//[[:cntrl:]]/ }" >"$step.$1"
}

# Sets `now` to hundredths of a second of a clock that no time synchronisation moves.
read_clock() {
  local up
  read -r up _ </proc/uptime
  now=$((10#${up/./}))
}

# Sets `decimal` to hundredths of a second as seconds.
to_seconds() { printf -v decimal '%d.%02d' $(($1 / 100)) $(($1 % 100)); }

# Sets `quoted` to a text as JSON and TOML write it.
quote() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  quoted="\"${text//[[:cntrl:]]/ }\""
}

# Sets `array` to JSON values as an array.
join_values() {
  local IFS=,
  array="[$*]"
}

# Written without jq, so that a node without jq can say so; renamed into place, so that it is always whole.
write_report() {
  local reference failures=() text why told=()
  for reference in "${references[@]}"; do
    [[ -z ${reason_of[$reference]-} ]] && continue
    quote "$reference"
    text="{\"reference\":$quoted"
    quote "${reason_of[$reference]}"
    failures+=("$text,\"reason\":$quoted}")
  done
  quote "$reason"
  text="{\"group\":\"$group\",\"state\":\"$state\",\"reason\":$quoted,\"references\":${#references[@]}"
  join_values "${loaded[@]}"
  text+=",\"loaded\":$array"
  join_values "${skipped[@]}"
  text+=",\"skipped\":$array"
  join_values "${failures[@]}"
  text+=",\"failed\":$array,\"bytes\":$bytes"
  read_clock
  to_seconds $((now - started))
  text+=",\"seconds\":$decimal,\"stage\":\"$stage\",\"deadlineSeconds\":$deadline,\"storageBytes\":$storage_bytes"
  quote "$tool"
  text+=",\"peakExtraBytes\":$peak,\"tool\":$quoted"
  quote "${HOSTNAME:-}"
  text+=",\"host\":$quoted"
  [[ ! -e $serving ]] || text+=',"registry":true'
  while IFS= read -r why; do
    quote "$why"
    told+=("$quoted")
  done < <(cat "$step".[1-3] 2>/dev/null)
  join_values "${told[@]}"
  echo "$text,\"steps\":$array}" >"$report.new" && mv -f "$report.new" "$report"
}

# Tells everybody how it ended. The numbers are those of images.
tell_end() {
  local loaded_count=$1 skipped_count=$2 failed_count=$3 total=$4 line
  read_clock
  to_seconds $((now - started))
  line="$state: $loaded_count loaded, $skipped_count there before, $failed_count failed of $total in $decimal s"
  line+=${reason:+: ${reason//[[:cntrl:]]/ }}
  tell_journal "$line" "$loaded_count" "$skipped_count" "$failed_count"
  # A backslash would be a command to agetty.
  { mkdir -p "$issue_dir" && say "${line//\\/?}" >"$issue_dir/60-precache-$group.issue"; } 2>/dev/null
  write_metrics "$loaded_count" "$skipped_count" "$failed_count" "$decimal"
  say "$line"
}

tell_journal() {
  local priority=4
  [[ $state != complete ]] || priority=6
  logger --journald 2>/dev/null <<<"MESSAGE_ID=$message_id
PRIORITY=$priority
SYSLOG_IDENTIFIER=precache
MESSAGE=precache $group: $1
PRECACHE_GROUP=$group
PRECACHE_STAGE=$stage
PRECACHE_STATE=$state
PRECACHE_REASON=${reason//[[:cntrl:]]/ }
PRECACHE_LOADED=$2
PRECACHE_SKIPPED=$3
PRECACHE_FAILED=$4
PRECACHE_BYTES=$bytes
PRECACHE_SECONDS=$decimal
PRECACHE_REPORT=$report"
}

# For the textfile collector of node-exporter, where the cluster has one; beside the report in any case.
write_metrics() {
  local metrics=$report_dir/precache-$group.prom complete=0
  [[ $state != complete ]] || complete=1
  cat >"$metrics" <<METRICS
# TYPE precache_complete gauge
precache_complete{group="$group"} $complete
# TYPE precache_images gauge
precache_images{group="$group",result="loaded"} $1
precache_images{group="$group",result="skipped"} $2
precache_images{group="$group",result="failed"} $3
# TYPE precache_loaded_bytes gauge
precache_loaded_bytes{group="$group"} $bytes
# TYPE precache_peak_extra_bytes gauge
precache_peak_extra_bytes{group="$group"} $peak
# TYPE precache_duration_seconds gauge
precache_duration_seconds{group="$group"} $4
METRICS
  [[ -d $textfile_dir ]] || return 0
  cp "$metrics" "$textfile_dir/precache-$group.new" &&
    mv -f "$textfile_dir/precache-$group.new" "$textfile_dir/precache-$group.prom"
}

# What systemd runs after the script. One that was killed could not say so, one that never began left no report.
tell_killed() {
  local counts
  reason="the script was ended by systemd or by a signal: ${SERVICE_RESULT:-unknown}"
  state=incomplete
  mkdir -p "$report_dir" || exit 1
  if [[ ! -e $report ]]; then
    reason="the script did not run: ${SERVICE_RESULT:-unknown}"
    write_report
    tell_end 0 0 0 0
    return
  fi
  [[ $(<"$report") == *'"state":"running","reason":""'* ]] || return 0
  quote "$reason"
  sed "s|\"state\":\"running\",\"reason\":\"\"|\"state\":\"incomplete\",\"reason\":${quoted//[|&]/ }|" \
    "$report" >"$report.new" && mv -f "$report.new" "$report"
  counts=$(jq --raw-output '[(.loaded, .skipped | length), .references, .bytes, .peakExtraBytes] | @tsv' "$report") ||
    counts=$'0\t0\t0\t0\t0'
  local loaded_count skipped_count total
  read -r loaded_count skipped_count total bytes peak <<<"$counts"
  tell_end "$loaded_count" "$skipped_count" $((total - loaded_count - skipped_count)) "$total"
}
