"""Requests made from the OpenAPI document, right ones and wrong ones: nothing may break, what is right is taken, what
is wrong is refused, and nothing answers in another form, or with another header, than the document says.

The same requests in every run. `make test-slow` asks for ten minutes.
"""

import pytest

from tests.fuzzing import product
from tests.servers import PostgresServer


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        # Each constraint of the document met and broken once, then what is drawn at random.
        ("off", ("--phases", "examples,coverage")),
        ("keys", ("--phases", "examples,fuzzing", "--max-examples", "10")),
    ],
)
def test_the_product_does_what_its_document_says(
    postgres_server: PostgresServer,
    migrated_template: str,
    tmp_path_factory: pytest.TempPathFactory,
    mode: str,
    options: tuple[str, ...],
) -> None:
    folder = tmp_path_factory.mktemp("fuzzed")
    with product(mode, postgres_server, migrated_template, folder) as fuzzed:
        fuzzed.ask(*options)
