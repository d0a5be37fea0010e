"""A development node of our own for as long as a script runs, and throwaway folders for what the SDK keeps on disk."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

#: How long the node may take until it answers, in seconds: on a busy machine it compiles its runtime for a while.
START_LIMIT_S = 240.0
#: How long the node may take to end before it is killed, in seconds.
STOP_LIMIT_S = 10.0
#: Linux: the signal that a process gets when its parent ends.
PR_SET_PDEATHSIG = 1


class NodeFailed(Exception):
    """The node did not start; the message has the end of its log."""


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def scratch(folder: Path) -> None:
    """Points everything that the SDK and its command line keep on disk into `folder`.

    The SDK caches metadata by genesis and version and would not see a changed development runtime.
    """
    for name, path in {
        "BITTENSOR_RUNTIME_CACHE_DIR": folder / "runtime-cache",
        "BTCLI_TOKEN_SYMBOLS_CACHE": folder / "symbols.json",
        "BT_WALLET_PATH": folder / "wallets",
        "HOME": folder / "home",
    }.items():
        os.environ[name] = str(path)
    (folder / "home").mkdir()
    (folder / "wallets").mkdir()


@contextlib.contextmanager
def development_node(binary: Path, sealing_ms: int, folder: Path) -> Iterator[str]:
    """Runs a development node and yields its WebSocket address. It ends with the block, however that ends."""
    # A script that is asked to end unwinds, so that its node ends too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rpc, network = free_port(), free_port()
    log = folder / "node.log"
    arguments = [str(binary), "--dev", "--sealing", str(sealing_ms)]
    arguments += ["--base-path", str(folder / "node")]
    # The chain's clock goes with the clock on the wall, from which the SDK computes rounds and waits.
    patch = folder / "genesis-patch.json"
    patch.write_text(json.dumps({"pace": {"slotDurationMs": sealing_ms}}))
    arguments += ["--genesis-patch", str(patch)]
    arguments += ["--rpc-port", str(rpc), "--listen-addr", f"/ip4/127.0.0.1/tcp/{network}"]
    arguments += ["--no-prometheus", "--no-telemetry"]
    with log.open("wb") as sink:
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, preexec_fn=_end_with_parent
        )
    try:
        _wait_until_it_listens(process, rpc, log)
        yield f"ws://127.0.0.1:{rpc}"
        if process.poll() is not None:
            raise NodeFailed(f"the node ended by itself with status {process.returncode}\n{tail(log)}")
    finally:
        _stop(process)


def tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _end_with_parent() -> None:
    """In the child: end when the script ends in a way that leaves it no time to clean up (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NodeFailed(f"the node ended with status {process.returncode} before it listened\n{tail(log)}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise NodeFailed(f"the node does not listen on port {port} after {START_LIMIT_S:.0f} s\n{tail(log)}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def scratch_folder() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder for one run."""
    return tempfile.TemporaryDirectory(prefix="ganglion-sdk-")
