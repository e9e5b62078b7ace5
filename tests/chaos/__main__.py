"""`python -m tests.chaos [--seed N] [--seconds N] [--jobs N]`: a chaos run by hand. Ends with 1 if it found a fault."""

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.plan import Kind, draw
from tests.chaos.run import run


def main() -> int:
    asked = argparse.ArgumentParser(prog="chaos", description="Kill real processes and check that no job is lost.")
    asked.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="the same seed, the same plan")
    asked.add_argument("--seconds", type=float, default=60, help="how long faults happen")
    asked.add_argument("--jobs", type=int, default=0, help="how many are asked for; default: two and a half a second")
    asked.add_argument("--workers", type=int, default=3)
    asked.add_argument("--every", type=float, default=2.5, help="seconds between two faults")
    asked.add_argument("--only", nargs="+", choices=list(Kind.__members__), help="no other faults than these")
    told = asked.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="darkroom-chaos-"))
    print(f"chaos: seed {told.seed}, logs in {folder}", flush=True)
    jobs = told.jobs or round(2.5 * told.seconds)
    kinds = tuple(Kind[name] for name in told.only or Kind.__members__)
    plan = draw(told.seed, jobs=jobs, seconds=told.seconds, workers=told.workers, every=told.every, kinds=kinds)
    verdict = run(plan, folder)
    print(verdict.report)
    if verdict.wrong:
        print(f"\n{len(verdict.wrong)} wrong. The logs and evidence.json are in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
