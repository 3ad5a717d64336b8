#!/usr/bin/env bash
# A rack of eight servers behind one line, in network namespaces that nobody else sees: start it with
# `unshare --net --mount`. Usage: bench/rack.sh TOOL WORK REGISTRY-CONFIG RATE each|rack REFERENCE...
#   each  every server downloads over the line
#   rack  the first one does, and serves the others
# Prints seconds, and the bytes that came over the line.
set -euo pipefail
tool=$1 work=$2 config=$3 rate=$4 how=$5
shift 5
servers=8 wan=10.231.0.1:5000 first=10.231.1.1:22700

mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir /run/netns
echo 1 >/proc/sys/net/ipv4/ip_forward
ip link set lo up

# Usage: join NAMESPACE INTERFACE ADDRESS GATEWAY
join() {
  ip netns add "$1"
  ip link add "$2" type veth peer name eth0 netns "$1"
  ip link set "$2" up
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
  ip -n "$1" address add "$3/24" dev eth0
  ip -n "$1" route add default via "$4"
}

join wan wan0 10.231.0.1 10.231.0.254
ip address add 10.231.0.254/24 dev wan0
ip -n wan link set eth0 gso_max_segs 1 2>/dev/null || true
tc -n wan qdisc add dev eth0 root tbf rate "$rate" burst 256kb latency 200ms
ip link add lan type bridge
ip link set lan up
ip address add 10.231.1.254/24 dev lan
for ((n = 1; n <= servers; n++)); do
  join "server$n" "s$n" "10.231.1.$n" 10.231.1.254
  ip link set "s$n" master lan
done

running=()
trap 'kill "${running[@]}"; wait' EXIT
ip netns exec wan docker-registry serve "$config" >"$work/registry.log" 2>&1 &
running+=($!)
await() { curl --silent --fail --retry 200 --retry-delay 0 --retry-connrefused --output /dev/null "http://$1/v2/"; }
await "$wan"

printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$wan" >"$work/wan.conf"
{
  cat "$work/wan.conf"
  printf '[[registry.mirror]]\nlocation = "%s/%s"\ninsecure = true\n' "$first" "${wan/:/_}"
} >"$work/rack.conf"

references=()
for reference in "$@"; do references+=(-a "$reference"); done
# Usage: download N CONF
download() {
  mkdir "$work/server$1"
  CONTAINERS_REGISTRIES_CONF=$2 ip netns exec "server$1" \
    "$tool" download -f "$work/server$1" --no-mount-check "${references[@]}" >"$work/server$1.log" 2>&1
}
# Usage: download_all FIRST-N CONF
download_all() {
  local pids=() n pid
  for ((n = $1; n <= servers; n++)); do
    download "$n" "$2" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
}

# Bytes so far; /sys shows the interfaces of somebody else's namespace.
over_the_line() { awk '$1 == "wan0:" { print $2 }' /proc/net/dev; }

begun=$EPOCHREALTIME
before=$(over_the_line)
if [[ $how == each ]]; then
  download_all 1 "$work/wan.conf"
else
  download 1 "$work/wan.conf"
  ip netns exec server1 "$tool" registry serve --root "$work/server1" --listen "$first" --allow-remote \
    >"$work/serve.log" 2>&1 &
  running+=($!)
  ip netns exec server1 curl --silent --fail --retry 200 --retry-delay 0 --retry-connrefused --output /dev/null \
    "http://$first/v2/"
  download_all 2 "$work/rack.conf"
fi
echo "$begun $EPOCHREALTIME $(($(over_the_line) - before))"
