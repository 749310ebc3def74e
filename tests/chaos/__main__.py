"""`python -m tests.chaos [--runs N] [--seed S]`: a campaign of fault runs, the planted bugs, and `.local/chaos.json`.

Invariant: the report is on disk after every run, so that a campaign that is cut short has said what it found.
"""

import argparse
import asyncio
import logging
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.layout import STATE
from tests.chaos.campaign import Campaign, Run
from tests.chaos.checker import INVARIANTS, SAME_STATE, Violation
from tests.chaos.faults import chosen, impossible
from tests.chaos.planting import PLANTED, caught
from tests.chaos.report import Recovery, Report, Tally, Violated
from tests.chaos.world import World, open_world

RUNS = 200
WORLD_RUNS = 20
"""Runs before a new world begins: a world's topics and tables grow with every run, and so does reading them."""
CONVERGENCE = 11


class Account:
    """What has come of the campaign so far, written down after every run."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._runs: list[Run] = []
        self._planted: dict[str, bool] = {}
        self._recovery: dict[str, float] = dict.fromkeys(("service", "postgres", "kafka"), 0.0)

    def add(self, run: Run, world: World) -> None:
        """One more run."""
        self._runs.append(run)
        self._slowest(world)
        self.write()

    def plant(self, bug: str, found: list[Violation], world: World) -> None:
        """One more planted bug, and by what it was caught."""
        self._planted[bug] = bool(found)
        self._slowest(world)
        self.write()

    @property
    def report(self) -> Report:
        """All of it."""
        judged = Counter(number for run in self._runs for number in run.checked)
        violated = Counter(number for run in self._runs for number in {one.invariant for one in run.violations})
        return Report(
            runs=len(self._runs),
            seeds=[run.seed for run in self._runs],
            acknowledged=sum(run.acknowledged for run in self._runs),
            unknown_resolved=sum(run.unknown_resolved for run in self._runs),
            violations=[
                Violated(seed=run.seed, invariant=one.invariant, what=one.what, repeat=run.repeat)
                for run in self._runs
                for one in run.violations
            ],
            by_fault=dict(sorted(Counter(name for run in self._runs for name in run.faults).items())),
            by_invariant={
                str(number): Tally(checked=judged[number], violated=violated[number])
                for number in (*INVARIANTS, SAME_STATE)
            },
            planted_bugs=self._planted,
            recovery_seconds=Recovery(**self._recovery),
        )

    def write(self) -> None:
        """Put it on disk."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(self.report.model_dump_json(indent=1) + "\n", encoding="utf-8")

    def _slowest(self, world: World) -> None:
        for what, seconds in world.recovery_seconds.items():
            self._recovery[what] = round(max([self._recovery[what], *seconds]), 2)


def run_seeds(seeds: list[int], account: Account) -> None:
    """Run them, a new world every so often and whenever one could not be mended."""
    left = list(seeds)
    while left:
        with _world() as world:
            campaign = Campaign(world)
            for fault, why in impossible(world).items():
                _say(f"not injected on this machine: {fault}: {why}")
            for seed in left[:WORLD_RUNS]:
                left.remove(seed)
                run, whole = _run(campaign, seed)
                account.add(run, world)
                _say(str(run))
                if not whole:
                    break


def plant_bugs(account: Account) -> None:
    """Plant each bug into a world of their own."""
    with _world() as world:
        campaign = Campaign(world)
        for bug in PLANTED:
            found = asyncio.run(caught(campaign, bug))
            account.plant(bug, found, world)
            _say(f"planted {bug}: {f'caught, [{found[0].invariant}] {found[0].what}' if found else 'NOT CAUGHT'}")


def _run(campaign: Campaign, seed: int) -> tuple[Run, bool]:
    """One seed; a world that breaks down under it is a violation of that seed, and of no use any more."""
    try:
        return asyncio.run(campaign.run(seed)), True
    except Exception as broken:  # noqa: BLE001 - whatever it is, the seed that did it is to be named
        traceback.print_exc()
        what = Violation(CONVERGENCE, f"the run could not be brought to its end: {type(broken).__name__}: {broken}")
        return Run(seed, chosen(seed), 0, 0, [what], [CONVERGENCE]), False


@contextmanager
def _world() -> Iterator[World]:
    world = open_world()
    try:
        yield world
    finally:
        world.close()


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main() -> int:
    """Run what the command line asks for; 1 when anything was violated or a planted bug was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="seeded fault runs of the whole suite")
    parser.add_argument("--runs", type=int, help=f"how many seeds; {RUNS}, or 1 where a seed is given")
    parser.add_argument("--seed", type=int, help="the first seed; 1")
    parser.add_argument("--report", type=Path, default=STATE / "chaos.json", help="where the report goes")
    wanted = parser.parse_args()
    first, runs = wanted.seed or 1, wanted.runs or (1 if wanted.seed else RUNS)
    if first < 1 or runs < 1:
        parser.error("--runs and --seed: give numbers from 1")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that Kafka is away is no news here
    account = Account(wanted.report)
    run_seeds(list(range(first, first + runs)), account)
    plant_bugs(account)
    report = account.report
    _say(
        f"{report.runs} runs, {report.acknowledged} acknowledged, {report.unknown_resolved} unknown and resolved, "
        f"{len(report.violations)} violations; {wanted.report}"
    )
    return 1 if report.violations or not all(report.planted_bugs.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
