"""A newcomer's path with `btcli` alone: a wallet, money, a subnet, a seat on it, stake, weights, and out again.

Nothing is asked at a prompt, and each answer is checked: JSON by its fields, what is for people by its being there.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from bittensor.wallet import Wallet
from bittensor_core import Keypair

from report import Report, check, equal

#: The development account that pays for the first step.
BENEFACTOR = "//Alice"
#: How long one command may take, in seconds: encrypted submissions wait for blocks at the SDK's own pace.
COMMAND_LIMIT_S = 120.0
#: What a newcomer looks at.
VIEWS = ("subnets metagraph NETUID", "subnets hyperparameters NETUID", "subnets list", "stake list", "wallet overview")
#: How many times to look, half a second apart, for something that takes an epoch or a delay.
LOOKS = 120


class Cli:
    """`btcli` with a network and a wallet folder."""

    def __init__(self, endpoint: str, wallets: Path) -> None:
        self.wallets = wallets
        self.binary = Path(sys.executable).with_name("btcli")
        self.place = ["--network", endpoint, "--fallback-endpoints", "none", "--archive-endpoints", "none"]
        self.place += ["--wallet-path", str(wallets)]

    async def __call__(self, *words: str, **how: Any) -> Any:
        """Runs a command as `status` does and returns its answer; fails unless its exit status is 0."""
        status, answer, errors = await self.status(*words, **how)
        check(status == 0, f"`btcli {' '.join(words)}` ended with {status}: {brief(answer, errors)}")
        if isinstance(answer, dict) and "success" in answer:
            check(answer["success"], f"`btcli {' '.join(words)}`: {brief(answer, errors)}")
        return answer

    async def status(
        self, *words: str, wallet: str = "newcomer", hotkey: str = "default", ask: bool = False, text: bool = False
    ) -> tuple[int, Any, str]:
        """Runs a command; returns its exit status, its answer and what it wrote to the error stream.

        `ask`: it has a prompt to skip. `text`: it answers as people see it and not in JSON.
        """
        command = [str(self.binary), *words, *self.place, "--wallet", wallet, "--wallet-hotkey", hotkey]
        process = await asyncio.create_subprocess_exec(
            *command,
            *(["--yes"] if ask else []),
            *([] if text else ["--json"]),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            output, errors = await asyncio.wait_for(process.communicate(), COMMAND_LIMIT_S)
        except asyncio.TimeoutError:
            check(False, f"`btcli {' '.join(words)}` is not done after {COMMAND_LIMIT_S:.0f} s")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0, parsed(output.decode()), errors.decode()


def parsed(output: str) -> Any:
    """What a command answered: JSON, or the text where it is none."""
    try:
        return json.loads(output)
    except ValueError:
        return output.strip()


def brief(answer: Any, errors: str) -> str:
    """The reason in a failed command's answer."""
    if isinstance(answer, dict):
        error = answer.get("error")
        if isinstance(error, dict):
            return f"{error.get('name') or error.get('code')}: {error.get('message')}"
        return str(error or answer.get("message") or answer)
    return f"{answer} {errors}".strip()[-400:]


class Journey:
    """The newcomer's steps, and what they leave for the next ones."""

    def __init__(self, cli: Cli) -> None:
        self.cli = cli
        self.address = ""
        self.netuid = ""

    async def wallet_create(self) -> str:
        """Keys on disk, addresses in the answer."""
        answer = await self.cli("wallet", "create", "--no-password")
        self.address = answer["coldkey_ss58"]
        listed = await self.cli("wallet", "list")
        names = [entry["coldkey"] for entry in listed["coldkeys"]]
        check("newcomer" in names, f"the wallet is not among {names}")
        await self.cli("wallet", "new-hotkey", hotkey="miner")
        return self.address

    async def transfer(self) -> str:
        """A benefactor sends enough for everything that follows."""
        keep(BENEFACTOR, "benefactor", self.cli.wallets)
        words = ["wallet", "transfer", "--dest", self.address, "--amount", "5000"]
        await self.cli(*words, wallet="benefactor", ask=True)
        answer = await self.cli("wallet", "balance")
        check("5000" in json.dumps(answer).replace(",", ""), f"the balance is {answer}")
        return "5000 TAO"

    async def subnets_create(self) -> str:
        """A subnet of the newcomer's own."""
        answer = await self.cli("subnets", "create", ask=True)
        self.netuid = str(answer["data"]["netuid"])
        return f"subnet {self.netuid}"

    async def sudo_start(self) -> str:
        """The subnet starts as soon as its delay is over."""
        for _ in range(LOOKS):
            schedule = await self.cli("sudo", "check-start", "--netuid", self.netuid)
            if int(schedule["current_block"]) >= int(schedule["earliest_start_block"]):
                break
            await asyncio.sleep(0.5)
        await self.cli("sudo", "start", "--netuid", self.netuid, ask=True)
        return f"at block {schedule['current_block']}"

    async def subnets_register(self) -> str:
        """A second hotkey has a seat beside the owner's."""
        await self.cli("subnets", "register", "--netuid", self.netuid, hotkey="miner", ask=True)
        graph = await self.cli("subnets", "metagraph", self.netuid)
        equal("the seats", len(graph["hotkeys"]), 2)
        return "2 seats"

    async def stake_add(self) -> str:
        """Stake on the owner's hotkey, with the default price protection and encryption."""
        await self.cli("stake", "add", "--netuid", self.netuid, "--amount", "2", ask=True)
        answer = await self.cli("stake", "list")
        check(names_subnet(answer, self.netuid), f"no position on subnet {self.netuid}: {answer}")
        return "2 TAO"

    async def weights_commit(self) -> str:
        """Weights are committed as soon as the owner's hotkey has its permit."""
        name = "commit_reveal_weights_enabled"
        words = ["sudo", "set", "--netuid", self.netuid, "--name", name, "--value", "true"]
        await self.cli(*words, ask=True)
        words = ["weights", "commit", "--netuid", self.netuid, "--uids", "0,1", "--weights", "1,2"]
        for _ in range(LOOKS):
            status, answer, errors = await self.cli.status(*words, ask=True)
            if status == 0 or "NeuronNoValidatorPermit" not in json.dumps(answer):
                break
        check(status == 0, brief(answer, errors))
        return f"round {answer['data']['reveal_round']}"

    async def subnets_show(self) -> str:
        """The subnet, its owner and its seats are shown."""
        answer = await self.cli("subnets", "show", self.netuid)
        equal("the owner", answer["owner_coldkey"], self.address)
        equal("the seats", answer["neurons"], 2)
        listed = await self.cli("subnets", "list")
        check(names_subnet(listed, self.netuid), f"the subnet is not in the list: {listed}")
        return f"{answer['symbol']}, {answer['neurons']} of {answer['max_neurons']} seats"

    async def view(self, words: list[str]) -> str:
        """What people look at, as text: that needs more fields than the answer in JSON."""
        text = await self.cli(*[self.netuid if word == "NETUID" else word for word in words], text=True)
        lines = text.splitlines() if isinstance(text, str) else []
        check(len(lines) > 2, f"it shows {text!r}")
        return f"{len(lines)} lines"

    async def stake_remove(self) -> str:
        """Everything comes back."""
        # By now the position has earned more than a small pool sells within the default limit.
        words = ["stake", "remove", "--netuid", self.netuid, "--amount", "all", "--no-slippage-protection"]
        await self.cli(*words, ask=True)
        return "all of it"


def keep(uri: str, name: str, wallets: Path) -> None:
    """Writes a development key as the wallet `name`: the command line has no word for such keys."""
    keypair = Keypair.create_from_uri(uri)
    wallet = Wallet(name, path=str(wallets))
    wallet.coldkey_file.set_keypair(keypair, encrypt=False, overwrite=False)
    wallet.coldkeypub_file.set_keypair(keypair, encrypt=False, overwrite=False)


def names_subnet(answer: Any, netuid: str) -> bool:
    """Whether an answer has a record of this subnet."""
    return f'"netuid": {netuid},' in json.dumps(answer).replace("}", ",")


async def run(endpoint: str, wallets: Path) -> Report:
    """Walks the path against the node at `endpoint`, with wallets in this folder."""
    report = Report("newcomer")
    folder = wallets / "newcomer-path"
    folder.mkdir()
    path = Journey(Cli(endpoint, folder))
    for name, work in [
        ("btcli wallet create", path.wallet_create),
        ("btcli wallet transfer", path.transfer),
        ("btcli subnets create", path.subnets_create),
        ("btcli sudo start", path.sudo_start),
        ("btcli subnets register", path.subnets_register),
        ("btcli stake add", path.stake_add),
        ("btcli weights commit", path.weights_commit),
        ("btcli subnets show", path.subnets_show),
        *((f"btcli {view} as text", lambda words=view.split(): path.view(words)) for view in VIEWS),
        ("btcli stake remove", path.stake_remove),
    ]:
        await report.step(name, work)
    return report
