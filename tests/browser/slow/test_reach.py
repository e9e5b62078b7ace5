"""For everybody: small screens, large text, fingers, scripts from right to left, no motion, a tab that nobody sees."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests import pictures
from tests.browser.studio import Studio
from tests.servers import until

SMALL: dict[str, Any] = {
    "viewport": {"width": 320, "height": 640},
    "has_touch": True,
    "is_mobile": True,
    "color_scheme": "dark",
}
"""In the dark, too: the other browser tests measure contrasts there only on a desk."""
ZOOMED: dict[str, Any] = {
    "viewport": {"width": 640, "height": 430},
    "device_scale_factor": 2,
    "reduced_motion": "reduce",
}
"""A desk's screen of 1280 pixels at 200 % has room for 640."""

_TOO_SMALL = """(top, least) => {
    const what = "button, a[href], input:not([type=file]), select, textarea, [role=option], [role=tab], [data-check]";
    const shown = [...top.querySelectorAll(what)].filter((one) => one.checkVisibility({ visibilityProperty: true })
        && !one.closest("[aria-hidden=true], [inert]") && one.getBoundingClientRect().width > 1);
    return shown.flatMap((one) => {
        const target = one.closest("label") ?? one;
        target.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
        const { width, height, x, y } = target.getBoundingClientRect();
        if (width >= least && height >= least) return [];
        // Smaller than that, but what is around it may belong to it.
        const [cx, cy, far] = [x + width / 2, y + height / 2, least / 2 - 0.5];
        const around = [[cx - far, cy], [cx + far, cy], [cx, cy - far], [cx, cy + far]];
        const missed = around.some(([px, py]) => {
            const hit = document.elementFromPoint(px, py);
            return !(hit && target.contains(hit));
        });
        const name = one.getAttribute("aria-label") ?? one.textContent.slice(0, 30);
        return missed ? [`${one.tagName} ${one.className} "${name}" is ${width} by ${height}`] : [];
    });
}"""

_CUT_OFF = """(top) => {
    const found = [];
    const page = document.documentElement;
    if (page.scrollWidth > page.clientWidth) found.push(`the page is ${page.scrollWidth} wide`);
    for (const one of top.querySelectorAll("*")) {
        const style = getComputedStyle(one);
        const box = one.getBoundingClientRect();
        if (!one.checkVisibility({ visibilityProperty: true }) || box.width <= 1 || one.closest("svg *")) continue;
        const name = `${one.tagName} ${one.className} "${one.textContent.slice(0, 30)}"`;
        const outside = box.left < -0.5 || box.right > page.clientWidth + 0.5;
        if (outside && !one.matches("[aria-hidden=true]")) found.push(`${name} stands at ${box.left} to ${box.right}`);
        // What is meant to be shortened, to scroll, or to be larger than its frame.
        const shortened = style.textOverflow === "ellipsis" || one.matches("pre, textarea, input, .dr-tile-frame");
        const words = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
        if ((style.overflowX !== "visible" || words) && !shortened && one.scrollWidth > one.clientWidth + 1
            && one.clientWidth > 0) found.push(`${name} needs ${one.scrollWidth} of ${one.clientWidth}`);
        if (one.closest("[hidden]")) found.push(`${name} is shown though it is hidden`);
    }
    return found;
}"""

_MOVING = """() => document.getAnimations().filter((one) => one.playState === "running"
    && one.effect.getComputedTiming().endTime > 100).map((one) => `${one.animationName} ${one.transitionProperty}`)"""


_RIGHT_TO_LEFT = """
    new MutationObserver(() => (document.documentElement.dir ||= "rtl")).observe(document, { childList: true })
"""


@pytest.fixture
def place(visit: Callable[..., Studio], tmp_path: Path) -> Callable[..., "Place"]:
    """A library with three pictures, seen in a browser of one kind."""

    def arrive(**context: Any) -> Place:
        studio = visit(**context)
        for width, height in ((1080, 1080), (1500, 500), (800, 1000)):
            studio.upload(pictures.jpeg(width, height), f"a-name-of-{width}-by-{height}.jpg")
        file = tmp_path / "one-that-is-uploaded-now-and-has-a-very-long-name.jpg"
        file.write_bytes(pictures.jpeg(640, 641))
        return Place(studio, file)

    return arrive


class Place:
    """A studio, and the way through all of it."""

    def __init__(self, studio: Studio, file: Path) -> None:
        self.studio = studio
        self.page = studio.page
        self._file = file

    def views(self) -> Iterator[tuple[str, Locator]]:
        """One after the other everything that can be seen: its name and what is on top."""
        studio, page = self.studio, self.page
        body = page.locator("body")
        studio.open()
        expect(page.get_by_text("about $0.053")).to_be_visible()
        yield "generator", body
        page.get_by_role("tab", name="Upload").click()
        studio.choose(self._file)
        expect(studio.row(self._file.name).get_by_text("Uploaded", exact=True)).to_be_visible()
        yield "uploader", body
        page.get_by_role("tab", name="Library").click()
        expect(studio.tiles).to_have_count(4)
        yield "library", body
        studio.tiles.nth(1).locator("[data-check]").click()
        yield "selection", body
        studio.tiles.nth(1).locator("[data-check]").click()
        studio.tiles.nth(1).click()
        expect(studio.dialog.get_by_text("bytes").or_(studio.dialog.get_by_text("Uploaded")).first).to_be_visible()
        yield "details", studio.dialog
        page.keyboard.press("Escape")
        studio.button("New post").click()
        post = page.get_by_role("dialog", name="New post")
        yield "empty post", post
        post.get_by_role("radio", name="Instagram").click()
        selector = page.get_by_role("dialog", name="Choose an image")
        for tab in ("Upload", "Generate", "Library"):
            selector.get_by_role("tab", name=tab).click()
            yield f"selector {tab}", selector
        for number in (0, 3):
            selector.locator(".dr-tile-tile").nth(number).click()
        yield "selector with a choice", selector
        selector.locator("footer").get_by_role("button", name="Use 2 images").click()
        expect(selector).to_have_count(0)
        yield "post", post

    def check(self, *scripts: tuple[str, Any], contrast: bool = False) -> None:
        """Runs them in every view; none may find anything."""
        found: list[str] = []
        for name, top in self.views():
            expect(top).to_be_visible()  # Its animation begins with it.
            self.studio.settle()
            if contrast:
                found += [f"{name}: {one}" for one in self.studio.contrast()]
            for script, argument in scripts:
                found += [f"{name}: {one}" for one in top.evaluate(script, argument)]
        assert not found, "\n".join(dict.fromkeys(found))


def test_on_a_screen_of_320_pixels_nothing_is_cut_off_and_fingers_hit(place: Callable[..., Place]) -> None:
    place(**SMALL).check((_CUT_OFF, None), (_TOO_SMALL, 44), contrast=True)


def test_at_200_percent_from_right_to_left_nothing_is_cut_off_or_moves_and_a_mouse_hits(
    place: Callable[..., Place],
) -> None:
    here = place(**ZOOMED)
    here.page.add_init_script(_RIGHT_TO_LEFT)
    here.check((_CUT_OFF, None), (_MOVING, None), (_TOO_SMALL, 24))


def test_arrows_and_signs_go_with_the_script(place: Callable[..., Place]) -> None:
    here = place()
    page, studio = here.page, here.studio
    page.add_init_script(_RIGHT_TO_LEFT)
    studio.open("library")
    expect(studio.tiles).to_have_count(3)
    studio.tiles.first.focus()
    page.keyboard.press("ArrowLeft")
    expect(studio.tiles.nth(1)).to_be_focused()
    first, second = (studio.tiles.nth(number).bounding_box() for number in (0, 1))
    assert first and second and first["x"] > second["x"]
    page.keyboard.press("ArrowRight")
    expect(studio.tiles.first).to_be_focused()
    page.get_by_role("tab", name="Library").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Upload")).to_be_focused()
    page.get_by_role("tab", name="Generate").click()
    page.get_by_role("radio", name="Standard").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("radio", name="HD")).to_be_focused()
    studio.button("New post").click()
    studio.dialog.get_by_role("radio", name="Instagram").click()
    selector = page.get_by_role("dialog", name="Choose an image")
    selector.get_by_role("tab", name="Upload").focus()
    page.keyboard.press("ArrowLeft")
    expect(selector.get_by_role("tab", name="Generate")).to_be_focused()


def test_with_reduced_motion_nothing_moves_while_a_picture_is_made(visit: Callable[..., Studio]) -> None:
    studio = visit(reduced_motion="reduce")
    studio.hold("still")
    studio.open().generate("A still life")
    expect(studio.page.get_by_text("Developing").first).to_be_visible()
    assert studio.page.evaluate(_MOVING) == []
    studio.page.emulate_media(reduced_motion="no-preference")
    studio.page.wait_for_function(f"({_MOVING})().length > 0")  # Else this test could not see what moves.


_HIDEABLE = """
    let hidden = false;
    Object.defineProperty(document, "hidden", { get: () => hidden });
    Object.defineProperty(document, "visibilityState", { get: () => (hidden ? "hidden" : "visible") });
    window.hide = (now) => { hidden = now; document.dispatchEvent(new Event("visibilitychange", { bubbles: true })); };
    const send = window.fetch;
    window.asked = 0;  // Counted here: what is told of a request outside of the page comes later.
    window.fetch = (what, ...more) => {
        if (String(what.url ?? what).includes("/generate/status/")) window.asked += 1;
        return send(what, ...more);
    };
"""


def test_a_tab_that_nobody_sees_stops_asking_and_catches_up(studio: Studio) -> None:
    """The page is told that it is hidden: no command of a headless Chromium truly hides one."""
    studio.page.clock.install()
    studio.page.add_init_script(_HIDEABLE)
    studio.hold("unseen")
    studio.open()
    for prompt in ("The first unseen picture", "The second unseen picture"):
        studio.generate(prompt)
        expect(studio.button("Generate")).to_be_enabled()
    expect(studio.page.get_by_text("2 pictures in the making")).to_be_attached()
    studio.page.wait_for_function("asked > 0")
    before = studio.page.evaluate("hide(true), asked")
    studio.release()
    until("both have ended", lambda: all(job["finished_at"] for job in studio.get("/generate/jobs")["items"]))
    studio.page.clock.run_for(30_000)  # Longer than any pause between two questions.
    assert studio.page.evaluate("asked") == before
    expect(studio.button("Edit the description")).to_have_count(0)
    studio.page.evaluate("hide(false)")
    expect(studio.button("Edit the description")).to_be_visible()
    expect(studio.page.get_by_text("1 finished")).to_be_visible()
    assert studio.page.evaluate("asked") > before
