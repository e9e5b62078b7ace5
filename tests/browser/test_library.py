"""Looking after pictures: finding them, deleting without fear, many at once."""

import re
import zipfile
from pathlib import Path

from playwright.sync_api import Locator, expect

from tests import pictures
from tests.browser.studio import Studio
from tests.servers import PostgresServer, until

_MANY = """
    insert into images (id, business_id, source, filename, public_id, url, format, bytes, width, height, sha256,
                        searchable, created_at)
    select gen_random_uuid(), {business_id}, 'uploaded', 'summer ' || n, 'many/' || n,
           '{store}/sandbox/image/upload/v1/many/' || n, 'jpeg', 1, 640, 640, md5(n::text), 'summer ' || n,
           now() - make_interval(secs => n)
    from generate_series(1, 620) n"""
"""More pictures than a search counts, without their bytes."""


def fill(studio: Studio, count: int) -> None:
    for number in range(1, count + 1):
        studio.upload(pictures.jpeg(400, 320, seed=100 + number, quality=40), f"picture-{number:02}.jpg")


def tile(studio: Studio, name: str) -> Locator:
    return studio.page.get_by_role("option", name=re.compile(name))


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
    until("it is back", lambda: len(studio.images()) == 2)


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
    until("it is back", lambda: len(studio.images()) == 1)


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


def test_more_are_loaded_under_the_others_and_looked_after_together(studio: Studio) -> None:
    fill(studio, 43)
    studio.open("library")
    studio.button("Load more").click()
    expect(studio.page.get_by_role("option")).to_have_count(40)
    expect(studio.page.get_by_role("option").nth(20)).to_be_focused()
    expect(studio.page.get_by_role("status").filter(has_text="40 of 43 shown")).to_have_count(1)
    # One of the second twenty is deleted: the place and the number of the others stay.
    name = studio.page.get_by_role("option").nth(30).get_attribute("data-id")
    studio.page.get_by_role("option").nth(30).focus()
    studio.page.keyboard.press("Delete")
    expect(studio.page.locator(f"[data-id='{name}']")).to_have_count(0)
    expect(studio.page.get_by_text("1–40 of 42")).to_be_visible()
    expect(studio.page.get_by_role("option").nth(30)).to_be_focused()
    studio.button("Undo").click()
    expect(studio.page.locator(f"[data-id='{name}']")).to_be_visible()
    studio.button("Load more").click()
    expect(studio.page.get_by_role("option")).to_have_count(43)
    expect(studio.button("Load more")).to_have_count(0)
    expect(studio.page.get_by_role("option").nth(40)).to_be_focused()


def test_all_that_match_are_selected_and_saved_as_one_zip(studio: Studio, tmp_path: Path) -> None:
    fill(studio, 24)
    studio.upload(pictures.jpeg(640, 400, seed=7), "another.png")
    studio.upload(pictures.png(320, 320), "PICTURE-01.jpg")
    studio.open("library")
    studio.page.get_by_role("searchbox").fill("picture")
    expect(studio.page.get_by_text("1–20 of 25")).to_be_visible()
    studio.page.get_by_role("option").first.focus()
    studio.page.keyboard.press("Space")
    studio.button("Select all 25").click()
    expect(studio.page.get_by_text("25 selected").first).to_be_visible()
    with studio.page.expect_download() as saving:
        studio.button("Download").click()
    assert re.fullmatch(r"pictures-\d{4}-\d\d-\d\d\.zip", saving.value.suggested_filename)
    saving.value.save_as(tmp_path / "saved.zip")
    with zipfile.ZipFile(tmp_path / "saved.zip") as archive:
        assert archive.testzip() is None
        expected = {f"picture-{number:02}.jpg" for number in range(1, 25)} | {"PICTURE-01.png"}
        assert set(archive.namelist()) == expected
        assert archive.read("picture-07.jpg") == pictures.jpeg(400, 320, seed=107, quality=40)
    expect(studio.page.get_by_text("25 selected").first).to_be_visible()


def test_of_more_than_anybody_counted_the_first_five_hundred_are_deleted_and_brought_back(
    studio: Studio, postgres_server: PostgresServer
) -> None:
    many = _MANY.format(business_id=studio.business_id, store=studio.stack.sandbox.url)
    postgres_server.execute(many, database="stack")
    studio.open("library")
    expect(studio.page.get_by_text("620 pictures").first).to_be_visible()
    studio.page.get_by_role("searchbox").fill("summer")
    expect(studio.page.get_by_text("500+ pictures").first).to_be_visible()
    expect(studio.page.get_by_text("1–20 of 500+")).to_be_visible()
    expect(studio.page.get_by_role("button", name=re.compile("^Last page"))).to_be_disabled()
    studio.page.get_by_role("option").first.focus()
    studio.page.keyboard.press("Space")
    studio.button("Select the first 500").click()
    expect(studio.page.get_by_text("The first 500 are selected").first).to_be_visible()
    studio.button("Delete").click()
    question = studio.page.get_by_role("alertdialog", name="Move 500 pictures to the trash?")
    studio.button("Delete", within=question).click()
    expect(studio.page.get_by_text("120 pictures").first).to_be_visible()
    until("they are in the trash", lambda: studio.get("", trashed=True)["total"] == 500)
    studio.button("Undo").click()
    expect(studio.page.get_by_text("500+ pictures").first).to_be_visible(timeout=60_000)
    until("all are back", lambda: studio.get("")["total"] == 620)


def test_a_picture_that_the_store_does_not_send_is_named_and_the_rest_is_saved(studio: Studio, tmp_path: Path) -> None:
    fill(studio, 3)
    lost = next(image for image in studio.images() if image["filename"] == "picture-02.jpg")
    studio.page.route(lost["url"], lambda route: route.abort())
    studio.open("library")
    studio.page.get_by_role("option").first.focus()
    studio.page.keyboard.press("Control+a")
    with studio.page.expect_download() as saving:
        studio.button("Download").click()
    saving.value.save_as(tmp_path / "saved.zip")
    with zipfile.ZipFile(tmp_path / "saved.zip") as archive:
        assert sorted(archive.namelist()) == ["picture-01.jpg", "picture-03.jpg"]
    told = studio.page.get_by_role("alert").filter(has_text="1 picture was not saved")
    expect(told.get_by_role("listitem")).to_have_text(re.compile("picture-02.jpg.*did not send it"))
    expect(tile(studio, "picture-02")).to_have_attribute("aria-selected", "true")
    expect(studio.page.get_by_text("1 selected")).to_be_visible()


def test_one_picture_is_saved_under_its_name_from_the_details(studio: Studio) -> None:
    data = pictures.jpeg(400, 320, seed=5)
    studio.upload(data, "a walk.png")
    studio.open("library")
    studio.page.get_by_role("option").click()
    with studio.page.expect_download() as saving:
        studio.button("Download", within=studio.dialog).click()
    assert saving.value.suggested_filename == "a walk.jpg"
    assert saving.value.path().read_bytes() == data


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


def test_what_a_post_shows_is_deleted_only_after_a_question(studio: Studio) -> None:
    fill(studio, 2)
    used = next(image for image in studio.images() if image["filename"] == "picture-01.jpg")
    studio.attach(used["id"], "spring-sale", "instagram")
    studio.open("library")
    expect(tile(studio, "picture-01.*Used in 1 post")).to_be_visible()
    # The page does not know of this one.
    other = next(image for image in studio.images() if image["filename"] == "picture-02.jpg")
    studio.attach(other["id"], "summer-sale", None)
    for name in ("picture-01", "picture-02"):
        tile(studio, name).focus()
        studio.page.keyboard.press("Delete")
        question = studio.page.get_by_role("alertdialog", name=f"{name}.jpg is used in a post")
        studio.button("Cancel", within=question).click()
        expect(tile(studio, f"{name}.*Used in 1 post")).to_be_focused()
    assert len(studio.images()) == 2
    studio.page.keyboard.press("Delete")
    studio.button("Move to the trash all the same", within=studio.page.get_by_role("alertdialog")).click()
    expect(tile(studio, "picture-02")).to_have_count(0)
    until("it is in the trash", lambda: [image["id"] for image in studio.images(trashed=True)] == [other["id"]])
    studio.button("Undo").click()
    expect(tile(studio, "picture-02.*Used in 1 post")).to_be_visible()


def test_of_many_those_that_posts_show_are_left_and_listed(studio: Studio) -> None:
    fill(studio, 4)
    for name, post in (("picture-01.jpg", "spring-sale"), ("picture-03.jpg", "summer-sale")):
        studio.attach(next(image["id"] for image in studio.images() if image["filename"] == name), post, None)
    studio.open("library")
    studio.page.get_by_role("option").first.focus()
    studio.page.keyboard.press("Control+a")
    studio.button("Delete").click()
    question = studio.page.get_by_role("alertdialog", name="Move 4 pictures to the trash?")
    expect(question).to_contain_text("2 of them are used in posts and stay.")
    studio.button("Delete", within=question).click()
    told = studio.page.get_by_role("alert").filter(has_text="2 pictures were not deleted")
    expect(told.get_by_role("listitem")).to_have_text(
        [re.compile("picture-03.jpg.*Used in 1 post"), re.compile("picture-01.jpg.*Used in 1 post")]
    )
    expect(studio.page.get_by_text("2 selected")).to_be_visible()
    expect(studio.page.get_by_role("option")).to_have_count(2)
    studio.button("Move them to the trash all the same").click()
    expect(studio.page.get_by_text("Nothing here yet")).to_be_visible()
    expect(told).to_have_count(0)
    until("all are in the trash", lambda: len(studio.images(trashed=True)) == 4)
    assert studio.images() == []


def test_many_are_brought_back_and_the_one_that_is_there_again_is_named(studio: Studio) -> None:
    fill(studio, 3)
    studio.open("library")
    studio.page.get_by_role("option").first.focus()
    studio.page.keyboard.press("Control+a")
    studio.button("Delete").click()
    studio.button("Delete", within=studio.page.get_by_role("alertdialog")).click()
    expect(studio.page.get_by_text("Nothing here yet")).to_be_visible()
    studio.upload(pictures.jpeg(400, 320, seed=102, quality=40), "the same again.jpg")
    studio.button("Trash").click()
    expect(studio.page.get_by_role("option")).to_have_count(3)
    studio.page.get_by_role("option").first.focus()
    studio.page.keyboard.press("Control+a")
    studio.button("Restore").click()
    told = studio.page.get_by_role("alert").filter(has_text="1 picture was not restored.")
    expect(told.get_by_role("listitem")).to_have_text(re.compile("picture-02.jpg.*uploaded again meanwhile"))
    expect(studio.page.get_by_role("option")).to_have_count(1)
    until("the others are back", lambda: len(studio.images()) == 3)


def test_the_details_say_where_it_is_used_and_what_was_made_of_it(studio: Studio) -> None:
    original = studio.upload(pictures.jpeg(1500, 500), "wide.jpg")
    studio.open("library")
    tile(studio, "wide").click()
    studio.button("Add borders to fit", within=studio.dialog).click()
    expect(studio.dialog.get_by_text("Fits Instagram")).to_be_visible()
    studio.dialog.get_by_role("button", name=re.compile("wide.jpg.*Original")).click()
    copy = studio.dialog.get_by_role("button", name=re.compile("A copy: wide"))
    expect(copy).to_be_visible()
    studio.page.keyboard.press("Escape")
    studio.attach(original["id"], "campaign-12", "linkedin")
    studio.page.reload()
    tile(studio, "wide.jpg.*Used in 1 post").click()
    expect(studio.dialog.get_by_role("listitem").filter(has_text="campaign-12")).to_contain_text("LinkedIn")
    studio.button("Delete", within=studio.dialog).click()
    expect(studio.page.get_by_role("alertdialog", name="wide.jpg is used in a post")).to_be_visible()


def test_decorative_is_kept_apart_from_not_described(studio: Studio) -> None:
    fill(studio, 1)
    studio.open("library")
    studio.page.get_by_role("option").click()
    choice = studio.dialog.get_by_role("checkbox", name="Decorative: nothing to describe")
    choice.check()
    expect(studio.dialog.get_by_role("textbox", name="Alt text")).to_have_count(0)
    until("it is kept", lambda: studio.images()[0]["alt_text"] == "")
    studio.page.reload()
    studio.page.get_by_role("option").click()
    expect(choice).to_be_checked()
    choice.uncheck()
    expect(studio.dialog.get_by_role("textbox", name="Alt text")).to_have_value("")
    until("nobody described it", lambda: studio.images()[0]["alt_text"] is None)


def test_name_and_alt_text_are_edited_in_the_details(studio: Studio) -> None:
    fill(studio, 1)
    studio.open("library")
    studio.page.get_by_role("option").focus()
    studio.page.keyboard.press("Enter")
    studio.dialog.get_by_role("textbox", name="File name").fill("sunday.jpg")
    studio.dialog.get_by_role("textbox", name="Alt text").fill("A quiet Sunday")
    studio.page.keyboard.press("Tab")
    both = ("sunday.jpg", "A quiet Sunday")
    until("both are saved", lambda: [(one["filename"], one["alt_text"]) for one in studio.images()] == [both])
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
