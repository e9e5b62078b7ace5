"""A page of the library is written without models and without FastAPI's routing: nobody may notice but by the clock."""

from datetime import UTC, datetime

import pytest

from library_service.resources import open_resources
from library_service.routes import lists
from library_service.routes.lists import ImagePage, ListQuery
from shared.domain import caller
from shared.settings import LibrarySettings
from tests.sandbox_server import SandboxServer
from tests.service import shelves
from tests.service.rooms import IMAGES, Room

_TIMES = 12
"""Left to itself, Postgres thinks about keeping a plan after the fifth."""
_PLANS = """
    select coalesce(sum(generic_plans), 0)::int as kept, coalesce(sum(custom_plans), 0)::int as anew
    from pg_prepared_statements where cardinality(parameter_types) > 0 and statement like '%counted left join page%'"""
_WORDS = "".join(map(chr, range(1, 0x180))) + "\u2028\u2029\ufeff\uffff \U0001f98a 写真"


@pytest.mark.parametrize("trashed", [False, True])
async def test_a_page_is_written_as_its_model_would_be(library: Room, trashed: bool) -> None:
    await shelves.add(library.db, filename=_WORDS, alt_text=_WORDS[::-1])
    await shelves.add(library.db, alt_text="", width=100, height=3000, format="webp")
    await shelves.add(library.db, business=2**63 - 1)
    await shelves.painted(library.db, _WORDS)
    await library.db.execute("update images set created_at = date_trunc('second', now()) where alt_text = ''")
    if trashed:
        await library.db.execute("update images set deleted_at = $1", datetime(2026, 1, 2, 3, 4, 5, 678, UTC))
    for business, expected in ((1, 3), (2**63 - 1, 1), (7, 0)):
        query: str | None = f"business_id={business}&page_size=2&trashed={trashed}"
        pages = 0
        while query:
            answer = await library.client.get(f"{IMAGES}?{query}")
            page = ImagePage.model_validate_json(answer.content)
            assert answer.content == page.model_dump_json().encode()
            assert page.total == expected
            pages += len(page.items)
            query = page.next_cursor and f"business_id={business}&trashed={trashed}&cursor={page.next_cursor}"
        assert pages == expected


async def test_both_ways_to_a_page_answer_the_same(library: Room) -> None:
    """The path with a slash at its end goes through FastAPI."""
    for number in range(3):
        await shelves.add(library.db, filename=f"Büro {number}.jpg")
    for query in (
        "business_id=1",
        "business_id=1&page=2&page_size=2",
        "business_id=1&page_size=2&search=B%C3%BCro+1&source=uploaded&trashed=False",
        "business_id=+1",
        "business_id=1&search=",
        "business_id=1&search=%FF",
        "business_id=1&search=a;b",
        "business_id=1&business_id=2",
        "business_id=1&unknown=1",
        "business_id=1&cursor=wrong",
        "business_id=1&cursor=",
        "business_id=1&page=",
        "business_id=1&page=1.0",
        "business_id=1&page=1&cursor=AAAA",
        "business_id=1&page=2&cursor=AAAA",
        "business_id=1&search=%00",
        "business_id=0",
        "",
    ):
        one, other = [await library.client.get(f"{IMAGES}{slash}?{query}") for slash in ("", "/")]
        assert one.status_code == other.status_code, query
        if one.status_code == 200:
            assert one.content == other.content
        else:
            assert one.json()["errors"] == other.json()["errors"]
        own = [{k: v for k, v in each.headers.items() if k != "x-request-id"} for each in (one, other)]
        assert {**own[0], "content-length": ""} == {**own[1], "content-length": ""}
    head = await library.client.head(f"{IMAGES}?business_id=1")
    assert (head.status_code, head.content, int(head.headers["content-length"]) > 0) == (200, b"", True)


async def test_the_plan_of_a_page_is_kept_and_that_of_a_search_is_not(database: str, sandbox: SandboxServer) -> None:
    """Making the plan of a page takes longer than reading the page; a kept plan makes searches much slower."""
    settings = LibrarySettings(
        database_url=database, redis_url="redis://unused", sandbox_url=sandbox.url, public_url="http://room"
    )
    async with open_resources(settings) as resources:
        for number in range(40):
            await shelves.add(resources.db, filename=f"{number}.jpg")
        for _ in range(_TIMES):
            for word in ("", "jpg"):
                await lists.page(resources, caller.ANYONE, ListQuery(business_id=1, search=word))
        page, search = [(await pool.fetch(_PLANS))[0] for pool in (resources.lists, resources.db)]
        assert (page["kept"], page["anew"]) == (_TIMES, 0)
        assert (search["kept"], search["anew"]) == (0, _TIMES)
