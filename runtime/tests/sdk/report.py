"""Outcomes of named steps: collected, printed as they come, summed up in a table and one line.

The closing line has the form that Rust's test harness prints, so that `cargo xtask test` counts it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable

#: The longest that a single step may take, in seconds.
STEP_LIMIT_S = 240.0
#: The longest that all steps of all scripts may take, in seconds; those that come later do not run and have failed.
TOTAL_LIMIT_S = 1_200.0
#: How much of what a step found is printed, in characters.
DETAIL_LIMIT = 240
#: When the scripts began.
BEGIN = time.monotonic()


class CheckFailed(Exception):
    """What the chain did is not what it should have done."""


def check(condition: object, what: str) -> None:
    """Fails the step that is running unless `condition` holds; `what` says what was expected."""
    if not condition:
        raise CheckFailed(what)


def equal(what: str, actual: object, expected: object) -> None:
    """Fails the step that is running unless both are equal."""
    check(actual == expected, f"{what} is {actual!r}, expected {expected!r}")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one step. `detail` is what it found, or why it failed."""

    name: str
    ok: bool
    detail: str
    seconds: float


class Report:
    """The outcomes of one script."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.outcomes: list[Outcome] = []

    async def step(self, name: str, work: Callable[[], Awaitable[str | None]]) -> bool:
        """Runs `work` as the step `name`; whatever it raises is its outcome. Returns whether it succeeded."""
        started = time.monotonic()
        left = TOTAL_LIMIT_S - (started - BEGIN)
        if left <= 0:
            self.add(name, False, f"not run: the steps before took {TOTAL_LIMIT_S:.0f} s", 0.0)
            return False
        try:
            detail = await asyncio.wait_for(work(), min(STEP_LIMIT_S, left)) or ""
            ok = True
        except asyncio.TimeoutError:
            ok, detail = False, f"not done after {time.monotonic() - started:.0f} s"
        except Exception as error:  # noqa: BLE001 - every failure is this step's outcome, the next ones still run
            ok, detail = False, described(error)
        self.add(name, ok, detail, time.monotonic() - started)
        return ok

    def add(self, name: str, ok: bool, detail: str, seconds: float) -> None:
        """Notes and prints an outcome."""
        self.outcomes.append(Outcome(name, ok, detail, seconds))
        mark = "ok    " if ok else "FAILED"
        print(f"  {mark} {name:<44} {seconds:6.2f} s  {shortened(detail)}", flush=True)

    @property
    def failed(self) -> list[Outcome]:
        """The steps that failed."""
        return [outcome for outcome in self.outcomes if not outcome.ok]

    def summary(self) -> None:
        """Prints what failed and why, once more and together."""
        for outcome in self.failed:
            print(f"  {outcome.name} FAILED: {shortened(outcome.detail)}")
        seconds = sum(outcome.seconds for outcome in self.outcomes)
        passed = len(self.outcomes) - len(self.failed)
        print(f"{self.title}: {passed} of {len(self.outcomes)} steps passed in {seconds:.0f} s", flush=True)


def shortened(text: str) -> str:
    """At most so much of a text as fits a line or two."""
    return text if len(text) <= DETAIL_LIMIT else text[: DETAIL_LIMIT - 1] + "…"


def described(error: BaseException) -> str:
    """An error with what the SDK knows about it: the chain's own name for it, if it has one."""
    name = getattr(error, "name", None)
    text = " ".join(str(error).split()) or "no message"
    return f"{type(error).__name__}{f' {name}' if name else ''}: {text}"


def closing_line(reports: list[Report]) -> str:
    """All reports in the one line that is counted."""
    failed = sum(len(report.failed) for report in reports)
    passed = sum(len(report.outcomes) for report in reports) - failed
    word = "FAILED" if failed else "ok"
    return f"test result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out"
