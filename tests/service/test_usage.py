"""The bill of a month as a table."""

import csv
import io
from collections.abc import AsyncIterator

import pytest

from tests.service.spending import USAGE, started, stored, timed_out
from tests.service.test_generation import Gateway, running


@pytest.fixture
async def gateway(database: str, redis_url: str) -> AsyncIterator[Gateway]:
    async with running(database, redis_url) as gateway:
        yield gateway


@pytest.mark.parametrize(
    ("format_", "accept", "expected"),
    [
        ("csv", "application/json", "text/csv; charset=utf-8"),
        (None, "text/csv", "text/csv; charset=utf-8"),
        (None, "text/html, TEXT/CSV;q=0.9, application/json;q=0.5, */*", "text/csv; charset=utf-8"),
        (None, "application/json, text/csv;q=0.9", "application/json"),
        (None, "text/csv;q=nonsense", "application/json"),
        (None, "*/*", "application/json"),
        ("json", "text/csv", "application/json"),
    ],
)
async def test_usage_is_a_table_for_whoever_prefers_one(
    gateway: Gateway, format_: str | None, accept: str, expected: str
) -> None:
    params = {"business_id": "1"} | ({"format": format_} if format_ else {})
    answer = await gateway.http.get(USAGE, params=params, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"], answer.headers["vary"]) == (200, expected, "Accept")


async def test_the_table_says_what_the_json_says(gateway: Gateway) -> None:
    await stored(gateway, await started(gateway))
    await timed_out(gateway, await started(gateway, quality="hd"))
    bill = (await gateway.http.get(USAGE, params={"business_id": 1})).json()
    answer = await gateway.http.get(USAGE, params={"business_id": 1, "format": "csv"})
    assert answer.headers["content-disposition"] == f'attachment; filename="usage-1-{bill["month"]}.csv"'
    assert answer.text.startswith("day,model,quality,images,cost_usd,unknown\r\n")
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert table == [{name: str(value) for name, value in row.items()} for row in bill["items"]]
    assert [(row["images"], row["cost_usd"], row["unknown"]) for row in table] == [
        ("0", "0.00", "1"),
        ("1", "0.052735", "0"),
    ]
    empty = await gateway.http.get(USAGE, params={"business_id": 9, "format": "csv"})
    assert empty.text == "day,model,quality,images,cost_usd,unknown\r\n"


async def test_an_unknown_format_is_refused(gateway: Gateway) -> None:
    answer = await gateway.http.get(USAGE, params={"business_id": 1, "format": "xml"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "query/format")
