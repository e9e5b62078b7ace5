"""Every state of every component, in light, in dark and on a phone: a picture of each, and nothing that axe finds."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import expect

from tests import pictures
from tests.browser.studio import Studio
from tests.stack import Stack

DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 1.5,
}
PROMPTS = (
    "Mountain lake at dawn, mist over the water, a small red boat",
    "A lighthouse on a cliff in the evening",
    "Dunes under a full moon",
    "City skyline at night, reflections on wet streets",
    "A forest path in autumn",
    "Northern lights over snow",
    "Waves in abstract colours",
)


@pytest.fixture
def desk(visit: Callable[..., Studio], screenshots: None) -> Studio:
    """On a wide screen."""
    return visit(**DESK)


@pytest.fixture(params=["desk", "phone"])
def look(request: pytest.FixtureRequest, visit: Callable[..., Studio], screenshots: None) -> tuple[Studio, str]:
    """A studio on one kind of screen, and the name of that."""
    return visit(**(PHONE if request.param == "phone" else DESK)), request.param


@pytest.fixture(scope="session")
def photos(stack: Stack) -> dict[str, bytes]:
    """Pictures that are nice to look at, painted by the sandbox."""
    shapes = [(1200, 1200), (1280, 960), (1080, 1350), (1600, 1000)]
    found = {}
    for number, prompt in enumerate(PROMPTS):
        width, height = shapes[number % len(shapes)]
        name = prompt.partition(",")[0].lower().replace(" ", "-")
        found[f"{name}.jpg"] = preview(stack, prompt, width, height)
    return found


def preview(stack: Stack, prompt: str, width: int, height: int) -> bytes:
    """A JPEG as the sandbox would paint it."""
    query: dict[str, str | int] = {"prompt": prompt, "width": width, "height": height, "format": "jpeg"}
    address, owner = f"{stack.sandbox.url}/_sandbox/preview", stack.sandbox.owner
    return httpx2.get(address, params=query, headers=owner, timeout=30).raise_for_status().content


@pytest.fixture
def filled(look: tuple[Studio, str], photos: dict[str, bytes]) -> Iterator[tuple[Studio, str]]:
    """A library with something in it."""
    studio, _ = look
    for name, data in photos.items():
        studio.upload(data, name)
    studio.upload(preview(studio.stack, "Rolling hills in spring", 1500, 500), "banner-too-wide.jpg")
    yield look


def test_states_of_the_generator(look: tuple[Studio, str]) -> None:
    studio, name = look
    studio.open()
    expect(studio.page.get_by_text("about $0.053")).to_be_visible()
    studio.check(f"generate-1-empty-{name}")
    studio.hold("red boat")
    studio.generate(PROMPTS[0])
    expect(studio.page.get_by_text("Developing").first).to_be_visible()
    studio.check(f"generate-2-running-{name}")
    studio.release()
    expect(studio.button("Edit the description")).to_be_visible()
    studio.check(f"generate-3-done-{name}")
    studio.button("Delete").click()
    expect(studio.button("Undo")).to_be_visible()
    studio.check(f"generate-4-deleted-{name}")


@pytest.mark.parametrize(
    ("title", "behaviour"),
    [("refused", {"do": "moderation"}), ("unknown", {"do": "drop_after"})],
)
def test_failures_of_the_generator(desk: Studio, title: str, behaviour: dict[str, Any]) -> None:
    studio = desk
    studio.stack.sandbox.script("openai.generate", behaviour, match="that fails")
    studio.open().generate("A picture that fails")
    expect(studio.page.get_by_text("Your description is kept.")).to_be_visible()
    studio.check(f"generate-5-{title}")


def test_orders_that_are_refused_or_dear(desk: Studio) -> None:
    studio = desk
    studio.open().describe("A picture that is refused")
    expect(studio.page.get_by_text("about $0.053")).to_be_visible()
    studio.budget("0.01")
    studio.button("Generate").click()
    expect(studio.page.get_by_text("$0.01 left this month")).to_be_visible()
    studio.check("generate-6-budget")
    studio.budget(None)
    studio.page.reload()
    studio.page.get_by_label("Model").select_option("gpt-image-2")
    studio.page.get_by_role("radio", name="HD").click()
    studio.button("Generate").click()
    expect(studio.page.get_by_text("This picture costs")).to_be_visible()
    studio.check("generate-7-dear")


def test_a_generator_that_has_to_wait_or_hears_nothing(look: tuple[Studio, str]) -> None:
    studio, name = look
    problem = {
        "code": "rate_limited",
        "status": 429,
        "retryable": True,
        "charged": False,
        "request_id": "0123456789abcdef",
    }
    headers = {"Retry-After": "40"}
    studio.answer("/generate", lambda route, _request: route.fulfill(status=429, json=problem, headers=headers))
    studio.open().generate("A picture that has to wait")
    expect(studio.page.get_by_role("button", name=re.compile("Try again in"))).to_be_visible()
    studio.check(f"generate-8-wait-{name}")
    studio.answer(".*", lambda route, _request: route.abort())
    studio.page.reload()
    expect(studio.page.get_by_text("No connection to Darkroom")).to_be_visible()
    studio.check(f"generate-9-no-connection-{name}")


def test_states_of_the_uploader(look: tuple[Studio, str], photos: dict[str, bytes], tmp_path: Path) -> None:
    studio, name = look
    studio.open("upload")
    expect(studio.button("Choose files")).to_be_visible()
    studio.check(f"upload-1-empty-{name}")
    session = studio.page.context.new_cdp_session(studio.page)
    session.send("Network.enable")
    limits = {"offline": False, "latency": 20, "downloadThroughput": -1, "uploadThroughput": 60_000}
    session.send("Network.emulateNetworkConditions", limits)
    contents = {
        "market-square.jpg": pictures.noisy_jpeg(1200, 900, 90),
        "notes.jpg": b"words",
        "IMG_0042.HEIC": b"\0\0\0\x18ftypheic" + bytes(99),
    }
    for file, data in contents.items():
        (tmp_path / file).write_bytes(data)
    studio.choose(*(tmp_path / file for file in contents))
    expect(studio.page.get_by_text(re.compile(r"Sending .* of .*")).first).to_be_visible()
    expect(studio.page.get_by_text(re.compile(r"left$"))).to_be_visible()
    studio.check(f"upload-2-sending-{name}")
    studio.button("Cancel market-square.jpg").click()
    session.send("Network.emulateNetworkConditions", {**limits, "uploadThroughput": -1})
    (tmp_path / "lake.jpg").write_bytes(photos["mountain-lake-at-dawn.jpg"])
    (tmp_path / "banner.jpg").write_bytes(preview(studio.stack, "A long beach", 1500, 500))
    studio.choose(tmp_path / "lake.jpg", tmp_path / "banner.jpg")
    expect(studio.row("banner.jpg").get_by_text("Uploaded", exact=True)).to_be_visible()
    expect(studio.row("lake.jpg").get_by_text("Uploaded", exact=True)).to_be_visible()
    studio.check(f"upload-3-ended-{name}")
    studio.button("Clear the finished").click()
    session.send("Network.emulateNetworkConditions", {**limits, "offline": True})
    (tmp_path / "later.jpg").write_bytes(preview(studio.stack, "A pier in the rain", 800, 800))
    studio.choose(tmp_path / "later.jpg")
    expect(studio.page.get_by_text("It goes on when the connection is back.")).to_be_visible()
    studio.check(f"upload-4-offline-{name}")


def test_states_of_the_library(filled: tuple[Studio, str]) -> None:
    studio, name = filled
    studio.open("library")
    expect(studio.page.get_by_role("option")).to_have_count(8)
    studio.check(f"library-2-pictures-{name}")
    studio.page.get_by_role("option", name=re.compile("banner")).click()
    expect(studio.dialog.get_by_text("Not for Instagram as it is")).to_be_visible()
    studio.check(f"library-3-details-{name}")
    studio.page.keyboard.press("Escape")
    for number in (1, 2, 4):
        studio.page.get_by_role("option").nth(number).locator("[data-check]").click()
    expect(studio.page.get_by_text("3 selected").first).to_be_visible()
    studio.check(f"library-4-selected-{name}")
    studio.button("Delete").click()
    expect(studio.page.get_by_role("alertdialog")).to_be_visible()
    studio.check(f"library-5-question-{name}")
    studio.page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(studio.button("Undo")).to_be_visible()
    studio.check(f"library-6-undo-{name}")
    studio.page.get_by_role("searchbox").fill("nothing like this")
    expect(studio.page.get_by_text("No picture matches")).to_be_visible()
    studio.check(f"library-7-no-match-{name}")
    studio.page.get_by_role("searchbox").fill("")
    studio.button("Trash").click()
    expect(studio.page.get_by_text("Destroyed on").first).to_be_visible()
    studio.check(f"library-8-trash-{name}")


def test_states_of_a_library_that_is_long_and_used(filled: tuple[Studio, str]) -> None:
    studio, name = filled
    images = studio.images()
    for number in range(18):
        studio.upload(preview(studio.stack, f"{PROMPTS[number % 7]} {number}", 480, 480), f"series-{number + 1:02}.jpg")
    banner, waves, lights = images[0], images[1], images[2]
    studio.attach(banner["id"], "spring-campaign-2026", "linkedin")
    studio.attach(banner["id"], "4711", None)
    studio.attach(waves["id"], "hello-summer", "instagram")
    made = f"{studio.stack.url}/api/v1/images/{banner['id']}/derivatives"
    for mode in ("crop", "pad"):
        httpx2.post(made, json={"preset": "instagram_191x100", "mode": mode}).raise_for_status()
    studio.open("library")
    studio.button("Load more").scroll_into_view_if_needed()
    studio.check(f"library-10-foot-{name}")
    studio.page.get_by_role("option").first.locator("[data-check]").click()
    studio.button("Select all 28").click()
    expect(studio.page.get_by_text("28 selected").first).to_be_visible()
    studio.check(f"library-10-all-selected-{name}")
    studio.button("Clear selection").click()
    expect(studio.page.get_by_role("option").first).to_be_focused()
    studio.button("Load more").click()
    expect(studio.page.get_by_role("option")).to_have_count(28)
    studio.page.get_by_role("option", name=re.compile("banner-too-wide.jpg")).click()
    expect(
        studio.dialog.get_by_text("hello-summer").or_(studio.dialog.get_by_text("spring-campaign-2026"))
    ).to_be_visible()
    expect(studio.dialog.get_by_text("Versions")).to_be_visible()
    studio.dialog.get_by_text("Versions").scroll_into_view_if_needed()
    studio.dialog.get_by_role("button", name=re.compile("A copy")).last.scroll_into_view_if_needed()
    studio.check(f"library-11-used-and-versions-{name}")
    studio.button("Delete", within=studio.dialog).click()
    expect(studio.page.get_by_role("alertdialog")).to_be_visible()
    studio.check(f"library-12-used-question-{name}")
    studio.button("Cancel", within=studio.page.get_by_role("alertdialog")).click()
    studio.page.keyboard.press("Escape")
    studio.page.route(lights["url"], lambda route: None)
    for wanted in ("northern", "waves", "banner-too-wide.jpg", "series-03"):
        studio.page.get_by_role("option", name=re.compile(wanted)).locator("[data-check]").click()
    studio.button("Download").click()
    expect(studio.page.get_by_text(re.compile(r"\d of 4 fetched"))).to_be_visible()
    studio.check(f"library-13-downloading-{name}")
    studio.button("Cancel").click()
    studio.button("Delete").click()
    studio.button("Delete", within=studio.page.get_by_role("alertdialog")).click()
    expect(studio.page.get_by_text("2 pictures were not deleted")).to_be_visible()
    studio.check(f"library-14-left-{name}")
    studio.page.unroute_all(behavior="ignoreErrors")


def test_a_library_that_is_empty_loading_or_out_of_reach(desk: Studio) -> None:
    studio = desk
    studio.open("library")
    expect(studio.page.get_by_text("Nothing here yet")).to_be_visible()
    studio.check("library-1-empty")
    studio.answer("", lambda route, _request: None)
    studio.page.reload()
    expect(studio.page.locator(".dr-thumb-skeleton").first).to_be_visible()
    studio.check("library-0-loading")
    studio.page.unroute_all(behavior="ignoreErrors")
    studio.answer("", lambda route, _request: route.abort())
    studio.page.reload()
    expect(studio.page.get_by_text("No connection to Darkroom")).to_be_visible()
    studio.check("library-9-offline")


def test_states_of_the_selector(filled: tuple[Studio, str]) -> None:
    studio, name = filled
    studio.open("library")
    studio.button("New post").click()
    post = studio.page.get_by_role("dialog", name="New post")
    expect(post).to_be_visible()
    studio.check(f"publish-1-new-{name}")
    post.get_by_role("radio", name="Instagram").click()
    selector = studio.page.get_by_role("dialog", name="Choose an image")
    for tab in ("Upload", "Generate", "Library"):
        selector.get_by_role("tab", name=tab).click()
        expect(selector.locator(".dr-selector-coming")).to_have_count(0)
        expect(selector.get_by_role("tabpanel", name=tab)).to_be_visible()
        studio.check(f"selector-{tab.lower()}-{name}")
    selector.get_by_role("option", name=re.compile("banner")).click()
    expect(studio.button("Crop it to fit", within=selector)).to_be_visible()
    studio.check(f"selector-misfit-{name}")
    studio.button("Crop it to fit", within=selector).click()
    expect(selector.get_by_text("Chosen: banner-too-wide-instagram")).to_be_visible()
    selector.get_by_role("option", name=re.compile("forest")).click()
    selector.locator("footer").get_by_role("button", name="Use 2 images").click()
    post.get_by_role("textbox", name="Text", exact=True).fill("Sunday light. Out at the lake before anybody else.")
    expect(selector).to_have_count(0)
    expect(post.get_by_role("listitem")).to_have_count(2)
    studio.check(f"publish-2-images-{name}")
    studio.button("Add image", within=post).click()
    selector.get_by_role("option", name=re.compile("dunes")).click()
    selector.locator("footer").get_by_role("button", name="Use image").click()
    gone = studio.images(search="dunes")[0]["id"]
    httpx2.delete(f"{studio.stack.url}/api/v1/images/{gone}").raise_for_status()
    studio.button("Publish", within=post).click()
    expect(selector.get_by_text("was deleted meanwhile")).to_be_visible()
    expect(selector.locator(":focus")).to_have_count(1)
    studio.check(f"publish-3-gone-picker-{name}")
    studio.page.keyboard.press("Escape")
    expect(selector).to_have_count(0)
    expect(post.get_by_text("was deleted meanwhile").last).to_be_visible()
    studio.check(f"publish-4-gone-{name}")


def test_a_post_that_cannot_go_out(look: tuple[Studio, str], photos: dict[str, bytes]) -> None:
    studio, name = look
    studio.upload(preview(studio.stack, "A kite over the beach", 400, 400), "kite.jpg")
    studio.open("library")
    studio.button("New post").click()
    post = studio.page.get_by_role("dialog", name="New post")
    post.get_by_role("radio", name="Instagram").click()
    selector = studio.page.get_by_role("dialog", name="Choose an image")
    selector.get_by_role("tab", name="Library").click()
    expect(selector.get_by_role("option")).to_have_count(1)
    studio.page.keyboard.press("Escape")
    studio.button("Publish", within=post).click()
    expect(post.get_by_role("alert").filter(has_text="Instagram posts need an image.")).to_be_visible()
    studio.check(f"publish-5-required-{name}")
    studio.button("Add image", within=post).click()
    selector.get_by_role("option").click()
    selector.locator("footer").get_by_role("button", name="Use image").click()
    post.get_by_role("radio", name="LinkedIn").click()
    expect(post.get_by_text("Not for LinkedIn as it is")).to_be_visible()
    studio.button("Publish", within=post).click()
    studio.check(f"publish-6-misfit-{name}")
    post.get_by_role("radio", name="Facebook").click()
    studio.answer("/validate", lambda route, _request: route.abort())
    studio.answer("/[^/]+/posts/[^/]+", lambda route, _request: route.abort())
    studio.button("Publish", within=post).click()
    expect(post.get_by_role("alert").filter(has_text="No connection to Darkroom")).to_be_attached()
    studio.check(f"publish-7-no-connection-{name}")


def test_a_post_that_waits_for_its_picture(desk: Studio) -> None:
    studio = desk
    studio.hold("awaited")
    studio.open().generate("An awaited sunrise")
    studio.button("New post").click()
    post = studio.page.get_by_role("dialog", name="New post")
    studio.button("Use it for this post", within=post).click()
    studio.button("Publish when ready", within=post).click()
    expect(post.get_by_text("Published as soon as the picture is ready.")).to_be_visible()
    studio.check("publish-8-waiting")
    studio.page.keyboard.press("Escape")
    expect(studio.page.get_by_role("alertdialog", name="The post is not out yet")).to_be_visible()
    studio.check("publish-9-question")


def test_the_tray_with_several_jobs(desk: Studio) -> None:
    studio = desk
    studio.stack.sandbox.script("openai.generate", {"do": "moderation", "seconds": 2}, match="forbidden")
    studio.hold("slow")
    studio.open()
    for prompt in ("A forbidden thing", "A bowl of ramen on a wooden counter", "A slow sunrise over the harbour"):
        studio.describe(prompt)
        studio.button("Generate").click()
        expect(studio.page.get_by_role("textbox", name="Describe the picture")).to_have_value(prompt)
        expect(studio.button("Generate")).to_be_enabled()
    studio.page.get_by_role("tab", name="Upload").click()
    studio.button("Show the list").click()
    expect(studio.page.get_by_text("The image service refused this description").first).to_be_visible()
    studio.check("tray")
