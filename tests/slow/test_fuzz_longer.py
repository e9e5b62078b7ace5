"""What `tests/service/test_fuzz.py` asks for half a minute, for some minutes; and requests that follow from answers."""

import pytest

from tests.fuzzing import product
from tests.servers import PostgresServer


@pytest.mark.parametrize("mode", ["off", "keys"])
def test_the_product_does_what_its_document_says_at_length(
    postgres_server: PostgresServer, migrated_template: str, tmp_path_factory: pytest.TempPathFactory, mode: str
) -> None:
    folder = tmp_path_factory.mktemp("fuzzed-longer")
    with product(mode, postgres_server, migrated_template, folder) as fuzzed:
        # The same in every run. Each stream of events is read for seconds, so that the time has an end, too.
        fuzzed.ask("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "40", "--max-time", "300")
