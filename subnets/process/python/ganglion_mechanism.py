"""Write a Ganglion mechanism in Python. Needs Python 3.9 or later and nothing else.

Subclass `Mechanism`, and end the program with `run(YourMechanism())`. The neuron starts the program itself:

    neuron miner --mechanism process --mechanism-command "python3 mechanism.py" ...
    neuron subnet check --mechanism-command "python3 mechanism.py"

Standard output belongs to the protocol, so `print` is sent to standard error, which the neuron logs.
"""

import base64
import dataclasses
import hashlib
import json
import os
import queue
import sys
import threading
import traceback

PROTOCOL = 1
MAX_TASK_BYTES = 64 * 1024
MAX_CHUNK_BYTES = 64 * 1024
MAX_CHUNKS = 4096
# The longest line that the neuron sends: an answer of 8 MiB in base64, with the times of its chunks.
MAX_LINE_BYTES = 16 << 20


class InvalidTask(Exception):
    """Raise in `solve` for a task that cannot or should not be done: tasks come from other machines."""


class ModelError(Exception):
    """Raise in `solve` where the work itself failed."""


class OwnFault(Exception):
    """Raise where this side is at fault. In `score` it leaves the miner's score as it was."""


class Cancelled(Exception):
    """Raised by `send` in `solve` once nobody listens any more. Let it pass."""


@dataclasses.dataclass(frozen=True)
class Context:
    """One challenge: the validator's nonce and both hotkeys, 32 bytes each."""

    nonce: bytes
    validator: bytes
    miner: bytes

    def seed(self, domain: bytes) -> bytes:
        """32 bytes of randomness for one purpose, the same on both sides and in the Rust SDK.

        Answers that depend on it are worth nothing to another miner. Give each purpose its own domain.
        """
        length = len(domain).to_bytes(8, "little")
        return hashlib.blake2b(length + domain + self.nonce + self.validator + self.miner, digest_size=32).digest()


@dataclasses.dataclass(frozen=True)
class Epoch:
    """A recent block: public randomness that nobody knew before. Put it into the task if you need it."""

    block: int
    hash: bytes


@dataclasses.dataclass(frozen=True)
class TimedChunk:
    """A piece of an answer, and when it came: microseconds after the request, on the validator's clock."""

    elapsed_us: int
    chunk: bytes


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back from a miner. `outcome` is "complete", "timed_out" or "failed"."""

    outcome: str
    reason: str
    chunks: list

    @property
    def is_complete(self) -> bool:
        """Whether the miner said that it was done."""
        return self.outcome == "complete"


@dataclasses.dataclass(frozen=True)
class Score:
    """What an answer is worth, 0 to 1, with the reason in words.

    `trials` and `failures` count checks that an honest miner fails next to never; the validator adds them up over answers.
    """

    value: float
    reason: str
    trials: int = 0
    failures: int = 0


class Mechanism:
    """The work that a subnet pays for. Override everything below."""

    #: Short, lower case: letters, digits, - and _.
    name = ""
    #: Raise it whenever tasks, chunks or scores change meaning.
    version = 1
    #: The longest that one whole answer may take.
    deadline_ms = 10_000
    #: The sha256 of the model that answers come from, 64 hexadecimal digits; a miner signs it with each answer.
    model_hash = None

    def task(self, context: Context, epoch: Epoch) -> bytes:
        """Validator: the task of this challenge. No clock, no random source: only the arguments."""
        raise NotImplementedError

    def solve(self, context: Context, task: bytes, send) -> None:
        """Miner: do the work and `send(chunk)` each piece as soon as it exists. Check the task first."""
        raise NotImplementedError

    def score(self, context: Context, task: bytes, answer: Answer) -> Score:
        """Validator: what the answer is worth. An exception makes it worth nothing, save OwnFault."""
        raise NotImplementedError


class _Connection:
    """The two ends of the protocol. Lines are read on a thread of their own, so that a cancellation is seen at once."""

    def __init__(self):
        # The protocol keeps the real standard output; whatever else prints goes to standard error.
        self.output = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        self.requests = queue.Queue(maxsize=4)
        self.cancelled = set()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while True:
                line = sys.stdin.buffer.readline(MAX_LINE_BYTES + 1)
                if not line:
                    break
                if len(line) > MAX_LINE_BYTES:
                    print(f"a line of more than {MAX_LINE_BYTES} bytes came", file=sys.stderr, flush=True)
                    break
                request = json.loads(line)
                if request["type"] == "cancel":
                    self.cancelled.add(request["id"])
                else:
                    # The request before has ended: a cancellation that came too late for it means nothing any more.
                    self.cancelled.clear()
                    self.requests.put(request)
        except Exception:
            traceback.print_exc()
        # The neuron is gone, or speaks another language: nobody wants the work under way.
        sys.stderr.flush()
        os._exit(0)

    def write(self, **line):
        self.output.write(json.dumps(line, allow_nan=False).encode() + b"\n")
        self.output.flush()


def _context(line):
    return Context(*(bytes.fromhex(line["context"][key]) for key in ("nonce", "validator", "miner")))


def _solve(mechanism, connection, line):
    number = line["id"]
    sent = 0

    def send(chunk):
        nonlocal sent
        if number in connection.cancelled:
            raise Cancelled
        sent += 1
        if not isinstance(chunk, (bytes, bytearray)):
            raise TypeError(f"send() takes bytes, not {type(chunk).__name__}")
        if len(chunk) > MAX_CHUNK_BYTES or sent > MAX_CHUNKS:
            raise ModelError(f"an answer has at most {MAX_CHUNKS} chunks of {MAX_CHUNK_BYTES} bytes")
        connection.write(type="chunk", id=number, chunk=base64.b64encode(chunk).decode())

    mechanism.solve(_context(line), base64.b64decode(line["task"]), send)
    connection.write(type="done", id=number)


def _score(mechanism, connection, line):
    chunks = [TimedChunk(timed["elapsed_us"], base64.b64decode(timed["chunk"])) for timed in line["answer"]["chunks"]]
    answer = Answer(line["answer"]["outcome"], line["answer"]["reason"], chunks)
    try:
        score = mechanism.score(_context(line), base64.b64decode(line["task"]), answer)
        if not 0 <= score.value <= 1:
            raise ValueError(f"a score must lie between 0 and 1, not {score.value}")
    except OwnFault:
        raise
    except Exception as error:
        # Whoever can make the scorer stumble must not gain by it.
        traceback.print_exc()
        score = Score(0.0, f"the scorer failed over this answer: {type(error).__name__}: {error}")
    connection.write(
        type="score",
        id=line["id"],
        score=float(score.value),
        reason=str(score.reason),
        trials=int(score.trials),
        failures=int(score.failures),
    )


def _task(mechanism, connection, line):
    epoch = Epoch(line["epoch"]["block"], bytes.fromhex(line["epoch"]["hash"]))
    task = mechanism.task(_context(line), epoch)
    connection.write(type="task", id=line["id"], task=base64.b64encode(task).decode())


def _answer(mechanism, connection, line):
    """Works on one request. Whatever goes wrong is told, and the next request is served."""
    work = {"task": _task, "solve": _solve, "score": _score}[line["type"]]
    kinds = {InvalidTask: "invalid_task", ModelError: "model", Cancelled: "cancelled"}
    try:
        work(mechanism, connection, line)
    except Exception as error:
        kind = kinds.get(type(error), "fault")
        if kind == "fault":
            traceback.print_exc()
        message = f"{type(error).__name__}: {error}" if kind == "fault" else str(error)
        connection.write(type="error", id=line["id"], kind=kind, message=message[:1000])


def run(mechanism: Mechanism) -> None:
    """Serves the neuron that started this program, until it closes standard input."""
    connection = _Connection()
    while True:
        line = connection.requests.get()
        if line["type"] == "hello":
            connection.write(
                type="hello",
                protocol=PROTOCOL,
                name=mechanism.name,
                version=mechanism.version,
                deadline_ms=mechanism.deadline_ms,
                model_hash=mechanism.model_hash,
            )
        else:
            _answer(mechanism, connection, line)
