"""`python -m bench [--only NAME] [--json FILE]`: starts the product and its peers, measures, prints one table."""

import argparse
import json
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from bench import accept, attacks, flood, holding, jobs, library, machine, passing, pickup, polls
from bench.figures import Row, missing, table
from bench.goals import shortfalls
from bench.site import Site, opened

BENCHES: dict[str, Callable[[Site], list[Row]]] = {
    "pickup": pickup.measure,
    "accept": accept.measure,
    "polls": polls.measure,
    "holding": holding.measure,
    "upload": passing.uploads,
    "list": passing.lists,
    "flood": flood.measure,
    "attacks": attacks.measure,
    "library": library.measure,
    "jobs": jobs.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description="Measures this machine: ours beside bare servers.")
    parser.add_argument("--only", action="append", choices=BENCHES, help="this one; may be repeated")
    parser.add_argument("--json", type=Path, help="write all figures to this file too")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # So that what was started is stopped.
    head = machine.facts() | {"load at the start": machine.load()}
    began, rows = time.monotonic(), list[Row]()
    with opened() as site:
        head["stores"] = site.stores()
        for name in asked.only or BENCHES:
            print(f"measuring {name} …", end="", flush=True)
            started = time.monotonic()
            rows += _measured(name, site)
            print(f" {time.monotonic() - started:.0f} s", flush=True)
    head["load at the end"] = machine.load()
    head["took"] = f"{time.monotonic() - began:.0f} s"
    print("\n" + "\n".join(f"{name}: {said}" for name, said in head.items()) + "\n")
    print(table(rows))
    print("\nRatio: ours to its, the median over rounds that took turns. Trust it before the times.")
    short = shortfalls(rows)
    if asked.json:
        asked.json.write_text(
            json.dumps({"machine": head, "rows": [asdict(row) for row in rows], "fell short": short}, indent=2) + "\n"
        )
    if short:
        print("\nFell short:\n" + "\n".join(f"  {line}" for line in short))
        raise SystemExit(1)


def _measured(name: str, site: Site) -> list[Row]:
    """One bench that cannot be done does not cost the others their figures."""
    try:
        return BENCHES[name](site)
    except Exception as problem:  # noqa: BLE001 - it is told, and the run fails for it
        traceback.print_exc()
        return [missing(name, f"{type(problem).__name__}: {problem}".splitlines()[0][:200])]


if __name__ == "__main__":
    main()
