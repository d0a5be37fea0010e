"""Real transactions through the SDK: each tier-1 intent, the owner's setters, what has to be refused,
and what of the next tier is there.

Every step checks through the SDK's own reads what became of the chain.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import accounts
import delegation
import moves
import neurons
import parameters
import refusals
import staking
import subnets
import weights
from chain import Chain, connected
from report import Report
from world import World

#: A step: its name and what it does.
Step = tuple[str, Callable[[World], Awaitable[str | None]]]

#: All steps in the order in which they build upon each other.
STEPS: list[Step] = [
    *accounts.STEPS,
    *subnets.STEPS,
    *parameters.STEPS,
    *neurons.STEPS,
    *staking.STEPS,
    *weights.STEPS,
    *refusals.STEPS,
    *moves.STEPS,
    *delegation.STEPS,
    *neurons.LAST,
]


async def run(endpoint: str, wallets: Path, only: str | None = None) -> Report:
    """Runs all steps against the node at `endpoint`, or those whose name contains `only` and what sets them up."""
    report = Report("transactions")
    async with connected(endpoint) as client:
        world = World.at_start(Chain(client), wallets)
        for name, work in STEPS:
            if only is None or only in name or work in (subnets.register_subnet, subnets.start_call):
                await report.step(name, lambda work=work: work(world))
    return report
