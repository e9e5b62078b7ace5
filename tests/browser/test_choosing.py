"""The selector and the post: from a key press to what the host's functions receive."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, expect

from tests import pictures
from tests.browser.studio import Studio
from tests.servers import until


def received(studio: Studio) -> Any:
    """What the studio shows that a host would have got."""
    shown = studio.page.get_by_role("dialog", name="What your app receives")
    return json.loads(shown.locator("pre").inner_text())


def begin_post(studio: Studio, *names: str) -> Locator:
    """The dialog of a new post with these images of the library."""
    studio.open("library")
    studio.button("New post").click()
    post = studio.page.get_by_role("dialog", name="New post")
    studio.button("Add image", within=post).click()
    selector = studio.page.get_by_role("dialog", name="Choose an image")
    selector.get_by_role("tab", name="Library").click()
    for name in names:
        selector.get_by_role("option", name=name).click()
    selector.locator("footer").get_by_role("button", name=re.compile("^Use")).click()
    return post


def posts_of(studio: Studio, image: dict[str, Any]) -> list[dict[str, Any]]:
    """What the server knows to show the image."""
    found: list[dict[str, Any]] = studio.get(f"/{image['id']}/posts")["items"]
    return found


def test_by_keyboard_alone_from_open_to_insert(studio: Studio) -> None:
    studio.upload(pictures.jpeg(800, 800, seed=1), "one.jpg")
    wanted = studio.upload(pictures.jpeg(800, 800, seed=2), "two.jpg")
    studio.upload(pictures.jpeg(800, 800, seed=3), "three.jpg")
    studio.open("generate")
    keyboard = studio.page.keyboard
    studio.button("Choose an image").focus()
    keyboard.press("Enter")
    dialog = studio.page.get_by_role("dialog", name="Choose an image")
    expect(dialog.locator(":focus")).to_have_count(1)  # Before that a key would still be the page's.
    tab = dialog.get_by_role("tab", name="Upload")
    for _ in range(10):
        if tab.evaluate("one => one === document.activeElement"):
            break
        keyboard.press("Tab")
    keyboard.press("End")
    expect(dialog.get_by_role("tab", name="Library")).to_be_focused()
    expect(dialog.get_by_role("option")).to_have_count(3)
    first = dialog.get_by_role("option").first
    for _ in range(10):
        if first.evaluate("one => one === document.activeElement"):
            break
        keyboard.press("Tab")
    keyboard.press("ArrowRight")
    keyboard.press("Space")
    expect(dialog.get_by_role("option", name=re.compile("two.jpg"))).to_have_attribute("aria-selected", "true")
    keyboard.press("Enter")
    assert received(studio)["image"]["id"] == wanted["id"]
    assert received(studio)["url"] == wanted["url"]
    keyboard.press("Escape")
    expect(studio.button("Choose an image")).to_be_focused()


def test_an_upload_is_chosen_and_ready_to_use(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "new.jpg").write_bytes(pictures.jpeg(800, 800))
    studio.open()
    studio.button("Choose an image").click()
    studio.dialog.get_by_role("tab", name="Upload").click()
    studio.choose(tmp_path / "new.jpg")
    expect(studio.dialog.get_by_text("Chosen: new.jpg")).to_be_visible()
    primary = studio.dialog.locator("footer").get_by_role("button", name="Use image")
    expect(primary).to_be_focused()
    studio.dialog.get_by_role("tab", name="Library").click()
    expect(studio.dialog.get_by_role("option", name=re.compile("new.jpg"))).to_have_attribute("aria-selected", "true")
    primary.click()
    assert received(studio)["image"]["filename"] == "new.jpg"


def test_a_generated_picture_is_chosen_when_it_is_ready(studio: Studio) -> None:
    studio.open("library")
    studio.button("Choose an image").click()
    studio.dialog.get_by_role("tab", name="Generate").click()
    studio.generate("A chosen fox")
    expect(studio.dialog.get_by_text("Chosen:")).to_be_visible()
    studio.dialog.locator("footer").get_by_role("button", name="Use image").click()
    assert received(studio)["image"]["generation"]["prompt"] == "A chosen fox"


def test_the_window_can_be_closed_while_a_picture_is_made(studio: Studio) -> None:
    prompt = "A picture that outlives the window"
    studio.hold(prompt)
    studio.open("library")
    studio.button("Choose an image").click()
    studio.dialog.get_by_role("tab", name="Generate").click()
    studio.generate(prompt)
    expect(studio.dialog.get_by_text("Developing").first).to_be_visible()
    studio.page.keyboard.press("Escape")
    expect(studio.page.get_by_text("1 picture in the making")).to_be_visible()
    studio.button("Choose an image").click()
    studio.release()
    expect(studio.dialog.get_by_role("button", name=re.compile("Generate another"))).to_be_visible()
    assert studio.painted(prompt) == 1


def test_instagram_opens_the_selector_and_insists_on_an_image(studio: Studio) -> None:
    studio.upload(pictures.jpeg(1500, 500), "wide.jpg")
    studio.open("library")
    studio.button("New post").click()
    post = studio.page.get_by_role("dialog", name="New post")
    post.get_by_role("radio", name="Instagram").click()
    selector = studio.page.get_by_role("dialog", name="Choose an image")
    expect(selector.get_by_text("This post needs an image.")).to_be_visible()
    expect(selector.locator(":focus")).to_have_count(1)  # Before that the key would still be the post's.
    studio.page.keyboard.press("Escape")
    studio.button("Publish", within=post).click()
    expect(studio.button("Add image", within=post)).to_be_focused()
    expect(post.get_by_role("alert").filter(has_text="Instagram posts need an image.")).to_be_visible()

    studio.button("Add image", within=post).click()
    selector.get_by_role("tab", name="Library").click()
    selector.get_by_role("option", name=re.compile("wide.jpg")).click()
    studio.button("Crop it to fit", within=selector).click()
    expect(selector.get_by_text("Chosen: wide-instagram")).to_be_visible()
    selector.locator("footer").get_by_role("button", name="Use image").click()
    post.get_by_role("textbox", name="Text", exact=True).fill("Hello from the darkroom")
    post.get_by_role("radio", name="X", exact=True).click()
    post.get_by_role("radio", name="Instagram").click()
    studio.button("Publish", within=post).click()
    sent = received(studio)
    assert (sent["platform"], sent["text"], len(sent["images"])) == ("instagram", "Hello from the darkroom", 1)


def test_a_png_is_handed_to_instagram_as_a_jpeg(studio: Studio) -> None:
    image = studio.upload(pictures.png(800, 800), "drawing.png")
    studio.open("library")
    studio.button("New post").click()
    post = studio.page.get_by_role("dialog", name="New post")
    post.get_by_role("radio", name="Instagram").click()
    selector = studio.page.get_by_role("dialog", name="Choose an image")
    selector.get_by_role("tab", name="Library").click()
    selector.get_by_role("option").click()
    selector.locator("footer").get_by_role("button", name="Use image").click()
    expect(post.get_by_text("It is published as a JPEG copy.")).to_be_visible()
    decorative = post.get_by_role("checkbox", name=re.compile("Decorative"))
    decorative.click()
    expect(decorative).to_be_checked()
    until("it is kept with the picture", lambda: studio.get(f"/{image['id']}")["alt_text"] == "")
    studio.button("Publish", within=post).click()
    sent = received(studio)["images"][0]
    assert (sent["id"], sent["altText"]) == (image["id"], "")
    assert sent["url"] != image["url"]
    assert sent["url"].endswith(".jpg")


def test_an_image_deleted_meanwhile_is_noticed_before_publishing(studio: Studio) -> None:
    image = studio.upload(pictures.jpeg(800, 800), "short-lived.jpg")
    post = begin_post(studio, "short-lived.jpg")
    studio.page.request.delete(f"{studio.stack.url}/api/v1/images/{image['id']}")
    studio.button("Publish", within=post).click()
    selector = studio.page.get_by_role("dialog", name="Choose an image")
    told = "short-lived.jpg was deleted meanwhile. Choose another image."
    expect(selector.get_by_text(told)).to_be_visible()
    expect(selector.locator(":focus")).to_have_count(1)
    studio.page.keyboard.press("Escape")
    expect(post.get_by_text(told).last).to_be_visible()
    expect(post.get_by_role("listitem")).to_have_count(0)
    assert posts_of(studio, image) == []


def test_a_published_image_is_pinned(studio: Studio) -> None:
    image = studio.upload(pictures.jpeg(800, 800), "pinned.jpg")
    post = begin_post(studio, "pinned.jpg")
    post.get_by_role("radio", name="LinkedIn").click()
    studio.button("Publish", within=post).click()
    sent = received(studio)
    (kept,) = posts_of(studio, image)
    assert (kept["post_id"], kept["platform"]) == (sent["postId"], "linkedin")
    assert studio.get(f"/{image['id']}")["used_in"] == 1
    refused = studio.page.request.delete(f"{studio.stack.url}/api/v1/images/{image['id']}")
    assert (refused.status, refused.json()["code"]) == (409, "image_in_use")


def test_what_was_attached_for_nothing_is_let_go(studio: Studio) -> None:
    first = studio.upload(pictures.jpeg(800, 800, seed=1), "first.jpg")
    second = studio.upload(pictures.jpeg(800, 800, seed=2), "second.jpg")
    # Publishing breaks after the images were attached: the last thing before the host's turn is the question of copies.
    studio.answer("/validate", lambda route, _request: route.abort())
    post = begin_post(studio, "first.jpg", "second.jpg")
    studio.button("Publish", within=post).click()
    expect(post.get_by_role("alert").filter(has_text="No connection to Darkroom")).to_be_attached()
    assert (len(posts_of(studio, first)), len(posts_of(studio, second))) == (1, 1)
    studio.button("Remove second.jpg", within=post).click()
    until("the removed one is let go", lambda: posts_of(studio, second) == [])
    assert len(posts_of(studio, first)) == 1
    studio.page.keyboard.press("Escape")
    expect(studio.page.get_by_role("dialog")).to_have_count(0)
    until("the other one too", lambda: posts_of(studio, first) == [])


def test_a_platforms_rules_are_the_servers(studio: Studio) -> None:
    studio.upload(pictures.jpeg(400, 400), "small.jpg")
    post = begin_post(studio, "small.jpg")
    post.get_by_role("radio", name="LinkedIn").click()
    expect(post.get_by_text("LinkedIn needs at least 552 by 276 pixels. Choose another image.")).to_be_visible()
    studio.button("Publish", within=post).click()
    expect(studio.button("Remove small.jpg", within=post)).to_be_focused()
    post.get_by_role("radio", name="Facebook").click()
    studio.button("Publish", within=post).click()
    assert received(studio)["images"][0]["altText"] is None


def test_the_order_of_a_carousel_by_keyboard(studio: Studio) -> None:
    for number in range(3):
        studio.upload(pictures.jpeg(800, 800, seed=number), f"{number}.jpg")
    post = begin_post(studio, "0.jpg", "1.jpg", "2.jpg")
    studio.button("Move 2.jpg earlier", within=post).focus()
    studio.page.keyboard.press("Enter")
    expect(studio.button("Move 2.jpg earlier", within=post)).to_be_focused()
    studio.page.keyboard.press("Enter")
    expect(post.get_by_text("2.jpg is now 1 of 3")).to_be_attached()
    expect(studio.button("Move 2.jpg earlier", within=post)).to_be_focused()
    studio.button("Publish", within=post).click()
    ids = {image["id"]: image["filename"] for image in studio.images()}
    assert [ids[image["id"]] for image in received(studio)["images"]] == ["2.jpg", "0.jpg", "1.jpg"]


def test_a_post_waits_for_the_picture_that_is_made(studio: Studio) -> None:
    prompt = "A picture worth waiting for"
    studio.hold(prompt)
    studio.open().generate(prompt)
    studio.button("New post").click()
    post = studio.page.get_by_role("dialog", name="New post")
    studio.button("Use it for this post", within=post).click()
    studio.button("Publish when ready", within=post).click()
    expect(post.get_by_text("Published as soon as the picture is ready.")).to_be_visible()
    studio.release()
    assert received(studio)["images"][0]["aiGenerated"] is True


def test_on_a_phone_the_selector_fills_the_screen(visit: Callable[..., Studio]) -> None:
    studio = visit(viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    studio.upload(pictures.jpeg(800, 800), "pocket.jpg")
    studio.open("library")
    studio.button("New post").tap()
    studio.button("Add image").tap()
    expect(studio.page.get_by_role("dialog", name="Choose an image")).to_be_visible()
    studio.settle()
    box = studio.page.get_by_role("dialog", name="Choose an image").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 780}
    studio.dialog.get_by_role("tab", name="Library").tap()
    studio.dialog.get_by_role("option").tap()
    studio.dialog.locator("footer").get_by_role("button", name="Use image").tap()
    expect(studio.page.get_by_text("pocket.jpg").last).to_be_visible()
    assert studio.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
