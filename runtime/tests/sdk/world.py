"""Who takes part in the transactions, and what earlier steps have left for later ones."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from chain import Chain, Person, newcomer, well_known
from report import CheckFailed


@dataclasses.dataclass
class World:
    """The people, and the subnets that they made."""

    chain: Chain
    #: Owns the subnets; on a development chain also the root key.
    owner: Person
    #: Stakes and sets weights.
    validator: Person
    #: Registers for the burn and serves.
    miner: Person
    #: Owns nothing and tries all the same.
    stranger: Person
    #: Has keys from a new wallet, and money only after the first step.
    newcomer: Person
    #: Gives everything away again.
    passer: Person
    #: Registers with work instead of money.
    worker: Person
    #: The subnet where things happen.
    subnet: int | None = None
    #: The subnet whose parameters are turned, so that the other one keeps its pace.
    turned: int | None = None

    @classmethod
    def at_start(cls, chain: Chain, wallets: Path) -> World:
        """The people before anything happened."""
        return cls(
            chain,
            owner=well_known("Alice"),
            validator=well_known("Bob"),
            miner=well_known("Charlie"),
            stranger=well_known("Dave"),
            newcomer=newcomer("newcomer", wallets),
            passer=newcomer("passer", wallets),
            worker=newcomer("worker", wallets),
        )

    @property
    def netuid(self) -> int:
        """The subnet where things happen."""
        if self.subnet is None:
            raise CheckFailed("there is no subnet: its registration failed")
        return self.subnet

    @property
    def turned_netuid(self) -> int:
        """The subnet whose parameters are turned."""
        if self.turned is None:
            raise CheckFailed("there is no second subnet: its registration failed")
        return self.turned
