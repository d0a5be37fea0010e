"""Steps about hyperparameters: each of the owner's setters, once, on a subnet that does nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bittensor.cli.hyperparams_view import fetch_hyperparameters
from bittensor.intents.hyperparameters import OWNER_HYPERPARAMETERS

from chain import RAO_PER_TAO, SUBTENSOR
from report import equal
from world import World

#: One in the 64-bit fraction of the fixed-point parameters.
FIXED_ONE = 1 << 64

#: What each parameter is set to, raw, in an order in which every value is valid when its turn comes: liquid
#: alpha is on before its bounds are set, and there is always one way to register. Yuma is the only consensus on offer.
VALUES: dict[str, int | str] = {
    "commit_reveal_weights_enabled": 0,
    "commit_reveal_period": 2,
    "tempo": 361,
    "immunity_period": 300,
    "min_allowed_weights": 2,
    "weights_version": 3,
    "activity_cutoff_factor": 2_000,
    "min_burn": RAO_PER_TAO // 1_000,
    "max_burn": 77 * RAO_PER_TAO,
    "bonds_moving_avg": 800_000,
    "bonds_penalty": 30_000,
    "serving_rate_limit": 7,
    "max_allowed_uids": 128,
    "burn_increase_mult": FIXED_ONE * 3 // 2,
    "burn_half_life": 400,
    "collateral_lock_share": 13_107,
    "collateral_drain_ratio": FIXED_ONE * 2,
    "adjustment_alpha": 1 << 63,
    "rho": 12,
    "max_difficulty": 1 << 40,
    "alpha_sigmoid_steepness": 500,
    "min_childkey_take": 1_000,
    "owner_immune_neuron_limit": 2,
    "liquid_alpha_enabled": 1,
    "alpha_low": 30_000,
    "alpha_high": 60_000,
    "network_pow_registration_allowed": 1,
    "registration_allowed": 0,
    "yuma3_enabled": 1,
    "bonds_reset_enabled": 1,
    "transfers_enabled": 0,
    "owner_cut_enabled": 0,
    "owner_cut_auto_lock_enabled": 1,
    "epoch_consensus": "Yuma",
}


def setter(name: str, value: int | str) -> Callable[[World], Awaitable[str]]:
    """The step that sets one parameter and reads it back the way the command line does."""

    async def work(world: World) -> str:
        chain, netuid = world.chain, world.turned_netuid
        before = await current(world, name)
        await chain.execute("set_hyperparameter", world.owner, netuid=netuid, name=name, value=value)
        after = await current(world, name)
        equal(name, after, bool(value) if isinstance(after, bool) else value)
        return f"{before} -> {after}"

    return work


async def current(world: World, name: str) -> Any:
    """A parameter's value as it is written: raw, the selector of consensus by its name."""
    if name == "epoch_consensus":
        mode = await world.chain.value(SUBTENSOR.SubnetEpochConsensus, world.turned_netuid)
        return next(iter(mode)) if isinstance(mode, dict) else mode
    parameters = await fetch_hyperparameters(world.chain.client, world.turned_netuid)
    return (parameters or {}).get(name)


async def all_are_known(_world: World) -> str:
    """The table above and the SDK's list of setters name the same parameters."""
    equal("the parameters that are set here", sorted(VALUES), sorted(OWNER_HYPERPARAMETERS))
    return f"{len(VALUES)} parameters"


STEPS = [
    ("set_hyperparameter: every one has a step", all_are_known),
    *((f"set_hyperparameter {name}", setter(name, value)) for name, value in VALUES.items()),
]
