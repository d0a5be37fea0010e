"""Steps about acting for somebody else: proxies, pure proxies, multisignature accounts, batches."""

from __future__ import annotations

from bittensor.intents import build
from bittensor.result import ExtrinsicResult

from chain import RAO_PER_TAO, Person
from report import check, equal
from world import World


def transfer_of_one(world: World) -> dict:
    """A transfer of one TAO to the newcomer, as an intent within an intent."""
    return {"op": "transfer", "dest_ss58": world.newcomer.cold, "amount_tao": "1"}


async def for_somebody(world: World, delegate: Person, real: Person) -> ExtrinsicResult:
    """A transfer of one TAO that the delegate signs for the real account."""
    intent = build("transfer", {name: value for name, value in transfer_of_one(world).items() if name != "op"})
    result = await world.chain.client.execute(intent, delegate, proxy_for=real.cold)
    return result.raise_for_failure()


async def batch(world: World) -> str:
    """Two transfers in one transaction."""
    chain = world.chain
    before = await chain.free(world.newcomer.cold)
    await chain.execute("batch", world.stranger, intents=[transfer_of_one(world), transfer_of_one(world)])
    equal("what arrived", await chain.free(world.newcomer.cold) - before, 2 * RAO_PER_TAO)
    return "both transfers happened"


async def add_proxy(world: World) -> str:
    """A delegate may what its type allows, and nothing else."""
    chain, real, delegate = world.chain, world.stranger, world.miner
    await chain.execute("add_proxy", real, delegate_ss58=delegate.cold, proxy_type="Staking")
    listed = (await chain.client.read("proxies", coldkey_ss58=real.cold))["proxies"]
    equal("the proxies", listed, [{"delegate": delegate.cold, "proxy_type": "Staking", "delay": 0}])
    refused = await chain.refused({"CallFiltered"}, delegate, for_somebody(world, delegate, real))
    await chain.execute("add_proxy", real, delegate_ss58=delegate.cold, proxy_type="Transfer")
    before = await chain.free(real.cold)
    intent = build("transfer", {"dest_ss58": world.newcomer.cold, "amount_tao": "1"})
    result = await chain.client.execute(intent, delegate, proxy_for=real.cold, proxy_type="Transfer")
    result.raise_for_failure()
    equal("what the real account paid", before - await chain.free(real.cold), RAO_PER_TAO)
    return f"Staking: {refused}; Transfer: done"


async def remove_proxies(world: World) -> str:
    """One delegation ends, then all; the deposit comes back."""
    chain, real, delegate = world.chain, world.stranger, world.miner
    await chain.execute("remove_proxy", real, delegate_ss58=delegate.cold, proxy_type="Transfer")
    await chain.execute("remove_proxies", real)
    left = await chain.client.read("proxies", coldkey_ss58=real.cold)
    equal("what is left", (left["proxies"], left["deposit"].rao), ([], 0))
    await chain.refused({"NotProxy"}, delegate, for_somebody(world, delegate, real))
    return "none is left"


async def pure_proxy(world: World) -> str:
    """An account without a key, spent from by its maker, then closed."""
    chain, maker = world.chain, world.stranger
    result = await chain.execute("create_pure_proxy", maker, proxy_type="Any")
    pure = result.data["pure_proxy"]
    await chain.execute("transfer", maker, dest_ss58=pure, amount_tao="3")
    intent = build("transfer", {"dest_ss58": world.newcomer.cold, "amount_tao": "1"})
    (await chain.client.execute(intent, maker, proxy_for=pure)).raise_for_failure()
    equal("what the account has", await chain.free(pure), 2 * RAO_PER_TAO)
    return pure


async def multisig(world: World) -> str:
    """Two of three signatures move the shared account's money."""
    chain = world.chain
    signers = [world.stranger, world.miner, world.validator]
    account = (await chain.client.multisig([person.cold for person in signers], 2)).address
    await chain.execute("transfer", world.owner, dest_ss58=account, amount_tao="5")
    call = transfer_of_one(world)
    first, second = signers[:2]

    def others(signer: Person) -> list[str]:
        return [person.cold for person in signers if person is not signer]

    arguments = {"threshold": 2, "call": call}
    opened = await chain.execute("multisig_execute", first, other_signatories=others(first), **arguments)
    height, _, index = opened.extrinsic_id.partition("-")
    equal("what the account has after one signature", await chain.free(account), 5 * RAO_PER_TAO)
    timepoint = {"height": int(height), "index": int(index)}
    await chain.execute(
        "multisig_execute", second, other_signatories=others(second), timepoint=timepoint, **arguments
    )
    equal("what the account has after two", await chain.free(account), 4 * RAO_PER_TAO)
    check(account not in [person.cold for person in signers], "the account is one of its signers'")
    return account


STEPS = [
    ("batch", batch),
    ("add_proxy", add_proxy),
    ("remove_proxy, remove_proxies", remove_proxies),
    ("create_pure_proxy", pure_proxy),
    ("multisig_execute", multisig),
]
