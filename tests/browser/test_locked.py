"""The studio on a product that asks who one is: it asks for a key, works with it, and keeps it for this tab only."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, expect

from shared.domain.caller import Right
from tests import pictures
from tests.browser.locked import Locked
from tests.browser.studio import Studio
from tests.servers import until


def asks(studio: Studio) -> Locator:
    return studio.page.get_by_role("heading", name="This Darkroom asks for a key")


def enter(studio: Studio, key: str) -> None:
    """From a page without a key to the generator."""
    studio.page.goto(f"{studio.stack.url}/?business_id={studio.business_id}")
    expect(asks(studio)).to_be_visible()
    studio.unlock(key)
    expect(studio.page.get_by_text("about $0.053")).to_be_visible()


def test_a_person_with_a_key_works_and_the_key_stays_in_the_tab(
    visit: Callable[..., Studio], locked: Locked, business_id: int
) -> None:
    mine, foreign = locked.key(business_id), locked.key(business_id + 1)
    studio = visit(on=locked)
    studio.page.goto(f"{locked.url}/?business_id={business_id}")
    expect(asks(studio)).to_be_visible()
    studio.check()
    for key in ("dk_nothing", foreign):
        studio.unlock(key)
        expect(asks(studio)).to_be_visible()
    studio.unlock(mine)
    expect(studio.page.get_by_text("about $0.053")).to_be_visible()
    studio.generate("A picture behind a locked door")
    expect(studio.button("Edit the description")).to_be_visible(timeout=30_000)

    studio.page.reload()
    expect(studio.page.get_by_role("tab", name="Library")).to_be_visible()
    other = visit(beside=studio, on=locked)
    other.page.goto(f"{locked.url}/?business_id={business_id}")
    expect(asks(other)).to_be_visible()
    assert mine not in str(studio.page.context.storage_state())


def test_a_key_that_is_revoked_in_the_middle_of_work_costs_nothing_that_was_written(
    visit: Callable[..., Studio], locked: Locked, business_id: int
) -> None:
    first, second = locked.key(business_id), locked.key(business_id)
    studio = visit(on=locked)
    enter(studio, first)
    studio.describe("A letter that I wrote for a long time")
    studio.page.get_by_role("radio", name="Wide").click()
    locked.revoke(first)
    with locked.as_(first) as program:
        until("it opens nothing", lambda: program.get("/generate/sizes").status_code == 401)
    studio.button("Generate").click()
    expect(asks(studio)).to_be_visible()
    studio.unlock(second)
    expect(studio.page.get_by_role("textbox", name="Describe the picture")).to_have_value(
        "A letter that I wrote for a long time"
    )
    expect(studio.page.get_by_role("radio", name="Wide")).to_be_checked()
    expect(studio.button("Generate")).to_have_accessible_description("")


def test_a_key_that_may_only_look_is_told_so(
    visit: Callable[..., Studio], locked: Locked, business_id: int, tmp_path: Path
) -> None:
    with locked.as_(locked.key(business_id)) as program:
        program.post("/upload", params={"business_id": business_id}, files={"file": ("a.jpg", pictures.jpeg(640, 640))})
    studio = visit(on=locked)
    enter(studio, locked.key(business_id, (Right.READ,)))
    studio.generate("A picture that I may not order")
    expect(studio.page.get_by_text("Your key does not allow this").first).to_be_visible()
    expect(studio.page.get_by_text("You were not charged.")).to_be_visible()
    studio.page.get_by_role("tab", name="Upload").click()
    (tmp_path / "mine.jpg").write_bytes(pictures.jpeg(641, 640))
    studio.choose(tmp_path / "mine.jpg")
    expect(studio.row("mine.jpg").get_by_text("Your key does not allow this")).to_be_visible()
    studio.page.get_by_role("tab", name="Library").click()
    expect(studio.tiles).to_have_count(1)
    studio.tiles.first.focus()
    studio.page.keyboard.press("Delete")
    expect(studio.page.get_by_role("tabpanel").get_by_text("Your key does not allow this")).to_be_visible()
    expect(studio.tiles).to_have_count(1)
