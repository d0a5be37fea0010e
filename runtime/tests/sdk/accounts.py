"""Steps about money and keys."""

from __future__ import annotations

from chain import RAO_PER_TAO
from report import check, equal
from world import World


async def transfer(world: World) -> str:
    """An exact amount moves, and the sender pays it and the fee that the receipt names."""
    chain = world.chain
    sender = world.owner
    before = await chain.free(sender.cold)
    result = await chain.execute("transfer", sender, dest_ss58=world.newcomer.cold, amount_tao="1000")
    equal("the receiver's balance", await chain.free(world.newcomer.cold), 1000 * RAO_PER_TAO)
    check(result.fee is not None and result.fee.rao > 0, "the receipt names no fee")
    equal("what the sender paid", before - await chain.free(sender.cold), 1000 * RAO_PER_TAO + result.fee.rao)
    return f"fee {result.fee}"


async def transfer_all(world: World) -> str:
    """An account is emptied, and what it had arrives but for the fee."""
    chain = world.chain
    await chain.execute("transfer", world.owner, dest_ss58=world.passer.cold, amount_tao="5")
    before = await chain.free(world.newcomer.cold)
    result = await chain.execute("transfer_all", world.passer, dest_ss58=world.newcomer.cold, keep_alive=False)
    equal("what is left", await chain.free(world.passer.cold), 0)
    arrived = await chain.free(world.newcomer.cold) - before
    equal("what arrived", arrived, 5 * RAO_PER_TAO - result.fee.rao)
    return f"{arrived} rao"


async def associate_hotkey(world: World) -> str:
    """A hotkey has an owner before it is registered anywhere."""
    chain, person = world.chain, world.newcomer
    await chain.execute("associate_hotkey", person, hotkey_ss58=person.hot)
    equal("the hotkey's owner", await chain.client.read("hotkey_owner", hotkey_ss58=person.hot), person.cold)
    owned = await chain.client.read("owned_hotkeys", coldkey_ss58=person.cold)
    check(person.hot in owned, f"the owned hotkeys {owned} lack {person.hot}")
    return "owner and owned hotkeys agree"


STEPS = [
    ("transfer", transfer),
    ("transfer_all", transfer_all),
    ("associate_hotkey", associate_hotkey),
]
