"""Steps about stake beyond tier 1: explicit limits, moves between hotkeys, owners and subnets, leaving altogether."""

from __future__ import annotations

from bittensor.balance import Balance

from chain import RAO_PER_TAO
from report import check, equal
from world import World

#: What rounding in shares may take from a position that moves, in rao.
SHARE_ROUNDING_RAO = 2


def alpha(rao: int) -> str:
    """An amount the way intents take it: exact, in whole tokens."""
    return str(Balance.from_rao(rao).tao)


async def add_stake_limit(world: World) -> str:
    """A purchase larger than its limit allows stops there and takes no more than the part that it could use."""
    chain, person, netuid = world.chain, world.validator, world.netuid
    price = (await chain.client.read("alpha_price", netuid=netuid))["price_rao"]
    limit = price + price // 100
    free, stake = await chain.free(person.cold), await chain.stake(person, netuid)
    result = await chain.execute(
        "add_stake_limit",
        person,
        hotkey_ss58=person.hot,
        netuid=netuid,
        amount_tao="10000",
        limit_price_rao=limit,
        allow_partial=True,
    )
    paid = free - await chain.free(person.cold) - result.fee.rao
    check(0 < paid < 10_000 * RAO_PER_TAO, f"{paid} rao were taken of 10000 TAO")
    check(await chain.stake(person, netuid) > stake, "no stake was added")
    after = (await chain.client.read("alpha_price", netuid=netuid))["price_rao"]
    check(after <= limit + limit // 1_000, f"the price is {after} rao, the limit was {limit}")
    return f"{paid} rao of 10000 TAO, price {price} -> {after}"


async def remove_stake_limit(world: World) -> str:
    """A sale within its limit happens in full."""
    chain, person, netuid = world.chain, world.validator, world.netuid
    stake = await chain.stake(person, netuid)
    part = stake // 20
    await chain.execute(
        "remove_stake_limit", person, hotkey_ss58=person.hot, netuid=netuid, amount_alpha=alpha(part), limit_price_rao=1
    )
    left = await chain.stake(person, netuid)
    check(left < stake, f"the stake is {left}, it was {stake}")
    return f"{part} alpha rao"


async def move_stake(world: World) -> str:
    """Within a subnet alpha goes from hotkey to hotkey, without a trade."""
    chain, person, netuid = world.chain, world.validator, world.netuid
    part = await chain.stake(person, netuid) // 20
    there = await chain.stake(person, netuid, world.owner.hot)
    price = (await chain.client.read("alpha_price", netuid=netuid))["price_rao"]
    await chain.execute(
        "move_stake",
        person,
        origin_hotkey_ss58=person.hot,
        origin_netuid=netuid,
        dest_hotkey_ss58=world.owner.hot,
        dest_netuid=netuid,
        amount_alpha=alpha(part),
    )
    moved = await chain.stake(person, netuid, world.owner.hot) - there
    check(moved >= part - SHARE_ROUNDING_RAO, f"{moved} of {part} alpha rao arrived")
    return f"{moved} alpha rao at {price} rao"


async def transfer_stake(world: World) -> str:
    """Alpha changes its owner and stays on its hotkey."""
    chain, person, netuid = world.chain, world.validator, world.netuid
    part = await chain.stake(person, netuid) // 20
    before = await chain.stake(world.newcomer, netuid, person.hot)
    await chain.execute(
        "transfer_stake",
        person,
        dest_coldkey_ss58=world.newcomer.cold,
        hotkey_ss58=person.hot,
        origin_netuid=netuid,
        dest_netuid=netuid,
        amount_alpha=alpha(part),
    )
    arrived = await chain.stake(world.newcomer, netuid, person.hot) - before
    check(arrived >= part - SHARE_ROUNDING_RAO, f"{arrived} of {part} alpha rao arrived")
    return f"{arrived} alpha rao"


async def swap_stake(world: World) -> str:
    """Alpha of one subnet becomes alpha of another."""
    chain, person, netuid, other = world.chain, world.validator, world.netuid, world.turned_netuid
    await chain.execute("start_call", world.owner, netuid=other)
    part = await chain.stake(person, netuid) // 50
    before = await chain.stake(person, other)
    await chain.execute(
        "swap_stake",
        person,
        hotkey_ss58=person.hot,
        origin_netuid=netuid,
        dest_netuid=other,
        amount_alpha=alpha(part),
        rate_tolerance=0.5,
    )
    gained = await chain.stake(person, other) - before
    check(gained > 0, "nothing arrived on the other subnet")
    return f"{part} alpha rao of subnet {netuid} became {gained} of subnet {other}"


async def transfers_off(world: World) -> str:
    """Where the owner has switched transfers off, alpha keeps its owner."""
    chain, person, netuid = world.chain, world.validator, world.turned_netuid
    attempt = chain.execute(
        "transfer_stake",
        person,
        dest_coldkey_ss58=world.newcomer.cold,
        hotkey_ss58=person.hot,
        origin_netuid=netuid,
        dest_netuid=netuid,
        amount_alpha=alpha(await chain.stake(person, netuid) // 2),
    )
    return await chain.refused({"TransferDisallowed"}, person, attempt)


async def unstake_all(world: World) -> str:
    """Everything on a hotkey comes back as money."""
    chain, person, netuid = world.chain, world.newcomer, world.netuid
    hotkey = world.validator.hot
    free = await chain.free(person.cold)
    await chain.execute("unstake_all", person, hotkey_ss58=hotkey)
    equal("what is left", await chain.stake(person, netuid, hotkey), 0)
    gained = await chain.free(person.cold) - free
    check(gained > 0, f"the balance changed by {gained} rao")
    return f"{gained} rao"


async def unstake_all_alpha(world: World) -> str:
    """Everything on a hotkey becomes root stake."""
    chain, person, netuid = world.chain, world.stranger, world.netuid
    hotkey = world.validator.hot
    root = await chain.stake(person, 0, hotkey)
    await chain.execute("unstake_all_alpha", person, hotkey_ss58=hotkey)
    equal("what is left", await chain.stake(person, netuid, hotkey), 0)
    gained = await chain.stake(person, 0, hotkey) - root
    check(gained > 0, f"the root stake changed by {gained} rao")
    return f"{gained} rao on root"


STEPS = [
    ("add_stake_limit", add_stake_limit),
    ("remove_stake_limit", remove_stake_limit),
    ("move_stake", move_stake),
    ("transfer_stake", transfer_stake),
    ("swap_stake", swap_stake),
    ("refused: transfer of stake where it is off", transfers_off),
    ("unstake_all", unstake_all),
    ("unstake_all_alpha", unstake_all_alpha),
]
