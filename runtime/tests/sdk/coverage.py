"""How much of the SDK works against a chain: every read asked, every intent planned, every setter composed.

The totals count all tiers; a failure in tier 1 fails the script.
"""

from __future__ import annotations

import probes
from chain import Person, connected, well_known
from paths import paths
from probes import Row
from report import Report
from samples import Sample

#: Which person's accounts the questions are about.
ASKED_ABOUT = "Bob"


async def run(endpoint: str, title: str) -> Report:
    """Asks the node at `endpoint` everything and prints the totals."""
    report = Report(title)
    async with connected(endpoint) as client:
        person = well_known(ASKED_ABOUT)
        sample = sample_for(person, await client.block())
        rows = await probes.reads(client, sample)
        rows += await probes.intents(client, person, sample)
        rows += await probes.setters(client, sample)
        rows += await paths(client, person, sample)
        catalogue = await probes.raw_calls(client)
    for row in rows:
        if row.tier == "T1":
            name = f"{row.kind} {row.name}"
            report.add(name, row.usable, row.detail if row.ok else f"[{row.status}] {row.detail}", row.seconds)
    totals(rows)
    raw_calls(catalogue)
    return report


def sample_for(person: Person, block: int) -> Sample:
    """Questions about a person, the first two subnets and the newest block."""
    return Sample(
        coldkey=person.cold,
        hotkey=person.hot,
        other=well_known("Alice").cold,
        third=well_known("Charlie").cold,
        netuid=1,
        netuid2=2,
        uid=0,
        mechid=0,
        block=max(block, 1),
        amount="1",
        lease_id=0,
        crowdloan_id=0,
    )


def totals(rows: list[Row]) -> None:
    """Prints what works by tier and kind, and what does not in the tiers that may still be incomplete."""

    def count(kind: str, good, tier: str | None = None) -> str:
        chosen = [row for row in rows if row.kind == kind and tier in (None, row.tier)]
        return f"{sum(bool(good(row)) for row in chosen)}/{len(chosen)}"

    def line(tier: str | None) -> str:
        intents = f"compose {count('intent', lambda row: row.composes, tier)}"
        intents += f", usable {count('intent', lambda row: row.usable, tier)}"
        intents += f", plan {count('intent', lambda row: row.ok, tier)}"
        return f"reads {count('read', lambda row: row.ok, tier)}, intents {intents}"

    for tier in ("T1", "T2", "T3"):
        print(f"  {tier}: {line(tier)}")
    setters, paths_ = count("setter", lambda row: row.ok), count("path", lambda row: row.ok)
    print(f"  all: {line(None)}, owner's setters {setters}, other paths {paths_}")
    for tier in ("T2", "T3"):
        for kind in ("read", "intent"):
            absent = [row.name for row in rows if (row.tier, row.kind) == (tier, kind) and not row.usable]
            if absent:
                print(f"  {tier} {kind}s that do not work yet: {', '.join(absent)}")


def raw_calls(catalogue: dict[str, tuple[list[str], list[str]]]) -> None:
    """Prints how much of the SDK's catalogue of calls the chain has, by pallet."""
    have = sum(len(present) for present, _ in catalogue.values())
    print(f"  calls of the SDK's catalogue: {have}/{sum(len(a) + len(b) for a, b in catalogue.values())}")
    for pallet, (present, absent) in sorted(catalogue.items()):
        if present and absent:
            print(f"    {pallet} {len(present)}/{len(present) + len(absent)}, not: {', '.join(absent)}")
    print(f"    none of: {', '.join(sorted(name for name, (present, _) in catalogue.items() if not present))}")
