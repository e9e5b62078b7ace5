"""Sending files: two phases, every file on its own, and nothing left behind by one that was stopped."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Request, expect

from tests import pictures
from tests.browser.studio import Studio
from tests.servers import until


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    contents = {
        "harbour.jpg": pictures.jpeg(1200, 900, seed=7),
        "panorama.jpg": pictures.jpeg(1500, 500, seed=8),
        "large.jpg": pictures.noisy_jpeg(1400, 1000, 80),
        "notes.jpg": b"these are words, not a picture",
        "IMG_0042.HEIC": b"\0\0\0\x18ftypheic" + bytes(200),
        "broken.png": pictures.png(400, 400)[:-200],
    }
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    return {name: tmp_path / name for name in contents}


def slow_down(studio: Studio, bytes_per_second: int) -> None:
    session = studio.page.context.new_cdp_session(studio.page)
    session.send("Network.enable")
    limits = {"offline": False, "latency": 20, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
    session.send("Network.emulateNetworkConditions", limits)


def test_several_files_each_with_their_own_end(studio: Studio, files: dict[str, Path]) -> None:
    studio.open("upload").choose(*files.values())
    expect(studio.row("harbour.jpg").get_by_text("Uploaded", exact=True)).to_be_visible()
    expect(studio.row("harbour.jpg").get_by_text("Fits Instagram")).to_be_visible()
    expect(studio.row("panorama.jpg").get_by_text("Not for Instagram as it is")).to_be_visible()
    expect(studio.row("notes.jpg").get_by_text("This is not a JPEG, PNG or WebP picture")).to_be_visible()
    expect(studio.row("IMG_0042.HEIC").get_by_text("This is a HEIC photo")).to_be_visible()
    expect(studio.row("broken.png").get_by_text("The picture cannot be read")).to_be_visible()
    expect(studio.row("large.jpg").get_by_text("Uploaded", exact=True)).to_be_visible()
    assert {image["filename"] for image in studio.images()} == {"harbour.jpg", "panorama.jpg", "large.jpg"}
    expect(studio.row("harbour.jpg")).to_be_focused()


def test_canceling_at_forty_percent_leaves_nothing(studio: Studio, files: dict[str, Path]) -> None:
    studio.open("upload")
    slow_down(studio, files["large.jpg"].stat().st_size // 12)
    studio.choose(files["large.jpg"])
    bar = studio.page.get_by_role("progressbar", name="Upload of large.jpg")
    until("two fifths are sent", lambda: int(bar.get_attribute("aria-valuenow") or 0) >= 40)
    assert "Sending" in (bar.get_attribute("aria-valuetext") or "")
    studio.button("Cancel large.jpg").click()
    expect(studio.row("large.jpg").get_by_text("Canceled", exact=True)).to_be_visible()
    assert studio.images() == []
    calls = studio.stack.sandbox.ledger(target="cloudinary.upload")
    assert not [call for call in calls if f"/{studio.business_id}/" in (call["public_id"] or "")]

    slow_down(studio, -1)
    studio.button("Try large.jpg again").click()
    expect(studio.row("large.jpg").get_by_text("Uploaded", exact=True)).to_be_visible()
    assert len(studio.images()) == 1


def test_the_second_phase_has_words_of_its_own(studio: Studio, files: dict[str, Path]) -> None:
    studio.stack.sandbox.script("cloudinary.upload", {"do": "slow", "seconds": 50})
    studio.open("upload").choose(files["harbour.jpg"])
    expect(studio.row("harbour.jpg").get_by_text("Checking and storing the picture")).to_be_visible()
    studio.stack.sandbox.release()
    expect(studio.row("harbour.jpg").get_by_text("Uploaded", exact=True)).to_be_visible()


def test_the_same_picture_again_offers_the_one_that_is_there(studio: Studio, files: dict[str, Path]) -> None:
    studio.upload(files["harbour.jpg"].read_bytes(), "first-name.jpg")
    studio.open("upload").choose(files["harbour.jpg"])
    expect(studio.row("harbour.jpg").get_by_text("Already in your library")).to_be_visible()
    assert len(studio.images()) == 1


def test_a_failed_upload_can_be_tried_again_with_the_same_key(studio: Studio, files: dict[str, Path]) -> None:
    keys: list[str] = []

    def note(sent: Request) -> None:
        if "idempotency-key" in sent.headers:
            keys.append(sent.headers["idempotency-key"])

    studio.page.on("request", note)
    studio.stack.sandbox.script("cloudinary.upload", {"do": "500", "times": 5})
    studio.open("upload").choose(files["harbour.jpg"])
    expect(studio.row("harbour.jpg").get_by_text("The picture store is down")).to_be_visible()
    studio.stack.sandbox.clear()
    studio.button("Try harbour.jpg again").click()
    expect(studio.row("harbour.jpg").get_by_text("Uploaded", exact=True)).to_be_visible()
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_alt_text_is_saved_with_the_picture(studio: Studio, files: dict[str, Path]) -> None:
    studio.open("upload").choose(files["harbour.jpg"])
    field = studio.row("harbour.jpg").get_by_role("textbox", name="Alt text")
    field.fill("A harbour in the evening")
    field.blur()
    until("it is saved", lambda: studio.images()[0]["alt_text"] == "A harbour in the evening")


def test_a_decorative_picture_stays_one(studio: Studio, files: dict[str, Path]) -> None:
    studio.open("upload").choose(files["harbour.jpg"])
    row = studio.row("harbour.jpg")
    row.get_by_role("checkbox", name="Decorative: nothing to describe").click()
    until("it is saved", lambda: studio.images()[0]["alt_text"] == "")
    expect(row.get_by_role("checkbox")).to_be_checked()
    row.get_by_role("checkbox").click()
    until("it is taken back", lambda: studio.images()[0]["alt_text"] is None)


def test_without_a_connection_files_wait_and_go_on_by_themselves(studio: Studio, files: dict[str, Path]) -> None:
    studio.open("upload")
    studio.page.context.set_offline(True)
    studio.choose(files["harbour.jpg"])
    expect(studio.row("harbour.jpg").get_by_text("It goes on when the connection is back.")).to_be_visible()
    studio.page.context.set_offline(False)
    expect(studio.row("harbour.jpg").get_by_text("Uploaded", exact=True)).to_be_visible()
    assert len(studio.images()) == 1


def test_a_screenshot_can_be_pasted(studio: Studio, files: dict[str, Path]) -> None:
    studio.open("upload")
    zone = studio.page.get_by_role("region", name="Upload pictures")
    zone.evaluate(
        """(zone, bytes) => {
            const clipboard = new DataTransfer();
            clipboard.items.add(new File([new Uint8Array(bytes)], "image.png", { type: "image/png" }));
            const more = { clipboardData: clipboard, bubbles: true, cancelable: true };
            zone.dispatchEvent(new ClipboardEvent("paste", more));
        }""",
        list(pictures.png(400, 400)),
    )
    expect(studio.row("image.png").get_by_text("Uploaded", exact=True)).to_be_visible()


def test_leaving_while_files_are_sent_asks_first(studio: Studio, files: dict[str, Path]) -> None:
    studio.open("library")
    studio.button("Choose an image").click()
    slow_down(studio, files["large.jpg"].stat().st_size // 8)
    studio.choose(files["large.jpg"])
    expect(studio.page.get_by_role("progressbar", name=re.compile("large"))).to_be_visible()
    studio.page.keyboard.press("Escape")
    question = studio.page.get_by_role("alertdialog", name="Uploads are still running")
    expect(question).to_be_visible()
    studio.button("Stop and close", within=question).click()
    expect(studio.page.get_by_role("dialog")).to_have_count(0)
    assert studio.images() == []
