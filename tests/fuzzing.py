"""Schemathesis on the whole product, with every check but one; what it is told is in `schemathesis.toml`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.db import api_keys
from shared.db.pool import connect
from shared.domain.caller import Right
from shared.settings import CommandSettings
from tests.servers import PostgresServer, ValkeyServer, run_apart
from tests.stack import ROOT, Stack

_LOCKED = {
    "DARKROOM_AUTH": "keys",
    "DARKROOM_INNER_SECRET": "f" * 32,
    "DARKROOM_KEY_REQUESTS_PER_MINUTE": "1000000",
    "DARKROOM_BUSINESS_REQUESTS_PER_MINUTE": "1000000",
}


class Fuzzed:
    """The product without workers: what is accepted stays where it is."""

    def __init__(self, stack: Stack, folder: Path, key: str | None) -> None:
        self._stack = stack
        self._folder = folder
        self._key = key

    def ask(self, *options: str) -> None:
        """Fails with Schemathesis' own words."""
        proof = ["-H", f"Authorization: Bearer {self._key}"] if self._key else []
        asked = subprocess.run(
            [
                str(Path(sys.executable).parent / "st"),
                *("--config-file", str(ROOT / "tests" / "schemathesis.toml")),
                *("run", f"{self._stack.url}/openapi.json", "--no-color", *proof, *options),
            ],
            cwd=self._folder,  # It keeps notes where it runs.
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        said = asked.stdout + asked.stderr
        assert asked.returncode == 0, said
        assert "Errors" not in said, said
        crashed = [process.name for process in self._stack.processes if process.events("request.crashed")]
        assert not crashed


@contextmanager
def product(mode: str, postgres: PostgresServer, template: str, folder: Path) -> Iterator[Fuzzed]:
    """With authentication `off`, or with `keys` and one of one business."""
    database = postgres.create(f"fuzzed_{mode}_{folder.name.replace('-', '_')}", template)
    key = run_apart(_made(database)) if mode == "keys" else None
    told = {"DARKROOM_PROBE_TIMEOUT": "1"} | (_LOCKED if key else {})
    with (
        ValkeyServer() as queue,
        Stack(folder, database_url=database, redis_url=queue.url, workers=0, environment=told) as running,
    ):
        yield Fuzzed(running, folder, key)


async def _made(database: str) -> str:
    async with await connect(CommandSettings(database_url=database)) as db:
        return (await api_keys.make(db, "fuzz", list(Right), [1]))[1]
