"""The chain as these scripts see it: the SDK's client, people with keys, and what is common to all steps."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bittensor import calls
from bittensor._generated import storage
from bittensor.client import Client
from bittensor.intents import build
from bittensor.result import BittensorError, ExtrinsicResult
from bittensor.wallet import Wallet
from bittensor_core import Keypair

from report import check

#: The pallet of nearly everything below.
SUBTENSOR = storage.SubtensorModule
RAO_PER_TAO = 10**9
#: What a transaction may cost in fees at most: what is missing beyond it was taken for something else.
FEE_LIMIT_RAO = RAO_PER_TAO // 10
#: How long to wait for a block before the node counts as stuck, in seconds.
BLOCK_LIMIT_S = 60.0
#: How long closing a connection may take, in seconds.
CLOSE_LIMIT_S = 10.0


class Person:
    """A coldkey and a hotkey in the shape that the SDK takes as a wallet."""

    def __init__(self, name: str, coldkey: Keypair, hotkey: Keypair) -> None:
        self.name = name
        self.coldkey = self.coldkeypub = coldkey
        self.hotkey = self.hotkeypub = hotkey

    @property
    def cold(self) -> str:
        """The coldkey's address."""
        return self.coldkey.ss58_address

    @property
    def hot(self) -> str:
        """The hotkey's address."""
        return self.hotkey.ss58_address


def well_known(name: str) -> Person:
    """One of the development chain's rich accounts, with a hotkey of its own."""
    uri = f"//{name}"
    return Person(name, Keypair.create_from_uri(uri), Keypair.create_from_uri(f"{uri}//hotkey"))


def newcomer(name: str, wallets: Path) -> Person:
    """Somebody new, whose keys come from a wallet that the SDK makes in the folder `wallets`."""
    wallet = Wallet(name, path=str(wallets))
    wallet.create_new_coldkey(use_password=False, suppress=True)
    wallet.create_new_hotkey(use_password=False, suppress=True)
    return Person(name, wallet.coldkey, wallet.hotkey)


@dataclasses.dataclass
class Chain:
    """A connection, with everything that a step does to the chain or asks it."""

    client: Client

    async def execute(self, op: str, person: Person, **arguments: Any) -> ExtrinsicResult:
        """Carries out an intent and waits for its finalised block; raises what the chain says if it fails."""
        result = await self.client.execute(build(op, arguments), person)
        return result.raise_for_failure()

    async def call(
        self, pallet: str, function: str, arguments: dict[str, Any], person: Person, signer: str = "coldkey"
    ) -> ExtrinsicResult:
        """Submits a call that no intent wraps, or that is to go out unshielded."""
        call = calls.Call(pallet, function, arguments)
        return (await self.client.submit_call(call, person, signer=signer)).raise_for_failure()

    async def sudo(self, pallet: str, function: str, arguments: dict[str, Any], root: Person) -> ExtrinsicResult:
        """Submits a call as root."""
        inner = await self.client.compose(calls.Call(pallet, function, arguments))
        return (await self.client.submit_call(calls.Sudo.sudo(call=inner), root)).raise_for_failure()

    async def register(self, person: Person, netuid: int) -> int:
        """Registers a person's hotkey for the burn, in the clear, and returns its uid."""
        await self.call("SubtensorModule", "burned_register", {"netuid": netuid, "hotkey": person.hot}, person)
        return await self.uid(person, netuid)

    async def uid(self, person: Person, netuid: int) -> int:
        """The uid of a person's hotkey, which has to be registered."""
        uid = await self.client.read("uid", hotkey_ss58=person.hot, netuid=netuid)
        check(uid is not None, f"{person.name}'s hotkey has no uid on subnet {netuid}")
        return int(uid)

    async def free(self, address: str) -> int:
        """The free balance of an account, in rao."""
        return int((await self.client.read("balance", coldkey_ss58=address)).rao)

    async def stake(self, person: Person, netuid: int, hotkey: str | None = None) -> int:
        """What a person's coldkey has staked on a hotkey (its own if none is given), in rao of that subnet's token."""
        amount = await self.client.read(
            "stake", coldkey_ss58=person.cold, hotkey_ss58=hotkey or person.hot, netuid=netuid
        )
        return int(amount.rao)

    async def value(self, item: Any, *keys: Any) -> Any:
        """The value of a storage item of the SDK's catalogue at the newest block."""
        return await self.client.query(item, list(keys))

    async def wait_for(self, block: int) -> None:
        """Returns once the chain has this block."""
        await self.client.wait_for_block(block, timeout=BLOCK_LIMIT_S)

    async def wait(self, blocks: int) -> None:
        """Returns that many blocks later."""
        await self.wait_for(await self.client.block() + blocks)

    async def until(self, what: str, condition: Any, blocks: int) -> Any:
        """Asks `condition` block by block until it answers with something true; fails after `blocks` blocks."""
        for _ in range(blocks):
            answer = await condition()
            if answer:
                return answer
            await self.wait(1)
        check(False, f"after {blocks} blocks still not: {what}")

    async def refused(self, names: set[str], person: Person, attempt: Any) -> str:
        """Awaits `attempt`, which has to fail with one of the chain's error names and cost no more than fees."""
        before = await self.free(person.cold)
        try:
            await attempt
        except BittensorError as error:
            name = getattr(error, "name", None)
            check(name in names, f"refused with {name or type(error).__name__} ({error}), expected {sorted(names)}")
        else:
            check(False, f"it succeeded, expected {sorted(names)}")
        lost = before - await self.free(person.cold)
        check(lost <= FEE_LIMIT_RAO, f"the refused transaction took {lost} rao")
        return f"{name}, as it should"


@contextlib.asynccontextmanager
async def connected(endpoint: str) -> AsyncIterator[Client]:
    """A client of the node at `endpoint` and of no other, for as long as the block lasts."""
    client = Client(endpoint, fallback_endpoints=[], archive_endpoints=[])
    await asyncio.wait_for(client.connect(), BLOCK_LIMIT_S)
    try:
        yield client
    finally:
        # A client whose requests failed half-way may wait for ever for their answers.
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(client.close(), CLOSE_LIMIT_S)
