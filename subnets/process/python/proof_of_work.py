"""An example of a mechanism in Python: find numbers whose hash begins with zero bits.

The work costs time to do and next to none to check, which is what a mechanism should look for. Each piece of the answer is a
number whose hash, together with the seed of this challenge, has DIFFICULTY_BITS zero bits in front. The seed holds the miner's
hotkey, so that another miner's numbers are worth nothing.
"""

import hashlib

from ganglion_mechanism import Answer, Context, Epoch, InvalidTask, Mechanism, Score, run

DIFFICULTY_BITS = 12
PIECES = 4
TASK_BYTES = 32
NUMBER_BYTES = 8
# An answer within this time earns everything, a slower one in proportion.
TARGET_US = 1_000_000


def is_found(seed: bytes, piece: int, number: bytes) -> bool:
    """Whether this number is an answer to this piece."""
    digest = hashlib.blake2b(bytes([piece]) + seed + number, digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - DIFFICULTY_BITS) == 0


class ProofOfWork(Mechanism):
    name = "proof-of-work"
    version = 1
    deadline_ms = 10_000

    def task(self, context: Context, epoch: Epoch) -> bytes:
        return context.seed(b"proof-of-work/task")

    def solve(self, context: Context, task: bytes, send) -> None:
        if len(task) != TASK_BYTES:
            raise InvalidTask(f"{len(task)} bytes came instead of {TASK_BYTES}")
        seed = context.seed(b"proof-of-work/answer" + task)
        for piece in range(PIECES):
            number = 0
            while not is_found(seed, piece, number.to_bytes(NUMBER_BYTES, "little")):
                number += 1
            send(number.to_bytes(NUMBER_BYTES, "little"))

    def score(self, context: Context, task: bytes, answer: Answer) -> Score:
        if not answer.is_complete:
            return Score(0.0, f"no whole answer: {answer.outcome} {answer.reason}")
        if len(answer.chunks) != PIECES:
            return Score(0.0, f"{len(answer.chunks)} chunks came instead of {PIECES}")
        seed = context.seed(b"proof-of-work/answer" + task)
        for piece, timed in enumerate(answer.chunks):
            if len(timed.chunk) != NUMBER_BYTES:
                return Score(0.0, f"piece {piece} has {len(timed.chunk)} bytes instead of {NUMBER_BYTES}")
            if not is_found(seed, piece, timed.chunk):
                return Score(0.0, f"piece {piece} is no solution, or another miner's")
        last_us = max(answer.chunks[-1].elapsed_us, 1)
        return Score(min(1.0, TARGET_US / last_us), f"{PIECES} solutions in {last_us / 1e6:.3f} s")


if __name__ == "__main__":
    run(ProofOfWork())
