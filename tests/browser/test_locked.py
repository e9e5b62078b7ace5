"""The studio on a product that asks who one is: it asks for a key, works with it, and keeps it for this tab only."""

import asyncio
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from shared import keys
from shared.caller import Right
from shared.db import connect
from shared.settings import CommandSettings
from tests.browser.studio import Studio
from tests.servers import PostgresServer, ValkeyServer, run_apart
from tests.stack import Stack

BUSINESS = 7


@pytest.fixture(scope="module")
def locked(
    postgres_server: PostgresServer, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    told = {"DARKROOM_AUTH": "keys", "DARKROOM_INNER_SECRET": "b" * 32}
    database = postgres_server.create("locked_studio", migrated_template)
    with (
        ValkeyServer() as queue,
        Stack(tmp_path_factory.mktemp("locked"), database_url=database, redis_url=queue.url, environment=told) as up,
    ):
        yield up


async def _key(database: str, business: int) -> str:
    async with asyncio.timeout(30), await connect(CommandSettings(database_url=database)) as db:
        return (await keys.make(db, "a person", [Right.READ, Right.WRITE, Right.GENERATE], [business]))[1]


def test_a_person_with_a_key_works_and_the_key_stays_in_the_tab(browser: Browser, locked: Stack) -> None:
    mine, foreign = (run_apart(_key(locked.environment["DATABASE_URL"], one)) for one in (BUSINESS, BUSINESS + 1))
    context = browser.new_context(viewport={"width": 1280, "height": 860}, locale="en-US")
    studio = Studio(context.new_page(), locked, BUSINESS)
    asks = studio.page.get_by_role("heading", name="This Darkroom asks for a key")
    try:
        studio.page.goto(f"{locked.url}/?business_id={BUSINESS}")
        expect(asks).to_be_visible()
        for key in ("dk_nothing", foreign):
            studio.button("Enter a key").click()
            studio.dialog.get_by_label("API key").fill(key)
            studio.button("Connect").click()
            expect(asks).to_be_visible()
        studio.button("Enter a key").click()
        studio.dialog.get_by_label("API key").fill(mine)
        studio.button("Connect").click()
        expect(studio.page.get_by_text("about $0.053")).to_be_visible()
        studio.generate("A picture behind a locked door")
        expect(studio.button("Edit the description")).to_be_visible(timeout=30_000)

        studio.page.reload()
        expect(studio.page.get_by_role("tab", name="Library")).to_be_visible()
        other = context.new_page()
        other.goto(f"{locked.url}/?business_id={BUSINESS}")
        expect(other.get_by_role("heading", name="This Darkroom asks for a key")).to_be_visible()
        assert mine not in str(context.storage_state())
        assert not studio.faults
    finally:
        context.close()
