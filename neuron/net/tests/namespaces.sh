#!/usr/bin/env bash
# Peers on hosts of their own: network namespaces with their own addresses, the miner's behind a router that translates
# addresses and lets nothing in. Checks, in order:
#
#   1. relay      a validator calls the miner at its relay's address
#   2. hole       the connection becomes a direct one, and goes on once the relay is gone
#   3. partition  the validator is cut off for 30 s and calls again afterwards, without a restart
#   4. loss       5 % of loss each way
#   5. delay      50 ms each way, and the loss
#
# Needs root, iproute2, and nftables for the router; for 5 a kernel with netem. Where one is missing it says so and ends
# with 77, which test harnesses count as skipped (without netem: after 4). Run:
#   neuron/net/tests/namespaces.sh [path of the example `peer`]
set -euo pipefail

skip() {
	echo "SKIPPED: $*" >&2
	exit 77
}

peer=${1:-}
[ "$(id -u)" = 0 ] || skip "network namespaces need root"
for tool in ip tc nft; do
	command -v "$tool" > /dev/null || skip "no $tool here (Debian: apt-get install iproute2 nftables)"
done
if [ -z "$peer" ]; then
	cargo build -q -p neuron-net --example peer
	peer=${CARGO_TARGET_DIR:-target}/debug/examples/peer
fi

prefix=gn$$
folder=$(mktemp -d)
declare -a processes=()
cleanup() {
	for process in "${processes[@]}"; do kill "$process" 2> /dev/null || true; done
	for name in relay caller router miner switch; do ip netns del "$prefix-$name" 2> /dev/null || true; done
	[ -n "${keep:-}" ] || rm -rf "$folder"
}
trap cleanup EXIT

ip netns add "$prefix-switch" 2> /dev/null || skip "this machine does not allow network namespaces"
in_ns() {
	local name=$1
	shift
	ip netns exec "$prefix-$name" "$@"
}

# start NAME ROLE ARGUMENTS: the peer ROLE in a namespace, in the background; $! is the peer itself.
start() {
	local name=$1
	shift
	touch "$folder/$1.log"
	ip netns exec "$prefix-$name" "$peer" "$1" "$folder/$1" "${@:2}" >> "$folder/$1.log" 2>&1 &
	processes+=($!)
}

# host NAME ADDRESS: a namespace with this address, on the common switch.
host() {
	ip netns add "$prefix-$1"
	ip link add uplink type veth peer name "to-$1" netns "$prefix-switch" || skip "this machine has no veth devices"
	ip link set uplink netns "$prefix-$1"
	in_ns "$1" ip address add "$2" dev uplink
	in_ns "$1" ip link set uplink up
	in_ns "$1" ip link set lo up
	in_ns switch ip link set "to-$1" master bridge
	in_ns switch ip link set "to-$1" up
}

in_ns switch ip link add bridge type bridge || skip "this machine has no bridges"
in_ns switch ip link set bridge up
host relay 10.9.0.2/24
host caller 10.9.0.3/24
host router 10.9.0.4/24

# The miner has a private address; the router translates it and takes no connection from outside.
ip netns add "$prefix-miner"
ip -n "$prefix-miner" link add uplink type veth peer name inside netns "$prefix-router"
in_ns miner ip address add 192.168.77.2/24 dev uplink
in_ns miner ip link set uplink up
in_ns miner ip link set lo up
in_ns miner ip route add default via 192.168.77.1
in_ns router ip address add 192.168.77.1/24 dev inside
in_ns router ip link set inside up
in_ns router sysctl -qw net.ipv4.ip_forward=1
in_ns router nft -f - << 'RULES' || skip "this kernel translates no addresses (nftables)"
table ip nat {
	chain out {
		type nat hook postrouting priority 100;
		oifname "uplink" masquerade
	}
}
table ip filter {
	chain through {
		type filter hook forward priority 0; policy drop;
		ct state established,related accept
		iifname "inside" accept
	}
	chain inwards {
		type filter hook input priority 0; policy drop;
		ct state established,related accept
		iifname "inside" accept
		# A SYN that comes early is dropped without an answer, as home routers do.
	}
}
RULES

key() { "$peer" key "$folder/$1"; }
relay_key=$(key relay) miner_key=$(key miner) caller_key=$(key call)

failed=0
check() {
	if "${@:2}"; then echo "ok    $1"; else
		echo "FAIL  $1"
		failed=1
	fi
}
# Waits until a file has a line that fits.
await() {
	for _ in $(seq 1 "$3"); do
		grep -qE "$2" "$1" && return 0
		sleep 1
	done
	return 1
}
# calls_go_on WHAT SECONDS: in at least three of these seconds calls are answered and none fails.
calls_go_on() {
	local line
	line=$(wc -l < "$folder/call.log")
	sleep "$2"
	check "$1" test "$(tail -n "+$((line + 1))" "$folder/call.log" | grep -E 'answered=[1-9]' | grep -c 'failed=0')" -ge 3
}

start_relay() {
	start relay relay 10.9.0.2:4001 "$miner_key,$caller_key"
	relay_process=$!
}
start_relay
await "$folder/relay.log" '^up' 10
start miner miner 192.168.77.2:4002 "$caller_key,$relay_key" "$relay_key@10.9.0.2:4001"
check "the miner has a place at the relay" await "$folder/miner.log" 'relayed=[1-9]' 30
check "nothing gets in from outside" bash -c "! ip netns exec $prefix-caller timeout 3 bash -c 'echo > /dev/tcp/10.9.0.4/4002' 2> /dev/null"

start caller call 10.9.0.3:4003 "$miner_key@10.9.0.2:4001" 150
check "1. a call goes through the relay" await "$folder/call.log" 'answered=[1-9]' 20
check "2. the connection becomes direct" await "$folder/miner.log" 'punched=[1-9]' 40
kill "$relay_process"
sleep 5
calls_go_on "2. calls go on without the relay" 5

# The connection dies of the partition, so the relay is needed for another.
start_relay
# filtered RULE NAME..: what these hosts send and get is put to this rule.
filtered() {
	local rule=$1 name
	for name in "${@:2}"; do
		in_ns "$name" nft -f - <<- RULES || skip "this kernel drops nothing at random (nftables' numgen)"
			table ip loss
			delete table ip loss
			table ip loss {
				chain sent { type filter hook output priority 0; oifname "uplink" $rule; }
				chain got { type filter hook input priority 0; iifname "uplink" $rule; }
			}
		RULES
	done
}
filtered drop caller
sleep 30
filtered accept caller
# TCP tries again seldom after such a time.
sleep 20
calls_go_on "3. calls go on after a partition of 30 s" 10

filtered 'numgen random mod 100 < 5 drop' caller miner
calls_go_on "4. calls go on with 5 % of loss each way" 15
tail -n 3 "$folder/call.log" | sed 's/^/      /'

if in_ns caller tc qdisc add dev uplink root netem delay 50ms 2> /dev/null; then
	in_ns miner tc qdisc add dev uplink root netem delay 50ms
	calls_go_on "5. calls go on with 50 ms of delay and 5 % of loss each way" 15
	tail -n 3 "$folder/call.log" | sed 's/^/      /'
else
	without="this kernel has no netem: calls with delay were not tried"
fi

if [ "$failed" != 0 ]; then
	keep=1
	echo "logs are in $folder" >&2
fi
[ "$failed" != 0 ] || [ -z "${without:-}" ] || skip "$without"
exit "$failed"
