"""One chaos run from the first process to the verdict, as steps."""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.chaos import evidence
from tests.chaos.checks import ALL, Check
from tests.chaos.clients import Clients
from tests.chaos.faults import Mischief
from tests.chaos.house import House
from tests.chaos.plan import BUSINESSES, Plan, Weather, Wish

SETTLE_SECONDS = 90.0
"""After the last fault and the last wish every job must have ended within this."""
_REFILL_SECONDS = 20.0
_REFILL_JOBS = 5


@dataclass(frozen=True)
class Verdict:
    """What a run showed."""

    report: str
    """For people: the faults, the figures, the wrong."""
    wrong: list[str]


def run(plan: Plan, folder: Path) -> Verdict:
    """Builds a house, brings it down in every way, lets it settle, and looks."""
    began = time.monotonic()
    with House(folder, plan) as house, (folder / "faults.log").open("w") as diary:
        clients = Clients(house.stack.url, plan)
        mischief = Mischief(house, clients, plan, diary)
        started = time.monotonic()
        clients.begin()
        mischief.begin()
        stormy = house.tend_until(lambda: mischief.over and clients.all_asked, SETTLE_SECONDS + plan.faults[-1].at + 30)
        late = _settle(house, clients)
        took = time.monotonic() - mischief.last_end
        refilled = _refill(house, clients, plan)
        clients.close()
        house.tend_until(lambda: house.sandbox.summary()["in_flight"] == 0, 10)
        clients.poll_everything()
        found = evidence.gather(house, clients)
        evidence.keep(found, folder / "evidence.json")
        exits = house.stop_in_order()
    checks = [check(found) for check in ALL]
    checks[0].figures += f"; the last {took:.1f} s after the last fault"
    checks[0].wrong += [f"{job_id} had not ended {SETTLE_SECONDS:.0f} s after the last fault" for job_id in late]
    checks[0].wrong += [] if stormy else ["clients were not answered, or faults not done, in time"]
    checks[4].wrong += refilled
    checks[5].figures += f", {clients.deaf} unanswered or 503; {clients.repeated} requests repeated, "
    checks[5].figures += f"{clients.replayed} answered from memory"
    checks[5].wrong += clients.wrong
    checks.append(_exits(exits))
    wrong = [*mischief.broken, *(line for check in checks for line in check.wrong)]
    seconds = (started - began, time.monotonic() - began)
    return Verdict(_report(plan, mischief, checks, seconds), wrong)


def _settle(house: House, clients: Clients) -> set[str]:
    """Waits until nobody's job is open; whose still is."""
    late: set[str] = set()

    def settled() -> bool:
        late.clear()
        late.update(evidence.open_jobs(house, [one.job_id for one in clients.accepted]))
        return not late

    house.tend_until(settled, SETTLE_SECONDS)
    return late


def _refill(house: House, clients: Clients, plan: Plan) -> list[str]:
    """Nothing is wrong any more, but Redis has forgotten everything: new jobs run as if nothing had been."""
    house.valkey.flush()
    before = len(clients.accepted)
    for number in range(_REFILL_JOBS):
        clients.ask(
            Wish(
                number=len(plan.wishes) + number,
                at=0,
                business_id=BUSINESSES[number % len(BUSINESSES)],
                weather=Weather.FINE,
                prompt=f"{Weather.FINE.value} a harbour after the storm, number {number} of chaos {plan.seed}",
                key=f"chaos-{plan.seed}-refill-{number}",
            )
        )
    new = [one.job_id for one in clients.accepted[before:]]
    ran = house.tend_until(lambda: not evidence.open_jobs(house, new), _REFILL_SECONDS)
    return [] if ran and len(new) == _REFILL_JOBS else [f"jobs asked for after a FLUSHALL did not run: {new}"]


def _exits(exits: dict[str, list[int]]) -> Check:
    """Only a kill -9 and an orderly SIGTERM may end ours. The signal's own -15 is what the web server reports, and
    what a process says that had not come as far as listening to signals."""
    every = Counter(status for statuses in exits.values() for status in statuses)
    return Check(
        "No process of ours ended but by kill -9 or, in order, by SIGTERM",
        f"{every[-9]} killed, {every[0] + every[-15]} in order",
        [
            f"{name} ended with {status}"
            for name, statuses in exits.items()
            for status in statuses
            if status not in {0, -9, -15}
        ],
    )


def _report(plan: Plan, mischief: Mischief, checks: list[Check], seconds: tuple[float, float]) -> str:
    began, ended = seconds
    size = f"{len(plan.wishes)} wishes, {len(mischief.done)} faults, {plan.workers} workers"
    lines = [
        f"chaos: seed {plan.seed}, {size}; {ended:.0f} s, {began:.0f} of them to start",
        *(f"  {at:5.1f} s  {fault}" for at, fault in sorted(mischief.done, key=lambda one: one[0])),
        "",
    ]
    for number, check in enumerate(checks, 1):
        lines += [f"{'WRONG' if check.wrong else 'ok':5} {number}. {check.sentence}", f"         {check.figures}"]
        lines += [f"         - {line}" for line in check.wrong]
    return "\n".join(lines)
