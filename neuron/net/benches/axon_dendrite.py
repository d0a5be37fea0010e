"""Requests per second and latency of bittensor's own axon and dendrite on this machine's loopback.

Two processes, as in production: an axon that echoes a synapse, and a dendrite that keeps a number of calls in flight.
Both sign and verify, as they do by default. The look-up of the external address on the internet is replaced, nothing
else. Prints one JSON object a line.

    python -m venv /tmp/baseline && /tmp/baseline/bin/pip install 'bittensor==10.2.0' 'async-substrate-interface<2'
    /tmp/baseline/bin/python axon_dendrite.py --in-flight 1 16 128 --seconds 8
"""

import argparse
import asyncio
import json
import multiprocessing
import socket
import sys
import tempfile
import time

BODY_BYTES = 1024


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def import_bittensor():
    arguments, sys.argv = sys.argv, sys.argv[:1]
    import bittensor
    from bittensor.utils import networking

    networking.get_external_ip = lambda: "127.0.0.1"
    sys.argv = arguments
    return bittensor


def make_wallet(bittensor, folder, name):
    wallet = bittensor.Wallet(name=name, hotkey="default", path=folder)
    wallet.create_if_non_existent(coldkey_use_password=False, hotkey_use_password=False, suppress=True)
    return wallet


def make_synapse(bittensor):
    class Echo(bittensor.Synapse):
        body: str = ""
        answer: str = ""

    Echo.__module__ = "__main__"
    globals()["Echo"] = Echo
    return Echo


def serve(folder, port, ready):
    bittensor = import_bittensor()
    Echo = make_synapse(bittensor)

    def forward(synapse: Echo) -> Echo:
        synapse.answer = synapse.body
        return synapse

    forward.__annotations__ = {"synapse": Echo, "return": Echo}
    axon = bittensor.Axon(
        wallet=make_wallet(bittensor, folder, "miner"),
        ip="127.0.0.1",
        port=port,
        external_ip="127.0.0.1",
        external_port=port,
    )
    axon.attach(forward_fn=forward)
    axon.start()
    ready.set()
    while True:
        time.sleep(60)


async def drive(dendrite, target, Echo, in_flight, seconds):
    latencies = []
    failures = 0
    end = time.perf_counter() + seconds

    async def worker():
        nonlocal failures
        while time.perf_counter() < end:
            begun = time.perf_counter()
            answer = await dendrite.call(target_axon=target, synapse=Echo(body="x" * BODY_BYTES), timeout=60.0, deserialize=False)
            if answer.answer == "x" * BODY_BYTES:
                latencies.append(time.perf_counter() - begun)
            else:
                failures += 1

    begun = time.perf_counter()
    await asyncio.gather(*[worker() for _ in range(in_flight)])
    elapsed = time.perf_counter() - begun
    latencies.sort()
    at = lambda share: latencies[min(len(latencies) - 1, int(share * len(latencies)))] * 1e3 if latencies else None
    return {
        "stack": "bittensor",
        "in_flight": in_flight,
        "requests": len(latencies),
        "failures": failures,
        "per_second": len(latencies) / elapsed,
        "p50_ms": at(0.50),
        "p99_ms": at(0.99),
    }


async def measure(arguments, folder, port):
    bittensor = import_bittensor()
    Echo = make_synapse(bittensor)
    miner = make_wallet(bittensor, folder, "miner")
    target = bittensor.AxonInfo(
        version=bittensor.core.settings.version_as_int,
        ip="127.0.0.1",
        port=port,
        ip_type=4,
        hotkey=miner.hotkey.ss58_address,
        coldkey=miner.coldkeypub.ss58_address,
    )
    dendrite = bittensor.Dendrite(wallet=make_wallet(bittensor, folder, "validator"))
    await drive(dendrite, target, Echo, 1, 1)
    for in_flight in arguments.in_flight:
        print(json.dumps(await drive(dendrite, target, Echo, in_flight, arguments.seconds)), flush=True)
    await dendrite.aclose_session()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--in-flight", type=int, nargs="+", default=[1, 16, 128])
    parser.add_argument("--seconds", type=float, default=8.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bittensor = import_bittensor()
        for name in ("miner", "validator"):
            make_wallet(bittensor, folder, name)
        context = multiprocessing.get_context("spawn")
        ready, port = context.Event(), free_port()
        server = context.Process(target=serve, args=(folder, port, ready), daemon=True)
        server.start()
        if not ready.wait(60):
            sys.exit("the axon did not start within 60 s")
        time.sleep(1)
        try:
            asyncio.run(measure(arguments, folder, port))
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
