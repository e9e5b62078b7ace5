"""Requests made from the OpenAPI document, right ones and wrong ones: nothing may break, and nothing may answer in
another form than the document says. With authentication off, and on with a key of one business.

The same requests in every run, and few of them; `FUZZ_ROUNDS=500` asks each route so often.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from shared import keys
from shared.caller import Right
from shared.db import connect
from shared.settings import CommandSettings
from tests.servers import PostgresServer, ValkeyServer, run_apart
from tests.stack import Stack

load_all_checks()
FORM: list[Any] = CHECKS.get_by_names(
    ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"]
)
ROUNDS = settings(
    max_examples=int(os.environ.get("FUZZ_ROUNDS", "10")),
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
LOCKED = {
    "DARKROOM_AUTH": "keys",
    "DARKROOM_INNER_SECRET": "f" * 32,
    "DARKROOM_KEY_REQUESTS_PER_MINUTE": "1000000",
    "DARKROOM_BUSINESS_REQUESTS_PER_MINUTE": "1000000",
}


@dataclass(frozen=True)
class Product:
    """The product without workers: what is accepted stays where it is."""

    stack: Stack
    headers: dict[str, str]


@pytest.fixture(scope="module", params=["off", "keys"])
def product(
    request: pytest.FixtureRequest,
    postgres_server: PostgresServer,
    migrated_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Product]:
    mode: str = request.param
    told = {"DARKROOM_PROBE_TIMEOUT": "1"} | (LOCKED if mode == "keys" else {})
    database = postgres_server.create(f"fuzzed_{mode}", migrated_template)
    folder = tmp_path_factory.mktemp(f"fuzzed-{mode}")
    headers = {"Authorization": f"Bearer {run_apart(_key(database))}"} if mode == "keys" else {}
    with (
        ValkeyServer() as queue,
        Stack(folder, database_url=database, redis_url=queue.url, workers=0, environment=told) as running,
    ):
        yield Product(running, headers)


async def _key(database: str) -> str:
    async with await connect(CommandSettings(database_url=database)) as db:
        return (await keys.make(db, "fuzz", list(Right), [1]))[1]


def test_nothing_breaks_and_nothing_answers_in_another_form(product: Product) -> None:
    schema = schemathesis.openapi.from_url(f"{product.stack.url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    asked = {operation.label: _ask(product, operation) for operation in operations}
    assert len(asked) >= 20
    assert not [name for name, statuses in asked.items() if not statuses]
    seen = set().union(*asked.values())
    assert {200, 202, 404, 422} <= seen, "the requests were too wrong to prove anything"
    crashed = [process.name for process in product.stack.processes if process.events("request.crashed")]
    assert not crashed


def _ask(product: Product, operation: schemathesis.APIOperation[Any, Any, Any, Any]) -> set[int]:
    """Asks one route again and again; the statuses it answered."""
    statuses: set[int] = set()

    for mode in schemathesis.GenerationMode:

        @ROUNDS
        @given(case=operation.as_strategy(generation_mode=mode))
        def each(case: schemathesis.Case[Any]) -> None:
            statuses.add(case.call_and_validate(headers=product.headers, checks=FORM).status_code)

        with suppress(Unsatisfiable):  # Nothing about this route can be said wrongly.
            each()
    return statuses
