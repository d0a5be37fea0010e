"""neuron-net and bittensor's axon and dendrite, in turns on the same machine: requests per second of 1 KiB echoes.

    python -m venv /tmp/baseline && /tmp/baseline/bin/pip install 'bittensor==10.2.0' 'async-substrate-interface<2'
    cargo build -p neuron-net --example loopback
    python neuron/net/benches/compare.py --python /tmp/baseline/bin/python

The two take turns, several rounds; of each the best round counts, since whatever else runs on the machine only ever
makes a round worse. Prints a table, the ratio, and where neuron-net's time goes.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def lines(command, timeout):
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if not found:
        sys.exit(f"{command[0]} measured nothing:\n{done.stderr[-2000:]}")
    return found


def main():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[2] / "target"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", required=True, help="interpreter that has bittensor")
    parser.add_argument("--loopback", default=str(target / "debug/examples/loopback"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    arguments = parser.parse_args()
    best = {}
    for number in range(arguments.rounds):
        ours = lines([arguments.loopback, "--seconds", str(arguments.seconds), "1", "16", "128"], 300)
        theirs = lines(
            [arguments.python, str(HERE / "axon_dendrite.py"), "--seconds", str(arguments.seconds)], 600
        )
        for row in ours + theirs:
            print(json.dumps({"round": number, "load": os.getloadavg()[0], **row}), file=sys.stderr, flush=True)
            key = row["stack"], row["in_flight"]
            if key not in best or row["per_second"] > best[key]["per_second"]:
                best[key] = row
    print("in flight | stack | requests/s | p50 ms | p99 ms | ratio")
    print("--- | --- | --- | --- | --- | ---")
    for in_flight in (1, 16, 128):
        ours, theirs = best["neuron-net", in_flight], best["bittensor", in_flight]
        ratio = ours["per_second"] / theirs["per_second"] if theirs["per_second"] else float("inf")
        for row, shown in ((ours, f"{ratio:.0f}x"), (theirs, "")):
            print(
                f"{in_flight} | {row['stack']} | {row['per_second']:.1f} | {row['p50_ms'] or 0:.2f} | "
                f"{row['p99_ms'] or 0:.2f} | {shown}"
            )
    for in_flight in (1, 16, 128):
        row = best["neuron-net", in_flight]
        total = row["cpu_us"]
        parts = {
            "signatures": row["sign_us"] + row["verify_us"],
            "hashes": row["hash_us"],
            "frames": row["frames_us"],
            "transport, scheduling, kernel": row["transport_us"],
        }
        shares = ", ".join(f"{name} {share / total:.0%}" for name, share in parts.items() if total)
        print(f"{in_flight} in flight: {total:.0f} us of processor time a call, both sides: {shares}")


if __name__ == "__main__":
    main()
