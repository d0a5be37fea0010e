#!/usr/bin/env bash
# Runs the commands of subnets/GUIDE.md as they stand there, in a folder and a home of their own.
#
#     neuron/e2e/newcomer.sh [python|rust]       [default: python]
#
# Takes `ganglion-node` and `neuron` from GANGLION_NODE and GANGLION_NEURON, or from the PATH. The way in Rust compiles a
# neuron; CARGO_TARGET_DIR saves most of that. Where ports 9944 and 9191 to 9193 are not free it says so and is skipped.
set -euo pipefail

language=${1:-python}
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
guide=$checkout/subnets/GUIDE.md

skip() {
	echo "SKIPPED: $1"
	exit 0
}

# The guide's own ports: another node on them would answer in the place of its own.
for port in 9944 9191 9192 9193; do
	! (echo > "/dev/tcp/127.0.0.1/$port") 2> /dev/null || skip "port $port is taken: end what listens there"
done

work=$(mktemp -d)
mkdir "$work/bin" "$work/home"
for program in ganglion-node neuron; do
	variable=$([ $program = neuron ] && echo GANGLION_NEURON || echo GANGLION_NODE)
	path=${!variable:-$(command -v $program || true)}
	[ -x "$path" ] || skip "there is no $program: build it, and put it on the PATH or into $variable"
	ln -s "$(realpath "$path")" "$work/bin/$program"
done
[ "$language" != python ] || command -v python3 > /dev/null || skip "there is no python3"

# All blocks of plain `sh`, and those of the language that was chosen.
awk -v language="$language" '
	/^```/ { inside = !inside && ($0 == "```sh" || $0 == "```sh " language); next }
	inside { print }
' "$guide" > "$work/commands.sh"
[ -s "$work/commands.sh" ] || { echo "no commands in $guide"; exit 1; }

# The shell of the guide is a process group of its own, so that what it leaves in the background ends with it.
set -m
(
	cd "$work"
	export PATH="$work/bin:$PATH"
	export RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup} CARGO_HOME=${CARGO_HOME:-$HOME/.cargo}
	export HOME=$work/home
	if [ "$language" = rust ]; then
		# The guide says: inside a checkout. This folder is outside, so that nothing is left behind in the checkout.
		sed -i "s|^neuron subnet new my-work$|& --sdk-path $checkout|" commands.sh
	fi
	exec bash -euxo pipefail commands.sh
) &
guide_shell=$!
trap 'kill -- -$guide_shell 2> /dev/null || true' EXIT INT TERM

limit_seconds=${NEWCOMER_LIMIT_SECONDS:-1800}
( sleep "$limit_seconds"; kill -- -$guide_shell 2> /dev/null ) &
timer=$!
code=0
wait $guide_shell || code=$?
kill -- -$timer 2> /dev/null || true
if [ $code -ne 0 ]; then
	echo "FAILED with $code. The ends of the logs in $work:"
	find "$work" -name '*.log' -exec tail -n 15 {} +
	exit $code
fi
kill -- -$guide_shell 2> /dev/null || true
rm -rf "$work"
echo "The guide works ($language)."
