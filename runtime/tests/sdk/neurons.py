"""Steps about registration and what a neuron publishes."""

from __future__ import annotations

import ipaddress

from chain import RAO_PER_TAO, SUBTENSOR, Person
from report import check, equal
from world import World

#: A difficulty that one processor meets in an instant: a proof is good for five blocks only.
EASY = 10_000
#: Bytes that are no text, so that they read back as hexadecimal.
PUBLIC_KEY = b"\xfe" * 32


async def burned_register(world: World) -> str:
    """The SDK sends it encrypted; the uid exists afterwards, the burn was paid and the next one is higher."""
    chain, person, netuid = world.chain, world.miner, world.netuid
    burn = (await chain.client.read("burn", netuid=netuid)).rao
    before = await chain.free(person.cold)
    result = await chain.execute("burned_register", person, netuid=netuid)
    # The SDK counts the carrier's nonce only, not that of what it carried, and would use the latter again.
    chain.client._substrate.raw.clear_nonce_cache_for_account(person.cold)
    check(result.data.get("shielded"), "it did not go through the shield")
    uid = await chain.uid(person, netuid)
    paid = before - await chain.free(person.cold)
    check(paid > 0, "it cost nothing")
    check(paid <= burn + RAO_PER_TAO // 10, f"it cost {paid} rao, the burn was {burn}")
    netuids = await chain.client.read("netuids_for_hotkey", hotkey_ss58=person.hot)
    equal("the hotkey's subnets", netuids, [netuid])
    return f"uid {uid} for {paid} rao"


async def pow_register(world: World) -> str:
    """A proof instead of money: the uid exists, and not even a fee was paid."""
    chain, person, netuid = world.chain, world.worker, world.netuid
    await chain.execute(
        "set_hyperparameter", world.owner, netuid=netuid, name="network_pow_registration_allowed", value=1
    )
    for function, name in (("sudo_set_min_difficulty", "min_difficulty"), ("sudo_set_difficulty", "difficulty")):
        await chain.sudo("AdminUtils", function, {"netuid": netuid, name: EASY}, world.owner)
    await chain.execute("transfer", world.owner, dest_ss58=person.cold, amount_tao="1")
    before = await chain.free(person.cold)
    intent = await chain.client.mine_pow_registration(netuid, person.hot, person.cold, workers=2, backend="cpu")
    (await chain.client.execute(intent, person)).raise_for_failure()
    uid = await chain.uid(person, netuid)
    equal("what the worker has", await chain.free(person.cold), before)
    return f"uid {uid}, nonce {intent.nonce}"


async def root_register(world: World) -> str:
    """A validator has a seat on the root network."""
    chain, person = world.chain, world.validator
    await chain.execute("root_register", person)
    uid = await chain.uid(person, 0)
    netuids = await chain.client.read("netuids_for_hotkey", hotkey_ss58=person.hot)
    check(0 in netuids, f"the hotkey's subnets are {netuids}")
    return f"uid {uid} on subnet 0"


async def registrations_in_the_clear(world: World) -> str:
    """The validator registers by a raw call; so does the miner, if it has no seat: later steps need both."""
    chain, netuid = world.chain, world.netuid
    if await chain.client.read("uid", hotkey_ss58=world.miner.hot, netuid=netuid) is None:
        await chain.register(world.miner, netuid)
    uid = await chain.register(world.validator, netuid)
    neurons = await chain.client.read("neurons", netuid=netuid, lite=True)
    equal("the uids", [neuron.uid for neuron in neurons], list(range(len(neurons))))
    equal("the hotkey of that uid", neurons[uid].hotkey, world.validator.hot)
    return f"uid {uid} of {len(neurons)}"


async def published(world: World, person: Person) -> dict:
    """What a neuron has published, from the runtime API that the SDK asks."""
    neurons = await world.chain.client.read("neurons", netuid=world.netuid, lite=True)
    return next(neuron.raw for neuron in neurons if neuron.hotkey == person.hot)


async def pause_between_serving(world: World) -> None:
    """Waits as long as the subnet's rate limit asks for."""
    await world.chain.wait(int(await world.chain.value(SUBTENSOR.ServingRateLimit, world.netuid)) + 1)


async def serve_axon(world: World) -> str:
    """The endpoint reads back from the neuron and from the typed metagraph."""
    chain, person = world.chain, world.miner
    await chain.execute("serve_axon", person, netuid=world.netuid, ip="192.0.2.7", port=8091, protocol=4, version=9)
    axon = (await published(world, person))["axon_info"]
    equal("the address", int(axon["ip"]), int(ipaddress.ip_address("192.0.2.7")))
    fields = [axon[name] for name in ("port", "ip_type", "protocol", "version")]
    equal("port, kind, protocol and version", fields, [8091, 4, 4, 9])
    graph = await chain.client.subnets.metagraph(world.netuid)
    equal("the axon in the metagraph", graph.by_hotkey(person.hot).axon, "192.0.2.7:8091")
    return graph.by_hotkey(person.hot).axon


async def serve_axon_tls(world: World) -> str:
    """As above by IPv6, and the certificate reads back."""
    chain, person = world.chain, world.miner
    await pause_between_serving(world)
    certificate = "0x01" + PUBLIC_KEY.hex()
    await chain.execute(
        "serve_axon_tls", person, netuid=world.netuid, ip="2001:db8::7", port=8092, certificate=certificate
    )
    axon = (await published(world, person))["axon_info"]
    equal("the address", int(axon["ip"]), int(ipaddress.ip_address("2001:db8::7")))
    equal("its kind", axon["ip_type"], 6)
    stored = await chain.value(SUBTENSOR.NeuronCertificates, world.netuid, person.hot)
    equal("the certificate", stored, {"public_key": "0x" + PUBLIC_KEY.hex(), "algorithm": 1})
    return "certificate of 32 bytes"


async def serve_prometheus(world: World) -> str:
    """The metrics' endpoint reads back."""
    chain, person = world.chain, world.miner
    await pause_between_serving(world)
    await chain.execute("serve_prometheus", person, netuid=world.netuid, ip="192.0.2.8", port=7091)
    info = (await published(world, person))["prometheus_info"]
    equal("the endpoint", (int(info["ip"]), info["port"]), (int(ipaddress.ip_address("192.0.2.8")), 7091))
    return "192.0.2.8:7091"


async def reset_axon(world: World) -> str:
    """The endpoint has no address any more."""
    await pause_between_serving(world)
    await world.chain.execute("reset_axon", world.miner, netuid=world.netuid)
    axon = (await published(world, world.miner))["axon_info"]
    equal("the address", int(axon["ip"]), 0)
    graph = await world.chain.client.subnets.metagraph(world.netuid)
    equal("the axon in the metagraph", graph.by_hotkey(world.miner.hot).axon, None)
    return "no address"


async def set_identity(world: World) -> str:
    """A coldkey with a registered hotkey has a name and all its fields read back."""
    chain, person = world.chain, world.miner
    fields = {
        "name": "a miner",
        "url": "https://example.org",
        "github_repo": "https://example.org/repository",
        "image": "https://example.org/image.png",
        "discord": "miner",
        "description": "τ: mines for the tests",
        "additional": "more",
    }
    await chain.execute("set_identity", person, **fields)
    equal("the identity", await chain.client.read("identity", coldkey_ss58=person.cold), fields)
    named = await chain.client.read("hotkey_identities", hotkey_ss58s=[person.hot])
    equal("the hotkey's identity", named, {person.hot: fields})
    return "all fields read back"


async def trim_subnet(world: World) -> str:
    """The owner makes the subnet smaller: one neuron goes, the others have the uids from zero on."""
    chain, netuid = world.chain, world.netuid
    # So that neither the block of the next epoch nor the step before decides whether the owner may.
    for function, arguments in (
        ("sudo_set_admin_freeze_window", {"window": 0}),
        ("sudo_set_owner_hparam_rate_limit", {"epochs": 0}),
        ("sudo_set_immunity_period", {"netuid": netuid, "immunity_period": 0}),
    ):
        await chain.sudo("AdminUtils", function, arguments, world.owner)
    before = await chain.client.read("neurons", netuid=netuid, lite=True)
    await chain.execute("trim_subnet", world.owner, netuid=netuid, max_n=len(before) - 1)
    after = await chain.client.read("neurons", netuid=netuid, lite=True)
    equal("the uids", [neuron.uid for neuron in after], list(range(len(before) - 1)))
    gone = {neuron.hotkey for neuron in before} - {neuron.hotkey for neuron in after}
    equal("how many went", len(gone), 1)
    for neuron in after:
        equal("the hotkey's uid", await chain.client.read("uid", hotkey_ss58=neuron.hotkey, netuid=netuid), neuron.uid)
    return f"{len(before)} -> {len(after)}"


#: What later steps could not do without.
LAST = [("trim_subnet", trim_subnet)]

STEPS = [
    ("burned_register", burned_register),
    ("burned_register in the clear", registrations_in_the_clear),
    ("pow_register", pow_register),
    ("root_register", root_register),
    ("serve_axon", serve_axon),
    ("serve_axon_tls", serve_axon_tls),
    ("serve_prometheus", serve_prometheus),
    ("reset_axon", reset_axon),
    ("set_identity", set_identity),
]
