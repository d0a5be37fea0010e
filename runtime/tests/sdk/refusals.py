"""Steps that have to fail, each with the error that names what was wrong, and leave no more than a fee behind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bittensor import calls
from bittensor.result import ExtrinsicResult

from chain import RAO_PER_TAO, Person
from report import check
from world import World

#: A subnet that does not exist.
NOWHERE = 4_000
#: More than anybody has, and less than there is: beyond that it would be an overflow.
TOO_MUCH = "500000"

Attempt = Callable[[World], tuple[Person, Awaitable[ExtrinsicResult]]]


def refused(names: set[str], attempt: Attempt) -> Callable[[World], Awaitable[str]]:
    """The step that makes an attempt and expects one of these errors."""

    async def work(world: World) -> str:
        person, awaitable = attempt(world)
        return await world.chain.refused(names, person, awaitable)

    return work


def intent(op: str, who: str, **arguments: Any) -> Attempt:
    """An attempt with an intent. Arguments that are functions are asked for their value with the world."""

    def attempt(world: World) -> tuple[Person, Awaitable[ExtrinsicResult]]:
        person = getattr(world, who)
        given = {name: value(world) if callable(value) else value for name, value in arguments.items()}
        return person, world.chain.execute(op, person, **given)

    return attempt


def raw(function: str, who: str, signer: str = "coldkey", **arguments: Any) -> Attempt:
    """An attempt with a raw call, where the SDK would not even send the intent."""

    def attempt(world: World) -> tuple[Person, Awaitable[ExtrinsicResult]]:
        person = getattr(world, who)
        given = {name: value(world) if callable(value) else value for name, value in arguments.items()}
        return person, world.chain.call("SubtensorModule", function, given, person, signer)

    return attempt


def here(world: World) -> int:
    """The subnet where things happen."""
    return world.netuid


def validator(world: World) -> str:
    """The validator's hotkey."""
    return world.validator.hot


async def limit_that_cannot_be_met(world: World) -> str:
    """A purchase at half the price takes nothing, also where a part would do."""
    chain, person = world.chain, world.validator
    price = (await chain.client.read("alpha_price", netuid=world.netuid))["price_rao"]
    stake = await chain.stake(person, world.netuid)
    names = {"SlippageTooHigh", "ZeroMaxAmount", "PriceLimitExceeded"}
    for allow_partial in (False, True):
        attempt = chain.execute(
            "add_stake_limit",
            person,
            hotkey_ss58=person.hot,
            netuid=world.netuid,
            amount_tao="1",
            limit_price_rao=price // 2,
            allow_partial=allow_partial,
        )
        found = await chain.refused(names, person, attempt)
    check(await chain.stake(person, world.netuid) >= stake, "stake was lost")
    return found


async def batch_rolls_back(world: World) -> str:
    """The second of two transfers cannot be paid: the first does not happen either."""
    chain, person = world.chain, world.stranger
    before = await chain.free(world.newcomer.cold)
    transfers = [
        {"op": "transfer", "dest_ss58": world.newcomer.cold, "amount_tao": amount} for amount in ("1", TOO_MUCH)
    ]
    attempt = chain.execute("batch", person, intents=transfers)
    found = await chain.refused({"FundsUnavailable", "InsufficientBalance"}, person, attempt)
    check(await chain.free(world.newcomer.cold) == before, "the first transfer happened")
    return found


async def parameter_of_somebody_else(world: World) -> str:
    """Only the owner sets parameters, and the value stays."""
    chain, netuid = world.chain, world.netuid
    before = await chain.client.read("subnet_hyperparameters", netuid=netuid)
    attempt = chain.execute("set_hyperparameter", world.stranger, netuid=netuid, name="rho", value=1)
    found = await chain.refused({"BadOrigin", "NotSubnetOwner"}, world.stranger, attempt)
    after = await chain.client.read("subnet_hyperparameters", netuid=netuid)
    check(before["rho"] == after["rho"], "the value changed")
    return found


async def setter_of_root(world: World) -> str:
    """What only root may set is refused to the owner of a subnet."""
    call = calls.AdminUtils.sudo_set_kappa(netuid=world.netuid, kappa=1)

    async def attempt() -> ExtrinsicResult:
        return (await world.chain.client.submit_call(call, world.miner)).raise_for_failure()

    return await world.chain.refused({"BadOrigin"}, world.miner, attempt())


def elsewhere(world: World) -> int:
    """A subnet where nobody of those who try has a seat."""
    return world.turned_netuid


NO_OWNER = {"BadOrigin", "NotSubnetOwner"}
NO_SUBNET = {"SubnetNotExists", "SubnetDoesNotExist", "MechanismDoesNotExist"}
NOT_REGISTERED = {"HotKeyNotRegisteredInSubNet", "HotKeyNotRegisteredInNetwork"}

#: The fields of an endpoint that is well formed.
ENDPOINT = {
    "version": 1,
    "ip": 0xC000_0207,
    "port": 8091,
    "ip_type": 4,
    "protocol": 4,
    "placeholder1": 0,
    "placeholder2": 0,
}

#: What is attempted, the errors that may answer, and the attempt.
ATTEMPTS: list[tuple[str, set[str], Attempt]] = [
    (
        "transfer of more than there is",
        {"FundsUnavailable", "InsufficientBalance", "Payment"},
        intent("transfer", "stranger", dest_ss58=validator, amount_tao=TOO_MUCH),
    ),
    (
        "stake of more than there is",
        {"NotEnoughBalanceToStake", "InsufficientTaoBalance"},
        raw("add_stake", "stranger", hotkey=validator, netuid=here, amount_staked=int(TOO_MUCH) * RAO_PER_TAO),
    ),
    (
        "stake of nothing",
        {"AmountTooLow", "StakeAmountTooLow"},
        raw("add_stake", "stranger", hotkey=validator, netuid=here, amount_staked=0),
    ),
    (
        "stake on an unknown subnet",
        NO_SUBNET,
        raw("add_stake", "stranger", hotkey=validator, netuid=NOWHERE, amount_staked=RAO_PER_TAO),
    ),
    (
        "stake on an unknown hotkey",
        {"HotKeyAccountNotExists"},
        raw("add_stake", "stranger", hotkey=lambda world: world.passer.hot, netuid=here, amount_staked=RAO_PER_TAO),
    ),
    (
        "unstake without stake",
        {"NotEnoughStakeToWithdraw", "AmountTooLow"},
        raw("remove_stake", "owner", hotkey=validator, netuid=here, amount_unstaked=RAO_PER_TAO),
    ),
    (
        "registration on an unknown subnet",
        NO_SUBNET,
        raw("burned_register", "stranger", netuid=NOWHERE, hotkey=lambda world: world.stranger.hot),
    ),
    (
        "second registration of a hotkey",
        {"HotKeyAlreadyRegisteredInSubNet"},
        raw("burned_register", "validator", netuid=here, hotkey=validator),
    ),
    (
        "registration of somebody else's hotkey",
        {"NonAssociatedColdKey"},
        raw("burned_register", "stranger", netuid=here, hotkey=lambda world: world.newcomer.hot),
    ),
    ("second seat on root", {"HotKeyAlreadyRegisteredInSubNet"}, intent("root_register", "validator")),
    (
        "work that is none",
        {"InvalidSeal", "InvalidDifficulty", "InvalidWorkBlock", "BadRequest"},
        raw(
            "pow_register",
            "stranger",
            netuid=here,
            work_block=0,
            nonce=1,
            work=list(bytes(32)),
            hotkey=lambda world: world.stranger.hot,
        ),
    ),
    ("start by a stranger", NO_OWNER, intent("start_call", "stranger", netuid=here)),
    (
        "identity of a subnet by a stranger",
        NO_OWNER,
        intent("set_subnet_identity", "stranger", netuid=here, subnet_name="mine"),
    ),
    ("identity without a registered hotkey", NOT_REGISTERED, intent("set_identity", "stranger", name="nobody")),
    (
        "consensus that is not on offer",
        {"EpochConsensusNotOffered"},
        intent("set_hyperparameter", "owner", netuid=here, name="epoch_consensus", value="Null"),
    ),
    (
        "axon without registration",
        NOT_REGISTERED,
        raw("serve_axon", "validator", signer="hotkey", netuid=elsewhere, **ENDPOINT),
    ),
    (
        "axon with an address of no kind",
        {"InvalidIpType", "InvalidIpAddress"},
        raw("serve_axon", "validator", signer="hotkey", netuid=here, **{**ENDPOINT, "ip_type": 5}),
    ),
    (
        "axon at port 0",
        {"InvalidPort"},
        raw("serve_axon", "validator", signer="hotkey", netuid=here, **{**ENDPOINT, "port": 0}),
    ),
    (
        "weights without registration",
        NOT_REGISTERED,
        raw(
            "set_mechanism_weights",
            "validator",
            signer="hotkey",
            netuid=elsewhere,
            mecid=0,
            dests=[0],
            weights=[1],
            version_key=0,
        ),
    ),
    (
        "take above the greatest",
        {"DelegateTakeTooHigh"},
        raw("increase_take", "validator", hotkey=validator, take=60_000),
    ),
    (
        "take of somebody else's hotkey",
        {"NonAssociatedColdKey"},
        raw("decrease_take", "stranger", hotkey=validator, take=1),
    ),
]

STEPS = [
    *((f"refused: {what}", refused(names, attempt)) for what, names, attempt in ATTEMPTS),
    ("refused: batch with one bad call", batch_rolls_back),
    ("refused: price limit that cannot be met", limit_that_cannot_be_met),
    ("refused: parameter by a stranger", parameter_of_somebody_else),
    ("refused: root's setter by an account", setter_of_root),
]
