"""Totals through everything that adds, moves and takes away pictures, and searches in libraries too large to count."""

import asyncio
import random
from typing import Any

import asyncpg
import pytest
from alembic import command
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db import trash
from shared.db.image_pages import COUNTED
from shared.db.pool import transaction
from shared.db.tables import ImageRow, ImageSource
from shared.migrations import __main__ as migrations
from tests.pictures import jpeg
from tests.sandbox_server import SandboxServer
from tests.service import shelves
from tests.service.rooms import IMAGES, Room, library_room
from tests.service.test_library_pages import names, page

_COUNTED = "select count(*) from images where business_id = $1 and source = $2 and (deleted_at is not null) = $3"
_MANY = """
    insert into images (id, business_id, source, filename, public_id, url, format, bytes, width, height, sha256,
                        searchable, created_at)
    select gen_random_uuid(), 1, 'uploaded', said, 'many/' || n, 'http://store/sandbox/image/upload/v1/many/' || n,
           'jpeg', 1, 1, 1, md5(n::text), said, now() - make_interval(secs => n)
    from (select n, n || case when n % 3 = 0 then ' summer' else ' winter' end
                      || case when n % 500 = 0 then ' zephyr' else '' end
                      || case when n % 701 = 0 then ' ё%' else '' end
                      || case when n > 7900 then ' ancient' else '' end as said
          from generate_series(1, 8000) n) made"""


async def totals(room: Room, business: int = 1) -> dict[tuple[str, bool], int]:
    """What the pages say, after it was compared with the rows."""
    found = {}
    for trashed in (False, True):
        for source in ImageSource:
            said = await page(room, business_id=business, source=source, trashed=trashed)
            assert said["total"] == await room.db.fetchval(_COUNTED, business, source, trashed)
            assert said["total_exact"] is True
            found[source.value, trashed] = said["total"]
        everything = (await page(room, business_id=business, trashed=trashed))["total"]
        assert everything == sum(count for (_, where), count in found.items() if where is trashed)
    return found


async def test_totals_follow_a_picture_from_its_upload_to_its_end(uploads: Room, library: Room) -> None:
    up, painted, gone = ("uploaded", False), ("ai_generated", False), ("uploaded", True)
    for seed in (1, 2, 3):
        assert (await uploads.upload(jpeg(seed=seed))).status_code == 201
    assert (await uploads.upload(jpeg(seed=1))).status_code == 200
    await shelves.painted(library.db, "a fox")
    await shelves.add(library.db, business=2)
    assert await totals(library) == {up: 3, painted: 1, gone: 0, ("ai_generated", True): 0}
    ids = [item["id"] for item in (await page(library))["items"]]
    for _ in range(2):
        await library.client.delete(f"{IMAGES}/{ids[1]}")
        assert (await totals(library))[up] == 2
    for _ in range(2):
        await library.client.post(f"{IMAGES}/{ids[1]}/restore")
        assert (await totals(library))[up] == 3
    await library.client.post(f"{IMAGES}/bulk-delete", json={"ids": ids})
    assert await totals(library) == {up: 0, painted: 0, gone: 3, ("ai_generated", True): 1}
    await trash.destroyed(library.db, (await page(library, trashed=True))["items"][0]["id"])
    assert sum((await totals(library)).values()) == 3
    assert (await totals(library, 2))[up] == 1
    await library.db.execute("truncate images cascade")
    assert sum((await totals(library)).values()) == 0


async def test_what_is_undone_is_not_counted(library: Room) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with transaction(library.db) as connection:
            await shelves.add(connection)
            await connection.execute("select 1 / 0")
    assert sum((await totals(library)).values()) == 0


async def test_totals_stay_right_while_everybody_writes_at_once(library: Room) -> None:
    """Transactions of several statements, over two businesses in any order: what could deadlock would do so here."""

    async def work(seed: int) -> None:
        dice = random.Random(seed)
        mine: list[ImageRow] = []
        for _ in range(25):
            async with transaction(library.db) as connection:
                mine += [await shelves.add(connection, business) for business in dice.sample((1, 2), 2)]
                if len(mine) > 4 and dice.random() < 0.5:
                    await trash.put_many(connection, [one.id for one in dice.sample(mine, 3)])
            if dice.random() < 0.3:
                chosen = dice.choice(mine)
                async with transaction(library.db) as connection:
                    await trash.put(connection, chosen.id)
                await trash.destroyed(library.db, chosen.id)
                mine.remove(chosen)

    await asyncio.gather(*(work(seed) for seed in range(12)))
    for business in (1, 2):
        assert sum((await totals(library, business)).values()) == await library.db.fetchval(
            "select count(*) from images where business_id = $1", business
        )


async def test_counts_are_folded_so_that_a_total_stays_a_sum_of_few(library: Room) -> None:
    for n in range(200):
        await shelves.add(library.db, filename=f"{n}")
    assert (await totals(library))["uploaded", False] == 200
    assert await library.count("library_counts") <= 65


async def test_a_library_that_is_there_is_counted_when_the_product_is_brought_up_to_date(empty_database: str) -> None:
    engine = create_async_engine(empty_database.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.begin() as connection:
        await connection.run_sync(lambda on: command.upgrade(migrations.config(on), "0001"))
    await engine.dispose()
    direct = await asyncpg.connect(empty_database)
    await direct.execute(_MANY)
    await migrations.upgrade(empty_database)
    await direct.execute("update images set deleted_at = now() where sha256 = md5('1')")
    said = await direct.fetch("select trashed, sum(delta)::int from library_counts group by 1 order by 1")
    assert [tuple(row) for row in said] == [(False, 7999), (True, 1)]
    await direct.close()


async def everything(room: Room, **query: Any) -> list[str]:
    """All filenames, by cursor."""
    found = await page(room, page_size=100, **query)
    seen, total = names(found), found["total"]
    while found["next_cursor"]:
        found = await page(room, page_size=100, cursor=found["next_cursor"], **query)
        assert found["total"] == total
        seen += names(found)
    return seen


@pytest.fixture
async def large(library: Room) -> Room:
    """More pictures than a search reads before it asks the index."""
    await library.db.execute(_MANY)
    return library


@pytest.mark.parametrize(
    "search",
    ["summer", "SUMMER", "zephyr", "ancient", "winter ancient", "ё", "ё%", "Ё%", "%", "e", "e_", "5", "nowhere", "12"],
)
async def test_a_search_finds_each_picture_once_however_deep(large: Room, search: str) -> None:
    said = await large.db.fetch("select filename from images order by created_at desc, id desc")
    expected = [row["filename"] for row in said if search.lower() in row["filename"]]
    assert await everything(large, search=search) == expected
    first = await page(large, search=search)
    assert first["total"] == min(len(expected), COUNTED)
    assert first["total_exact"] is (len(expected) <= COUNTED)
    assert first["pages"] == -(-first["total"] // 20)
    numbered = await page(large, search=search, page=5, page_size=7)
    assert names(numbered) == expected[28:35]
    assert bool(numbered["next_cursor"]) is (len(expected) > 35)


@pytest.mark.parametrize("search", ["summer", "winter", "zephyr", "e", "5", "ё"])
async def test_numbered_pages_go_on_beyond_the_newest_and_end_with_the_matches(large: Room, search: str) -> None:
    said = await large.db.fetch("select filename from images order by created_at desc, id desc")
    expected = [row["filename"] for row in said if search in row["filename"]]
    for number in (6, len(expected) // 100, len(expected) // 100 + 1, len(expected) // 100 + 2):
        if number:
            found = await page(large, search=search, page=number, page_size=100)
            assert names(found) == expected[100 * (number - 1) : 100 * number]
            assert bool(found["next_cursor"]) is (len(expected) > 100 * number)


async def test_a_short_word_in_most_old_pictures_is_not_taken_apart_in_each(
    own_database: str, sandbox: SandboxServer
) -> None:
    """Taking one text apart costs 0.1 ms, so doing it for each match would take Postgres half a minute for 300,000."""
    direct = await asyncpg.connect(own_database)
    await direct.execute(_MANY)
    await direct.execute(
        "update images set searchable = replace(searchable, 'n', 'x') where created_at > now() - interval '6500 s'"
    )
    await direct.execute("vacuum analyze images")
    await direct.execute(f"alter database {own_database.rpartition('/')[2]} set track_functions = 'all'")
    async with library_room(own_database, sandbox) as room:
        cursor = (await page(room, search="n"))["next_cursor"]
        await page(room, search="n", cursor=cursor)
        await page(room, search="e", page=65, page_size=100)
        await room.db.execute("select grams('so that there is something to see')")
    taken = await direct.fetchval("select sum(calls)::int from pg_stat_user_functions where funcname = 'grams'")
    await direct.close()
    assert 0 < taken < 4 * COUNTED


async def test_pages_beyond_what_was_counted_are_there(large: Room) -> None:
    found = await page(large, search="summer", page=10, page_size=100)
    assert names(found)[0] == "2703 summer"
    assert (found["total"], found["total_exact"]) == (COUNTED, False)


async def test_a_search_may_be_narrowed_by_source_and_trash(large: Room) -> None:
    await large.db.execute("update images set source = 'ai_generated' where sha256 = md5('500')")
    await large.db.execute("update images set deleted_at = created_at where sha256 = md5('1000')")
    assert await everything(large, search="zephyr", source="ai_generated") == ["500 winter zephyr"]
    assert await everything(large, search="zephyr", trashed=True) == ["1000 winter zephyr"]
    assert len(await everything(large, search="zephyr")) == 15
