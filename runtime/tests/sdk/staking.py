"""Steps about stake, delegates and their take."""

from __future__ import annotations

from bittensor.balance import Balance

from chain import RAO_PER_TAO
from report import check, equal
from world import World

#: How far an executed swap may be below the quote of some blocks before, in parts: emission moves the price.
QUOTE_TOLERANCE = 0.01
#: The largest fraction that a 16-bit fraction can be off by.
TAKE_TOLERANCE = 1 / 65_535


async def add_stake(world: World) -> str:
    """TAO becomes alpha, about as much as was quoted; the coldkey pays the amount and the fee."""
    chain, person, netuid = world.chain, world.validator, world.netuid
    quote = await chain.client.read("quote_stake", netuid=netuid, amount_tao=1.0)
    free, stake = await chain.free(person.cold), await chain.stake(person, netuid)
    result = await chain.execute("add_stake", person, hotkey_ss58=person.hot, netuid=netuid, amount_tao="1")
    gained = await chain.stake(person, netuid) - stake
    equal("what it cost", free - await chain.free(person.cold), RAO_PER_TAO + result.fee.rao)
    near("the alpha", gained, quote.alpha.rao)
    check(person.hot in await chain.client.read("staking_hotkeys", coldkey_ss58=person.cold), "no staking hotkey")
    return f"{gained} alpha rao for 1 TAO"


async def add_stake_unprotected(world: World) -> str:
    """More than the default price protection would let through."""
    chain, person, netuid = world.chain, world.validator, world.netuid
    stake = await chain.stake(person, netuid)
    price = (await chain.client.read("alpha_price", netuid=netuid))["price_rao"]
    await chain.execute(
        "add_stake", person, hotkey_ss58=person.hot, netuid=netuid, amount_tao="200", slippage_protection=False
    )
    check(await chain.stake(person, netuid) > stake, "no stake was added")
    after = (await chain.client.read("alpha_price", netuid=netuid))["price_rao"]
    check(after >= price, f"the price fell from {price} to {after} rao in a purchase")
    return f"price {price} -> {after} rao"


async def delegation(world: World) -> str:
    """Somebody else's stake on the validator's hotkey shows on both sides."""
    chain, person, netuid = world.chain, world.stranger, world.netuid
    hotkey = world.validator.hot
    await chain.execute("add_stake", person, hotkey_ss58=hotkey, netuid=netuid, amount_tao="1")
    staked = await chain.stake(person, netuid, hotkey)
    check(staked > 0, "no stake was added")
    check(await chain.client.read("is_delegate", hotkey_ss58=hotkey), "the hotkey is no delegate")
    delegated = await chain.client.read("delegated", coldkey_ss58=person.cold)
    listed = any(entry.netuid == netuid and entry.delegate.hotkey == hotkey for entry in delegated)
    check(listed, f"the nominator's list {delegated} lacks the hotkey")
    positions = await chain.client.read("stake_for_coldkey", coldkey_ss58=person.cold)
    check(any(entry.hotkey == hotkey and entry.netuid == netuid for entry in positions), "no such position")
    value = await chain.client.read("stake_value_for_coldkey", coldkey_ss58=person.cold)
    check(len(value.positions) >= 1, "the valuation has no position")
    return f"{staked} alpha rao, {len(positions)} positions"


async def remove_stake(world: World) -> str:
    """Alpha becomes TAO, about as much as was quoted."""
    chain, person, netuid = world.chain, world.validator, world.netuid
    part = await chain.stake(person, netuid) // 10
    quote = await chain.client.read("quote_unstake", netuid=netuid, amount_alpha=part / RAO_PER_TAO)
    free, stake = await chain.free(person.cold), await chain.stake(person, netuid)
    result = await chain.execute(
        "remove_stake",
        person,
        hotkey_ss58=person.hot,
        netuid=netuid,
        amount_alpha=str(Balance.from_rao(part).tao),
        rate_tolerance=0.5,
    )
    gained = await chain.free(person.cold) - free + result.fee.rao
    check(await chain.stake(person, netuid) < stake, "the stake did not fall")
    near("the TAO", gained, quote.tao.rao)
    return f"{gained} rao for {part} alpha rao"


async def root_stake(world: World) -> str:
    """On the root network one TAO is one TAO."""
    chain, person = world.chain, world.validator
    stake, free = await chain.stake(person, 0), await chain.free(person.cold)
    added = await chain.execute("add_stake", person, hotkey_ss58=person.hot, netuid=0, amount_tao="10")
    equal("the root stake", await chain.stake(person, 0) - stake, 10 * RAO_PER_TAO)
    removed = await chain.execute("remove_stake", person, hotkey_ss58=person.hot, netuid=0, amount_alpha="4")
    equal("the root stake", await chain.stake(person, 0) - stake, 6 * RAO_PER_TAO)
    paid = free - await chain.free(person.cold)
    equal("what is gone from the balance", paid, 6 * RAO_PER_TAO + added.fee.rao + removed.fee.rao)
    return "10 TAO in, 4 TAO out"


async def take(world: World, op: str, value: float) -> str:
    """Changes the validator's take by the intent `op` and reads it back."""
    chain, person = world.chain, world.validator
    await chain.execute(op, person, take=value, hotkey_ss58=person.hot)
    now = await chain.client.read("delegate_take", hotkey_ss58=person.hot)
    check(abs(now["take"] - value) <= TAKE_TOLERANCE, f"the take is {now['take']}, expected {value}")
    return f"{now['take']:.4f} of {now['min']:.4f} to {now['max']:.4f}"


async def set_take(world: World) -> str:
    """An absolute value, whichever direction that is."""
    return await take(world, "set_take", 0.1)


async def increase_take(world: World) -> str:
    """More than before."""
    return await take(world, "increase_take", 0.12)


async def decrease_take(world: World) -> str:
    """Less than before."""
    return await take(world, "decrease_take", 0.05)


def near(what: str, actual: int, quoted: int) -> None:
    """Fails unless what came out is what was quoted, but for what a few blocks may change."""
    off = abs(actual - quoted)
    check(actual > 0 and off <= quoted * QUOTE_TOLERANCE + 1, f"{what} is {actual} rao, quoted were {quoted}")


STEPS = [
    ("add_stake", add_stake),
    ("add_stake without price protection", add_stake_unprotected),
    ("set_take", set_take),
    ("increase_take", increase_take),
    ("decrease_take", decrease_take),
    ("add_stake on somebody else's hotkey", delegation),
    ("remove_stake", remove_stake),
    ("add_stake and remove_stake on root", root_stake),
]
