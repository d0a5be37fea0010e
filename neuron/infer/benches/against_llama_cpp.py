"""Decodes with llama.cpp and with this crate in turn, on the same F32 weights and as many threads.

usage: against_llama_cpp.py F32.gguf THROUGHPUT_EXAMPLE [ROUNDS]

F32.gguf comes from to_f32.py; THROUGHPUT_EXAMPLE is the built example `throughput` of neuron-infer.
Needs the PyPI package llama-cpp-python. On a machine that does other work, too, the best round of
each is the fairest figure; all rounds are printed.
"""

import subprocess
import sys
import time

from llama_cpp import Llama

THREADS = 2
TOKENS = 64
PROMPT = "Write a short story about a lighthouse keeper who finds a letter in a bottle."


def llama_cpp(model: Llama) -> float:
    """Tokens a second of greedy decoding after the prompt."""
    model.reset()
    model.eval(model.tokenize(PROMPT.encode()))
    token = model.sample(temp=0.0)
    started = time.perf_counter()
    for _ in range(TOKENS):
        model.eval([token])
        token = model.sample(temp=0.0)
    return TOKENS / (time.perf_counter() - started)


def ours(path: str, example: str) -> float:
    command = [example, path, "single", str(THREADS), str(TOKENS)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(output.split()[-2])


def main(path: str, example: str, rounds: int) -> None:
    model = Llama(path, n_ctx=1024, n_threads=THREADS, n_threads_batch=THREADS, verbose=False)
    theirs, own = [], []
    for _ in range(rounds):
        theirs.append(llama_cpp(model))
        own.append(ours(path, example))
        print(f"llama.cpp {theirs[-1]:6.1f}   neuron-infer {own[-1]:6.1f} tokens/s", flush=True)
    print(f"best: llama.cpp {max(theirs):.1f}, neuron-infer {max(own):.1f}, ratio {max(own) / max(theirs):.2f}")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) == 4 else 5)
