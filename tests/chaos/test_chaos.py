"""The short chaos run, always the same plan. The long one, with another plan each time, is `make chaos`."""

import shutil
import tempfile
from pathlib import Path

from tests.chaos.plan import Kind, Weather, draw
from tests.chaos.run import run

PLAN = draw(seed=10, jobs=60, seconds=22)


def test_the_same_seed_draws_the_same_plan_with_every_fault_and_weather_in_it() -> None:
    assert draw(seed=10, jobs=60, seconds=22) == PLAN
    assert {fault.kind for fault in PLAN.faults} == set(Kind)
    assert {wish.weather for wish in PLAN.wishes} == set(Weather)


def test_no_job_is_lost_and_none_is_paid_twice_whatever_dies() -> None:
    # Not pytest's folder: it goes with the session, and the logs of a failure are worth more than its message.
    folder = Path(tempfile.mkdtemp(prefix="darkroom-chaos-"))
    verdict = run(PLAN, folder)
    print(verdict.report)
    assert not verdict.wrong, f"the logs and evidence.json are in {folder}"
    shutil.rmtree(folder)
