"""What the SDK and its command line ask the chain beside the registries of reads and intents."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import bittensor_core
from bittensor._generated import calls, runtime_apis
from bittensor.cli.helpers import coldkey_lock_context, fetch_root_basket_owed_for_coldkeys, wallet_balance_row
from bittensor.cli.hyperparams_view import fetch_hyperparameters
from bittensor.client import Client
from bittensor.intents.registration import neuron_registration_split

from chain import SUBTENSOR, Person
from probes import Row, ask
from report import check, equal
from samples import Sample

#: The longest era of the SDK's transactions, in blocks: finality may not lag behind by as much.
ERA_BLOCKS = 128
#: The size of an ML-KEM-768 encapsulation key, in bytes.
SHIELD_KEY_BYTES = 1_184


class Paths:
    """Each path as a method; what it returns is what it found."""

    def __init__(self, client: Client, person: Person, sample: Sample) -> None:
        self.client, self.person, self.sample = client, person, sample
        self.substrate = client._substrate

    async def items(self, *questions: tuple) -> None:
        """Asks for storage items of the subtensor pallet, one after the other."""
        for name, *keys in questions:
            await self.client.query(getattr(SUBTENSOR, name), list(keys))

    async def transaction_format(self) -> str:
        """Metadata and extrinsics are of the versions that the SDK builds."""
        codec = await self.substrate.raw._runtimes.codec_at(None)
        check(codec.is_v15, "the metadata is not version 15")
        equal("the extrinsic version", codec.extrinsic_version, 4)
        return ", ".join(codec.signed_extension_identifiers())

    async def fee(self) -> str:
        """A fee can be asked for."""
        call = await self.substrate.compose(calls.Balances.transfer_keep_alive(dest=self.sample.other, value=1))
        return str(await self.substrate.estimate_fee(call, self.person.coldkeypub))

    async def signing(self) -> str:
        """A mortal transaction is composed and signed."""
        call = await self.substrate.compose(calls.Balances.transfer_keep_alive(dest=self.sample.other, value=1))
        nonce = await self.substrate.account_next_index(self.person.cold)
        data, _ = await self.substrate.sign_extrinsic(call, self.person.coldkey, nonce=nonce, period=ERA_BLOCKS)
        self.substrate.raw.clear_nonce_cache_for_account(self.person.cold)
        return f"{len(data)} bytes"

    async def finality(self) -> str:
        """Finality keeps up with the head: eras are anchored at the finalised block."""
        lag = await self.client.block() - await self.client.finalized_block()
        check(lag < ERA_BLOCKS, f"the finalised head lags {lag} blocks behind: every default transaction is dead")
        return f"{lag} blocks behind"

    async def new_heads(self) -> str:
        """A new head is announced."""
        async for header in self.client.blocks():
            return f"block {header.number}"
        raise ConnectionError("the subscription ended without a block")

    async def events(self) -> str:
        """The events of the newest block decode."""
        events = await self.substrate.events(await self.substrate.block_hash())
        return f"{len(events)} events"

    async def typed_metagraph(self) -> str:
        """The metagraph with its commitments, as the SDK's own type."""
        return repr(await self.client.subnets.metagraph(self.sample.netuid))

    async def subnet_registration(self) -> str:
        """What the wait for a subnet's registration looks at."""
        netuid = self.sample.netuid
        await self.items(("SubnetLocked", netuid), ("SubnetOwner", netuid), ("SubnetOwnerHotkey", netuid))
        await self.items(("NetworkRegistrationQueue",), ("CurrentDissolveCleanupStatus",), ("DissolveCleanupQueue",))
        return "six items"

    async def proof_of_work(self) -> str:
        """What mining for a registration looks at."""
        netuid, hotkey = self.sample.netuid, self.sample.hotkey
        names = ("NetworkPowRegistrationAllowed", "Difficulty", "MinDifficulty", "MaxDifficulty")
        names += ("RegistrationsThisBlock", "MaxRegistrationsPerBlock")
        await self.items(*((name, netuid) for name in names))
        await self.items(("Uids", netuid, hotkey), ("LastPowRegistrationBlock", hotkey))
        return "eight items"

    async def shield_key(self) -> str:
        """The key for encrypted submissions is there, of the right size, and the SDK encrypts to it."""
        key = await self.substrate.mev_next_key()
        check(key, "MevShield.NextKey is unset: registration through the SDK is impossible")
        equal("the key's size", len(key), SHIELD_KEY_BYTES)
        return f"{len(bittensor_core.encrypt_mlkem768(key, b'probe', include_key_hash=True))} bytes of ciphertext"

    async def shield_fee(self) -> str:
        """The fee of an encrypted submission can be asked for."""
        return str(await self.client.estimate_shielded_carrier_fee(self.person.cold))

    async def wallet_balance(self) -> str:
        """`btcli wallet balance`"""
        row = await wallet_balance_row(self.client, "coverage", self.sample.coldkey)
        return f"{len(row)} columns"

    async def stake_list(self) -> str:
        """`btcli stake list`"""
        coldkey = self.sample.coldkey
        value = await self.client.read("stake_value_for_coldkey", coldkey_ss58=coldkey)
        await asyncio.gather(
            coldkey_lock_context(self.client, coldkey, value.positions),
            fetch_root_basket_owed_for_coldkeys(self.client, [coldkey]),
        )
        return f"{len(value.positions)} positions"

    async def subnets_list(self) -> str:
        """`btcli subnets list`"""
        subnets, *_ = await asyncio.gather(
            self.client.subnets.all(),
            self.client.read("subnet_names"),
            self.client.read("alpha_prices"),
            self.client.query_map(SUBTENSOR.MaxAllowedUids),
            self.client.query_map(SUBTENSOR.SubnetTaoInEmission),
            self.client.read("subnet_tao_flows"),
        )
        return f"{len(subnets)} subnets"

    async def subnets_show(self) -> str:
        """`btcli subnets show`"""
        netuid = self.sample.netuid
        names = ("NetworksAdded", "SubnetOwner", "SubnetOwnerHotkey", "NetworkRegisteredAt", "MaxAllowedUids")
        await self.items(*((name, netuid) for name in names))
        await self.client.read("subnet_identity", netuid=netuid)
        return str(await self.client.subnets.info(netuid))[:60]

    async def subnets_hyperparameters(self) -> str:
        """`btcli subnets hyperparameters`"""
        found = await fetch_hyperparameters(self.client, self.sample.netuid)
        return "no such subnet" if found is None else f"{len(found)} names"

    async def subnets_create(self) -> str:
        """The preview of `btcli subnets create`"""
        cost = await self.client.read("subnet_registration_cost")
        await self.client.query_map(SUBTENSOR.NetworksAdded)
        await self.items(("SubnetLimit",), ("DissolveCleanupQueue",), ("NetworkRegistrationQueue",))
        await self.client.runtime(runtime_apis.SubnetInfoRuntimeApi.get_subnet_to_prune, [])
        return str(cost)

    async def subnets_register(self) -> str:
        """The preview of `btcli subnets register`"""
        burn, lock = await neuron_registration_split(self.substrate, self.sample.netuid)
        return f"burn {burn}, lock {lock}"

    def all(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Every path with its name."""
        return [
            ("transaction format", self.transaction_format),
            ("fee", self.fee),
            ("signing", self.signing),
            ("finality", self.finality),
            ("new heads", self.new_heads),
            ("events", self.events),
            ("typed metagraph", self.typed_metagraph),
            ("subnet registration", self.subnet_registration),
            ("proof of work", self.proof_of_work),
            ("shield key", self.shield_key),
            ("shield fee", self.shield_fee),
            ("btcli wallet balance", self.wallet_balance),
            ("btcli stake list", self.stake_list),
            ("btcli subnets list", self.subnets_list),
            ("btcli subnets show", self.subnets_show),
            ("btcli subnets hyperparameters", self.subnets_hyperparameters),
            ("btcli subnets create", self.subnets_create),
            ("btcli subnets register", self.subnets_register),
        ]


async def paths(client: Client, person: Person, sample: Sample) -> list[Row]:
    """A row for every path."""
    return [await ask("path", name, "T1", work()) for name, work in Paths(client, person, sample).all()]
