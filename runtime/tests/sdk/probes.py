"""One question to the chain for each thing that the SDK can read, do or set; nothing is ever submitted.

An intent is planned: the SDK's own dry run builds its call against the chain's metadata, reads what it has to
know, and asks for the fee. Where the chain's *state* refuses a plan (nothing is staked, say), the calls that the
intent wraps are compared with the metadata, name by name.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import re
import time
from collections.abc import Awaitable
from typing import Any

from bittensor import hyperparams
from bittensor._generated import calls
from bittensor.client import Client
from bittensor.intents import build
from bittensor.intents.hyperparameters import OWNER_HYPERPARAMETERS, SetHyperparameter
from bittensor.intents.registry import REGISTRY as INTENTS
from bittensor.reads.base import REGISTRY as READS

from chain import Person
from report import described
from samples import Sample, hyperparameter_sample, intent_tier, read_tier

#: How long a single question may take, in seconds.
QUESTION_LIMIT_S = 30.0
#: What the SDK says where the chain lacks a name.
MISSING = re.compile(
    r"not found in registry|pallet .* not found|call .* not found|storage function .* not found"
    r"|missing call param|Exported method .* is not found"
)
#: What the SDK says where it cannot encode a call for this chain.
UNENCODABLE = re.compile(
    r"no variant named|integer out of range|expected a|expects a|cannot encode|missing call param"
    r"|call .* not found|pallet .* not found"
)
#: The errors with which the SDK passes on what the chain's state does not allow.
STATE_ERRORS = ("ChainError", "MultisigFundingError", "PolicyError", "BittensorError")


@dataclasses.dataclass(frozen=True)
class Row:
    """The answer to one question."""

    #: `read`, `intent`, `setter` or `path`.
    kind: str
    name: str
    tier: str
    #: The question was answered, or the plan made.
    ok: bool
    #: `ok`, `missing`, `state`, `timeout` or `error`.
    status: str
    detail: str
    #: For an intent: its calls are in the metadata with the SDK's arguments.
    composes: bool = False
    seconds: float = 0.0

    @property
    def usable(self) -> bool:
        """The interface is there: at most the chain's state stands in the way."""
        return self.ok or (self.kind == "intent" and self.status == "state" and self.composes)


def status(error: BaseException) -> str:
    """Whether the chain lacks something (`missing`), or its state refuses (`state`), or anything else is wrong."""
    name, text = type(error).__name__, str(error)
    if isinstance(error, asyncio.TimeoutError):
        return "timeout"
    # An absent constant decodes to None.
    if name == "StorageFunctionNotFound" or MISSING.search(text) or (name == "TypeError" and "NoneType" in text):
        return "missing"
    return "state" if name in STATE_ERRORS else "error"


async def ask(kind: str, name: str, tier: str, question: Awaitable[Any], composes: bool = False) -> Row:
    """The row for one question; whatever it raises is its answer."""
    started = time.monotonic()
    try:
        value = await asyncio.wait_for(question, QUESTION_LIMIT_S)
        ok, verdict, detail = True, "ok", shape(value)
    except Exception as error:  # noqa: BLE001 - every failure is a finding
        composes = composes and not UNENCODABLE.search(str(error))
        ok, verdict, detail = False, status(error), described(error)
    return Row(kind, name, tier, ok, verdict, detail, composes, time.monotonic() - started)


def shape(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, str):
        return value[:60]
    if isinstance(value, (list, tuple, dict, set, bytes)):
        return f"{type(value).__name__} of {len(value)}"
    return str(value)[:60]


async def reads(client: Client, sample: Sample) -> list[Row]:
    """Every read of the SDK's registry."""
    rows = []
    for name, spec in sorted(READS.items()):
        question = client.read(name, **sample.read_params(spec.params))
        rows.append(await ask("read", name, read_tier(name), question))
    return rows


async def intents(client: Client, person: Person, sample: Sample) -> list[Row]:
    """A plan for every intent of the SDK's registry."""
    known = await calls_of(client)

    async def plan(op: str) -> str:
        arguments = sample.intent_args(op)
        if arguments is None:
            raise ValueError(f"there are no sample arguments for the intent {op}")
        planned = await client.plan(build(op, arguments), person)
        unpriced = [warning for warning in planned.warnings if "could not estimate fee" in warning]
        if unpriced:
            raise ValueError(unpriced[0])
        return f"fee {planned.fee}"

    rows = []
    for op, intent in sorted(INTENTS.items()):
        composes = all(agrees(known.get(call), *call) for call in intent.wraps)
        rows.append(await ask("intent", op, intent_tier(op), plan(op), composes))
    return rows


async def calls_of(client: Client) -> dict[tuple[str, str], list[str]]:
    """The chain's calls with the names of their arguments."""
    metadata = await client._substrate.raw.metadata_ir()
    return {
        (pallet.name, call.name): [argument.name for argument in call.args]
        for pallet in metadata.pallets
        for call in pallet.calls
    }


async def raw_calls(client: Client) -> dict[str, tuple[list[str], list[str]]]:
    """By pallet of the SDK's catalogue: the calls that the chain has with the SDK's arguments, and all others."""
    known = await calls_of(client)
    found: dict[str, tuple[list[str], list[str]]] = {}
    for pallet, builders in vars(calls).items():
        if not inspect.isclass(builders) or builders is calls.Call or builders.__module__ != calls.__name__:
            continue
        names = [name for name, value in vars(builders).items() if isinstance(value, staticmethod)]
        present = [name for name in names if agrees(known.get((pallet, name)), pallet, name)]
        found[pallet] = present, [name for name in names if name not in present]
    return found


def agrees(arguments: list[str] | None, pallet: str, function: str) -> bool:
    """Whether a call with these arguments is one that the SDK can fill in."""
    if arguments is None:
        return False
    builder = getattr(getattr(calls, pallet, None), function, None)
    # A call without a builder is composed by hand in the SDK: its name is all there is to compare.
    return builder is None or set(arguments) <= set(inspect.signature(builder).parameters)


async def setters(client: Client, sample: Sample) -> list[Row]:
    """The call of every owner's hyperparameter, composed."""

    async def compose(name: str) -> str:
        value = hyperparameter_sample(name, hyperparams.raw_bounds(name))
        intent = SetHyperparameter(netuid=sample.netuid, name=name, value=value)
        await intent.build(client._substrate, None)
        return OWNER_HYPERPARAMETERS[name][0]

    return [await ask("setter", name, "T1", compose(name)) for name in sorted(OWNER_HYPERPARAMETERS)]
