"""Lists: numbered pages and cursors, filters, search in any script, and queries that make no sense."""

from typing import Any
from urllib.parse import quote

from shared.db.tables import ImageSource
from tests.service import shelves
from tests.service.rooms import IMAGES, Room
from tests.service.test_upload import problem


async def page(room: Room, **query: Any) -> dict[str, Any]:
    answer = await room.client.get(IMAGES, params={"business_id": 1} | query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def names(found: dict[str, Any]) -> list[str]:
    return [item["filename"] for item in found["items"]]


async def test_pages_are_numbered_newest_first(library: Room) -> None:
    for n in range(7):
        await shelves.add(library.db, filename=f"{n}")
    await shelves.add(library.db, business=2, filename="other")
    first, last = await page(library, page_size=3), await page(library, page_size=3, page=3)
    assert names(first) == ["6", "5", "4"]
    assert (first["total"], first["page"], first["page_size"], first["pages"]) == (7, 1, 3, 3)
    assert (names(last), last["next_cursor"]) == (["0"], None)
    beyond = await page(library, page_size=3, page=1_000_000_000)
    assert (beyond["items"], beyond["total"], beyond["next_cursor"]) == ([], 7, None)


async def test_an_empty_library_is_an_empty_page(library: Room) -> None:
    assert await page(library) == {
        "items": [], "total": 0, "total_exact": True, "page": 1, "page_size": 20, "pages": 0, "next_cursor": None,
    }  # fmt: skip


async def test_both_spellings_of_the_address_answer(library: Room) -> None:
    for path in (IMAGES, f"{IMAGES}/"):
        assert (await library.client.get(path, params={"business_id": 1})).status_code == 200


async def test_cursors_reach_every_picture_once_while_others_come_and_go(library: Room) -> None:
    for n in range(10):
        await shelves.add(library.db, filename=f"{n}")
    found = await page(library, page_size=3)
    seen = names(found)
    while found["next_cursor"]:
        await shelves.add(library.db, filename="new")
        found = await page(library, page_size=3, cursor=found["next_cursor"])
        assert found["page"] is None
        seen += names(found)
    assert seen == [str(n) for n in range(9, -1, -1)]


async def test_pictures_of_one_moment_are_not_lost_between_pages(library: Room) -> None:
    for n in range(6):
        await shelves.add(library.db, filename=f"{n}")
    await library.db.execute("update images set created_at = now()")
    found = await page(library, page_size=2)
    seen = names(found)
    while found["next_cursor"]:
        found = await page(library, page_size=2, cursor=found["next_cursor"])
        seen += names(found)
    assert sorted(seen) == [str(n) for n in range(6)]


async def test_sources_are_told_apart(library: Room) -> None:
    await shelves.add(library.db, filename="up")
    await shelves.painted(library.db, "a fox")
    assert {source: (await page(library, source=source))["total"] for source in ("all", *ImageSource)} == {
        "all": 2, "uploaded": 1, "ai_generated": 1,
    }  # fmt: skip
    (item,) = (await page(library, source="ai_generated"))["items"]
    assert item["generation"]["prompt"] == "a fox"


SEARCHES: list[tuple[str, set[str] | None]] = [
    ("beach", {"Beach.JPG"}),
    ("BEACH", {"Beach.JPG"}),
    ("each.j", {"Beach.JPG"}),
    ("МОРЕ", {"Море.png"}),
    ("straße", {"STRASSE.png", "Straße.png"}),
    ("ΟΔΟΣ", {"οδος.png"}),
    ("cafe\u0301", {"Café.png"}),
    ("写真", {"旅の写真.png"}),
    ("100%", {"100%.png"}),
    ("%", {"100%.png"}),
    ("_", {"a_b.png"}),
    ("a\\b", {"a\\b.png"}),
    ("'; drop table images --", set()),
    ('"quoted"', {'"quoted".png'}),
    ("red fox", {"painted.png"}),
    ("sunset", {"described.png"}),
    ("a", None),
    ("  beach  ", {"Beach.JPG"}),
    ("described.pngsunset", set()),
]


async def test_search_reads_any_script_and_takes_every_sign_as_itself(library: Room) -> None:
    for name in (
        "Beach.JPG", "Море.png", "STRASSE.png", "Straße.png", "οδος.png", "Café.png", "旅の写真.png", "100%.png",
        "a_b.png", "a\\b.png", '"quoted".png',
    ):  # fmt: skip
        await shelves.add(library.db, filename=name)
    await shelves.add(library.db, filename="described.png", alt_text="A Sunset over the sea")
    await shelves.painted(library.db, "A Red Fox in the snow")
    await shelves.add(library.db, business=2, filename="Beach.JPG")
    for search, found in SEARCHES:
        result = await page(library, search=search)
        if found is not None:
            assert set(names(result)) == found, search
        assert result["total"] == len(result["items"])


async def test_filters_hold_for_every_page(library: Room) -> None:
    for n in range(5):
        await shelves.add(library.db, filename=f"beach {n}")
        await shelves.add(library.db, filename=f"forest {n}")
    query = {"search": "beach", "source": "uploaded", "page_size": 2}
    found = await page(library, **query)
    seen = names(found)
    while found["next_cursor"]:
        assert found["total"] == 5
        found = await page(library, cursor=found["next_cursor"], **query)
        seen += names(found)
    assert seen == [f"beach {n}" for n in range(4, -1, -1)]
    assert names(await page(library, page=3, **query)) == ["beach 0"]


NONSENSE: list[str] = [
        "", "business_id=0", "business_id=-1", "business_id=x", "business_id=9223372036854775808", "page=0", "page=-1",
        "page=x", "page=9999999999999999999", "page_size=0", "page_size=101", "source=everything", "trashed=perhaps",
        "cursor=", "cursor=x", "cursor=%00", "cursor=" + "A" * 38, "cursor=" + "_" * 32, "cursor=" + "x" * 201,
        "cursor=" + quote("\u2603"), "search=%00", "search=a%00b", "search=" + "x" * 201, "sort=name", "colour=red",
        "page=2&cursor=" + "A" * 32, "page_size=5&page_size=5", "page=01", "page=%2B1", "trashed=1",
    ]  # fmt: skip


async def test_the_first_page_may_be_named_beside_a_cursor(library: Room) -> None:
    """As generated clients do, which send what they take for the default."""
    for number in range(3):
        await shelves.add(library.db, filename=f"{number}.jpg")
    first = await page(library, page_size=2)
    assert names(await page(library, page_size=2, page=1, cursor=first["next_cursor"])) == ["0.jpg"]


async def test_a_query_that_makes_no_sense_is_refused(library: Room) -> None:
    for query in NONSENSE:
        whole = query if not query or "business_id" in query else f"business_id=1&{query}"
        found = problem(await library.client.get(f"{IMAGES}?{whole}"), 422, "invalid_request")
        assert found["errors"]


async def test_half_a_surrogate_and_broken_utf8_find_nothing_and_break_nothing(library: Room) -> None:
    for search in ("%ED%A0%80", "%ff", "%F0%9F"):
        answer = await library.client.get(f"{IMAGES}?business_id=1&search={search}")
        assert answer.status_code in (200, 422), answer.text
