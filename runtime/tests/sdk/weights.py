"""Steps about weights: in the open, timelocked, and committed by a hash."""

from __future__ import annotations

import hashlib

from chain import SUBTENSOR, Person
from report import check, equal
from world import World

#: How many blocks a permit, an epoch or a reveal may take: several epochs of a development chain.
PATIENCE = 100
#: The largest 16-bit weight.
FULL = 65_535
#: What makes the hash of the committed weights unpredictable.
SALT = [7, 11, 13, 17]


async def pause_between_weights(world: World) -> None:
    """Waits as long as the subnet's rate limit asks for."""
    await world.chain.wait(int(await world.chain.value(SUBTENSOR.WeightsSetRateLimit, world.netuid)) + 1)


async def commit_reveal(world: World, enabled: bool) -> None:
    """The owner turns commit-reveal on or off where it is not yet so."""
    chain, netuid = world.chain, world.netuid
    if await chain.client.read("commit_reveal_enabled", netuid=netuid) != enabled:
        name = "commit_reveal_weights_enabled"
        await chain.execute("set_hyperparameter", world.owner, netuid=netuid, name=name, value=int(enabled))


async def row(world: World, person: Person) -> dict[int, float]:
    """The weights that are in force for a person's hotkey, as fractions of the largest."""
    rows = await world.chain.client.read("weights", netuid=world.netuid)
    return rows.get(await world.chain.uid(person, world.netuid), {})


async def set_weights(world: World) -> str:
    """With a permit, the weights are in force at once."""
    chain, person, netuid = world.chain, world.validator, world.netuid
    await commit_reveal(world, enabled=False)
    uid, miner, owner = [await chain.uid(who, netuid) for who in (person, world.miner, world.owner)]

    async def permitted() -> bool:
        permits = await chain.value(SUBTENSOR.ValidatorPermit, netuid)
        return bool(permits) and uid < len(permits) and bool(permits[uid])

    await chain.until("the validator has a permit", permitted, PATIENCE)
    await chain.execute("set_weights", person, netuid=netuid, uids=[owner, miner], weights=[0.5, 1.0])
    weights = await row(world, person)
    equal("the uids with weight", sorted(weights), sorted([owner, miner]))
    check(abs(weights[owner] / weights[miner] - 0.5) < 1e-4, f"the weights are {weights}, expected one half and one")
    since = await chain.client.read("blocks_since_last_update", netuid=netuid, uid=uid)
    check(since is not None and since <= 10, f"the last update was {since} blocks ago")
    return str(weights)


async def commit_weights(world: World) -> str:
    """The commitment is stored under its round, changes nothing yet, and an epoch later it is not lost."""
    chain, person, netuid = world.chain, world.validator, world.netuid
    await commit_reveal(world, enabled=True)
    await pause_between_weights(world)
    before = await row(world, person)
    miner = await chain.uid(world.miner, netuid)
    result = await chain.execute("commit_weights", person, netuid=netuid, uids=[miner], weights=[1.0])
    reveal_round = int(result.data["reveal_round"])

    async def pending() -> list[int]:
        epochs = await chain.client.read("timelocked_weight_commits", netuid=netuid)
        return [entry["reveal_round"] for epoch in epochs.values() for entry in epoch if entry["hotkey"] == person.hot]

    equal("the pending rounds", await pending(), [reveal_round])
    equal("the weights in force", await row(world, person), before)
    epoch = await epoch_index(world)
    await chain.until("an epoch", lambda: later_epoch(world, epoch + 1), PATIENCE)
    # The round lies minutes ahead by the wall clock and a beacon has to publish it: until then it waits.
    equal("the pending rounds an epoch later", await pending(), [reveal_round])
    return f"round {reveal_round} pending"


async def reveal_weights(world: World) -> str:
    """A hash goes first, too early a reveal is refused, the right one brings the weights into force."""
    chain, person, netuid = world.chain, world.validator, world.netuid
    await commit_reveal(world, enabled=True)
    await pause_between_weights(world)
    uids = sorted([await chain.uid(world.miner, netuid), await chain.uid(world.owner, netuid)])
    digest = commitment(person, netuid, uids, [FULL, FULL], SALT, 0)
    period = int(await chain.client.read("reveal_period", netuid=netuid))
    await chain.call(
        "SubtensorModule", "commit_weights", {"netuid": netuid, "commit_hash": digest}, person, signer="hotkey"
    )
    committed_in = await epoch_index(world)

    def reveal(salt: list[int]):
        arguments = {"netuid": netuid, "uids": uids, "weights": [1.0, 1.0], "salt": salt}
        return chain.execute("reveal_weights", person, **arguments)

    await chain.refused({"RevealTooEarly"}, person, reveal(SALT))
    await chain.until("the epoch of the reveal", lambda: later_epoch(world, committed_in + period), PATIENCE)
    await chain.refused({"InvalidRevealCommitHashNotMatch"}, person, reveal([1]))
    await reveal(SALT)
    equal("the uids with weight", sorted(await row(world, person)), uids)
    return f"revealed {period} epochs later"


async def epoch_index(world: World) -> int:
    """How many epochs the subnet has had."""
    return int(await world.chain.value(SUBTENSOR.SubnetEpochIndex, world.netuid) or 0)


async def later_epoch(world: World, index: int) -> bool:
    """Whether the subnet has had so many epochs."""
    return await epoch_index(world) >= index


def commitment(person: Person, netuid: int, uids: list[int], values: list[int], salt: list[int], version: int) -> str:
    """The hash of weights that is committed: BLAKE2b-256 of hotkey, subnet, uids, weights, salt and version key."""
    encoded = bytes(person.hotkey.public_key) + netuid.to_bytes(2, "little")
    for column in (uids, values, salt):
        # SCALE: the length in one byte is enough up to 63 entries.
        encoded += bytes([len(column) << 2]) + b"".join(entry.to_bytes(2, "little") for entry in column)
    encoded += version.to_bytes(8, "little")
    return "0x" + hashlib.blake2b(encoded, digest_size=32).hexdigest()


STEPS = [
    ("set_weights", set_weights),
    ("reveal_weights", reveal_weights),
    ("commit_weights", commit_weights),
]
