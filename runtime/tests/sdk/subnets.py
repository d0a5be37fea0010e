"""Steps about a subnet's beginning: registration, start, identity."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from chain import SUBTENSOR, Person
from report import check, equal
from world import World

#: What root takes away in front of the owner's steps: waits that would only make the script slow.
ROOT_SETTINGS = [
    ("sudo_set_owner_hparam_rate_limit", {"epochs": 0}),
    ("sudo_set_admin_freeze_window", {"window": 0}),
    ("sudo_set_tx_delegate_take_rate_limit", {"tx_rate_limit": 0}),
]


def root_setting(function: str, arguments: dict[str, int]) -> Callable[[World], Awaitable[str]]:
    """The step in which root makes one of these calls."""

    async def work(world: World) -> str:
        await world.chain.sudo("AdminUtils", function, arguments, world.owner)
        return str(arguments)

    return work


async def new_subnet(world: World, owner: Person) -> tuple[int, int]:
    """Registers a subnet; returns its number and what was locked, in rao."""
    chain = world.chain
    before = await chain.free(owner.cold)
    result = await chain.execute("register_subnet", owner)
    netuid, locked = int(result.data["netuid"]), int(result.data["registration_price_rao"])
    equal("the way of registration", result.data["registration_mode"], "immediate")
    equal("what the owner paid", before - await chain.free(owner.cold), locked + result.fee.rao)
    equal("the owner", await chain.value(SUBTENSOR.SubnetOwner, netuid), owner.cold)
    known = [subnet.netuid for subnet in await chain.client.read("subnets")]
    check(netuid in known, f"subnet {netuid} is not among {known}")
    return netuid, locked


async def register_subnet(world: World) -> str:
    """A subnet for what it costs; the next one costs more, until that has decayed."""
    quoted = await world.chain.client.read("subnet_registration_cost")
    world.subnet, locked = await new_subnet(world, world.owner)
    check(locked <= quoted.rao, f"{locked} rao were locked, {quoted.rao} quoted one block before")
    after = await world.chain.client.read("subnet_registration_cost")
    # Where the interval is 0 the doubled cost is back at its floor at once.
    decays = await world.chain.value(SUBTENSOR.NetworkLockReductionInterval) > 0
    risen = after.rao > locked if decays else after.rao >= locked
    check(risen, f"the next subnet costs {after.rao} rao, this one cost {locked}")
    uid = await world.chain.uid(world.owner, world.netuid)
    equal("the owner's uid", uid, 0)
    return f"subnet {world.subnet} for {locked} rao, the next one {after.rao}"


async def register_second_subnet(world: World) -> str:
    """Another subnet of the same owner."""
    other = Person("owner", world.owner.coldkey, world.stranger.coldkey)
    world.turned, locked = await new_subnet(world, other)
    check(world.turned != world.subnet, "both subnets have one number")
    return f"subnet {world.turned} for {locked} rao"


async def start_call(world: World) -> str:
    """Too early it is refused; from the block on that the schedule names it works, once."""
    chain, netuid = world.chain, world.netuid
    schedule = await chain.client.read("subnet_start_schedule", netuid=netuid)
    earliest = int(schedule["earliest_start_block"])
    early = await chain.client.block() + 2 < earliest
    if early:
        attempt = chain.execute("start_call", world.owner, netuid=netuid)
        await chain.refused({"NeedWaitingMoreBlocksToStarCall", "StartCallNotReady"}, world.owner, attempt)
    await chain.wait_for(earliest)
    await chain.execute("start_call", world.owner, netuid=netuid)
    parameters = await chain.client.read("subnet_hyperparameters", netuid=netuid)
    equal("subnet_is_active", parameters["subnet_is_active"], True)
    return f"at block {earliest}" + (", refused before" if early else ", the delay was over before")


async def set_subnet_identity(world: World) -> str:
    """The subnet has a name and all its fields read back."""
    chain, netuid = world.chain, world.netuid
    fields = {
        "subnet_name": "ganglion test",
        "github_repo": "https://example.org/repository",
        "subnet_contact": "owner@example.org",
        "subnet_url": "https://example.org",
        "discord": "ganglion",
        "description": "αβγ: a subnet of the tests",
        "logo_url": "https://example.org/logo.png",
        "additional": "more",
    }
    await chain.execute("set_subnet_identity", world.owner, netuid=netuid, **fields)
    equal("the identity", await chain.client.read("subnet_identity", netuid=netuid), fields)
    names = await chain.client.read("subnet_names")
    equal("the name in the list", names.get(netuid), fields["subnet_name"])
    return "all fields read back"


STEPS = [
    *((f"root {function}", root_setting(function, arguments)) for function, arguments in ROOT_SETTINGS),
    ("register_subnet", register_subnet),
    ("register_subnet again", register_second_subnet),
    ("set_subnet_identity", set_subnet_identity),
    ("start_call", start_call),
]
