#!/usr/bin/env python3
"""Drives a development node with the Bittensor SDK and its command line, both unmodified.

    run.py --node path/to/ganglion-node                  # everything
    run.py --node path/to/ganglion-node transactions     # one script
    run.py --endpoint ws://127.0.0.1:9944 coverage       # a node that runs already

Needs what requirements.txt names. Exit status: 0 when every step succeeded, 1 otherwise, 2 without a node.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path

import node

#: The scripts in the order in which they run. Coverage runs twice where there is something in between: on an empty
#: chain and on one that the others have filled.
SCRIPTS = ("coverage", "transactions", "newcomer")


def main() -> int:
    """Reads the command line, starts what is needed and runs the scripts. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--node", type=Path, help="the node's binary; it runs for as long as the scripts do")
    where.add_argument("--endpoint", help="a development node that runs already")
    parser.add_argument("--sealing", type=int, default=250, help="milliseconds between the node's blocks")
    parser.add_argument("--only", help="transactions: only steps whose name contains this")
    parser.add_argument("scripts", nargs="*", choices=[*SCRIPTS, []], help="which scripts (all of them)")
    arguments = parser.parse_args()
    with node.scratch_folder() as name, contextlib.ExitStack() as running:
        folder = Path(name)
        node.scratch(folder)
        try:
            endpoint = arguments.endpoint or running.enter_context(
                node.development_node(arguments.node, arguments.sealing, folder)
            )
        except (OSError, node.NodeFailed) as error:
            print(f"no node: {error}", file=sys.stderr)
            return 2
        return asyncio.run(scripts(arguments.scripts or SCRIPTS, endpoint, folder / "wallets", arguments.only))


def heading(text: str) -> None:
    """Says which script comes."""
    print(f"\n-- {text}", flush=True)


async def scripts(names: list[str] | tuple[str, ...], endpoint: str, wallets: Path, only: str | None) -> int:
    """Runs these scripts against a node and prints the closing line."""
    # Imported here: the SDK reads its environment when it is imported.
    import coverage
    import newcomer
    import transactions
    from report import closing_line

    reports = []
    filled = [name for name in ("transactions", "newcomer") if name in names]
    if "coverage" in names:
        heading("coverage of the chain as it starts" if filled else "coverage")
        reports.append(await coverage.run(endpoint, "coverage"))
    if "transactions" in names:
        heading("transactions")
        reports.append(await transactions.run(endpoint, wallets, only))
    if "newcomer" in names:
        heading("a newcomer's path")
        reports.append(await newcomer.run(endpoint, wallets))
    if "coverage" in names and filled:
        heading("coverage of a chain in use")
        reports.append(await coverage.run(endpoint, "coverage of a chain in use"))
    print()
    for report in reports:
        report.summary()
    print(closing_line(reports))
    return 1 if any(report.failed for report in reports) else 0


if __name__ == "__main__":
    raise SystemExit(main())
