"""Looking after pictures: finding them, deleting without fear, many at once."""

import re

from playwright.sync_api import expect

from tests import pictures
from tests.browser.studio import Studio
from tests.servers import until


def fill(studio: Studio, count: int) -> None:
    for number in range(1, count + 1):
        studio.upload(pictures.jpeg(400, 320, seed=100 + number, quality=40), f"picture-{number:02}.jpg")


def test_a_deletion_can_be_undone(studio: Studio) -> None:
    fill(studio, 2)
    studio.open("library")
    studio.page.get_by_role("option", name=re.compile("picture-02")).focus()
    studio.page.keyboard.press("Delete")
    expect(studio.page.get_by_role("option", name=re.compile("picture-02"))).to_have_count(0)
    expect(studio.page.get_by_role("option", name=re.compile("picture-01"))).to_be_focused()
    until("it is gone", lambda: [image["filename"] for image in studio.images()] == ["picture-01.jpg"])
    studio.button("Undo").click()
    expect(studio.page.get_by_role("option", name=re.compile("picture-02"))).to_be_visible()
    assert len(studio.images()) == 2


def test_what_is_in_the_trash_can_be_brought_back(studio: Studio) -> None:
    fill(studio, 1)
    studio.open("library")
    studio.page.get_by_role("option").click()
    studio.button("Delete", within=studio.dialog).click()
    expect(studio.page.get_by_text("Nothing here yet")).to_be_visible()
    studio.button("Trash").click()
    expect(studio.page.get_by_text("Destroyed on")).to_be_visible()
    studio.page.get_by_role("option").click()
    studio.button("Restore", within=studio.dialog).click()
    expect(studio.page.get_by_text("The trash is empty")).to_be_visible()
    assert len(studio.images()) == 1


def test_twenty_on_a_page_and_the_last_page_steps_back(studio: Studio) -> None:
    fill(studio, 21)
    studio.open("library")
    expect(studio.page.get_by_role("option")).to_have_count(20)
    expect(studio.page.get_by_text("1–20 of 21")).to_be_visible()
    studio.button("Last page").click()
    expect(studio.page.get_by_role("option")).to_have_count(1)
    studio.page.get_by_role("option").focus()
    studio.page.keyboard.press("Delete")
    expect(studio.page.get_by_role("option")).to_have_count(20)
    expect(studio.page.get_by_text("20 pictures").first).to_be_visible()


def test_search_and_filter_narrow_what_is_shown(studio: Studio) -> None:
    fill(studio, 3)
    studio.open("library")
    expect(studio.page.get_by_role("option")).to_have_count(3)
    studio.page.get_by_role("option").first.focus()
    studio.page.keyboard.press("/")
    search = studio.page.get_by_role("searchbox", name="Search the library")
    expect(search).to_be_focused()
    search.fill("PICTURE-02")
    expect(studio.page.get_by_role("option")).to_have_count(1)
    expect(search).to_be_focused()
    search.fill("no such thing")
    expect(studio.page.get_by_text("No picture matches")).to_be_visible()
    studio.button("Clear the search").last.click()
    expect(studio.page.get_by_role("option")).to_have_count(3)
    studio.page.get_by_role("radio", name="AI generated").click()
    expect(studio.page.get_by_role("option")).to_have_count(0)


def test_many_are_deleted_at_once_after_a_question(studio: Studio) -> None:
    fill(studio, 4)
    studio.open("library")
    first = studio.page.get_by_role("option").first
    first.focus()
    studio.page.keyboard.press("Space")
    studio.page.keyboard.press("Shift+ArrowRight")
    studio.page.keyboard.press("Shift+ArrowRight")
    expect(studio.page.get_by_text("3 selected")).to_be_visible()
    studio.button("Delete").click()
    question = studio.page.get_by_role("alertdialog", name="Move 3 pictures to the trash?")
    studio.button("Delete", within=question).click()
    expect(studio.page.get_by_role("option")).to_have_count(1)
    studio.button("Undo").click()
    expect(studio.page.get_by_role("option")).to_have_count(4)


def test_name_and_alt_text_are_edited_in_the_details(studio: Studio) -> None:
    fill(studio, 1)
    studio.open("library")
    studio.page.get_by_role("option").focus()
    studio.page.keyboard.press("Enter")
    studio.dialog.get_by_role("textbox", name="File name").fill("sunday.jpg")
    studio.dialog.get_by_role("textbox", name="Alt text").fill("A quiet Sunday")
    studio.page.keyboard.press("Tab")
    until("both are saved", lambda: studio.images()[0]["alt_text"] == "A quiet Sunday")
    assert studio.images()[0]["filename"] == "sunday.jpg"
    studio.page.keyboard.press("Escape")
    expect(studio.page.get_by_role("option", name=re.compile("sunday.jpg.*A quiet Sunday"))).to_be_focused()


def test_a_copy_that_fits_instagram_is_one_click(studio: Studio) -> None:
    original = studio.upload(pictures.jpeg(1500, 500), "wide.jpg")
    studio.open("library")
    studio.page.get_by_role("option").click()
    studio.button("Crop it to fit", within=studio.dialog).click()
    expect(studio.dialog.get_by_text("Fits Instagram")).to_be_visible()
    copy = studio.images()[0]
    assert copy["parent_id"] == original["id"]
    assert copy["instagram"]["valid"]


def test_a_picture_that_cannot_be_shown_leaves_a_sign(studio: Studio) -> None:
    fill(studio, 1)
    studio.page.route(re.compile("/image/upload/"), lambda route: route.abort())
    studio.open("library")
    expect(studio.page.get_by_role("option").locator("img")).to_have_count(0)
    expect(studio.page.get_by_role("option").locator("svg").first).to_be_visible()
