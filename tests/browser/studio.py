"""The studio as a person meets it: one page on the running product, with the words that stand on it."""

import functools
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import httpx2
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Route, expect

from shared.db import budgets
from shared.domain.money import micros
from tests.browser.locked import at_the_terminal
from tests.stack import Stack

WEB = Path(__file__).resolve().parents[2] / "gateway" / "web"
SCREENSHOTS = Path(__file__).parent / "screenshots"

View = Literal["generate", "upload", "library"]


class Studio:
    """One tab. What goes wrong in it unasked is kept in `faults` and fails the test."""

    def __init__(self, page: Page, stack: Stack, business_id: int) -> None:
        self.page = page
        self.stack = stack
        self.business_id = business_id
        self.faults: list[str] = []
        self._narrow = (page.viewport_size or {"width": 0})["width"] < 600
        """On a phone the colours are those of the desk, so their contrast is not measured again in dark."""
        page.on("pageerror", lambda error: self.faults.append(f"threw {error}"))
        page.on("console", self._heard)

    def _heard(self, message: ConsoleMessage) -> None:
        # A failed request is told of by the browser as well; those are asked for by the tests themselves.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.faults.append(message.text)

    def open(self, view: View = "generate") -> "Studio":
        self.page.goto(f"{self.stack.url}/?business_id={self.business_id}#{view}")
        expect(self.page.get_by_role("tab", name=view.capitalize())).to_be_visible()
        return self

    def unlock(self, key: str) -> None:
        """Enters a key where the page asks for one."""
        self.button("Enter a key").click()
        self.dialog.get_by_label("API key").fill(key)
        self.button("Connect").click()

    # What it says

    def button(self, name: str, *, within: Locator | None = None) -> Locator:
        return (within or self.page).get_by_role("button", name=name, exact=True)

    @property
    def dialog(self) -> Locator:
        """The topmost one."""
        return self.page.get_by_role("dialog").last

    @property
    def tiles(self) -> Locator:
        return self.page.get_by_role("option").filter(has=self.page.locator("img, svg"))

    def describe(self, prompt: str) -> None:
        self.page.get_by_role("textbox", name="Describe the picture").last.fill(prompt)

    def generate(self, prompt: str) -> None:
        self.describe(prompt)
        self.button("Generate").last.click()

    def choose(self, *files: Path) -> None:
        self.page.locator("input[type=file]").last.set_input_files(list(files))

    def row(self, name: str) -> Locator:
        """The line of a file that is uploaded."""
        return self.page.get_by_role("listitem").filter(has_text=name)

    # What the product knows

    def get(self, path: str, **query: Any) -> Any:
        address = f"{self.stack.url}/api/v1/images{path}"
        return httpx2.get(address, params={"business_id": self.business_id, **query}).raise_for_status().json()

    def images(self, **query: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get("", **query)["items"]
        return items

    def upload(self, data: bytes, name: str) -> dict[str, Any]:
        """Behind the page's back."""
        address = f"{self.stack.url}/api/v1/images/upload"
        answer = httpx2.post(
            address, params={"business_id": self.business_id}, files={"file": (name, data)}, timeout=30
        )
        image: dict[str, Any] = answer.raise_for_status().json()
        return image

    def attach(self, image_id: str, post: str, platform: str | None) -> None:
        """As the host does when it publishes a post."""
        address = f"{self.stack.url}/api/v1/images/{image_id}/posts/{post}"
        httpx2.put(address, json={"platform": platform}).raise_for_status()

    def painted(self, prompt: str) -> int:
        """How often the sandbox made, and charged for, a picture of this."""
        calls = self.stack.sandbox.ledger(target="openai.generate")
        return sum(1 for call in calls if call["painted"] and call["prompt"] == prompt)

    def hold(self, prompt: str) -> None:
        """Pictures of this are not made before `release`, however slow the machine is."""
        self.stack.sandbox.script("openai.generate", always={"do": "slow", "seconds": 150}, match=prompt)

    def release(self) -> None:
        """What is held is made now, and what comes later at once."""
        self.stack.sandbox.unscript("openai.generate")
        self.stack.sandbox.release()

    def budget(self, dollars: str | None) -> None:
        """What this business may spend in a month, from now on."""
        if dollars is None:
            at_the_terminal(self.stack, lambda db: budgets.clear_limit(db, self.business_id))
        else:
            at_the_terminal(self.stack, lambda db: budgets.set_limit(db, self.business_id, micros(dollars)))

    # What a test can do to the way between

    def answer(self, path: str, handler: Callable[[Route, Request], None]) -> None:
        """Stands between the page and one path of the API."""
        self.page.route(re.compile(rf"/api/v1/images{path}(\?|$)"), handler)

    # What it looks like

    def check(self, name: str | None = None) -> None:
        """No fault, nothing that axe finds, in light and in dark; and, where it is named, a picture of both."""
        assert not self.faults, self.faults
        found: list[str] = []
        looks: list[tuple[Literal["dark", "light"], list[str]]] = [("dark", ["color-contrast"]), ("light", [])]
        for scheme, rules in looks:
            self.page.emulate_media(color_scheme=scheme)
            self.settle()
            if name:
                self.page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}.png", animations="disabled")
            if scheme == "light" or not self._narrow:
                found += self._axe(rules)
        assert not found, "\n".join(found)

    def contrast(self) -> list[str]:
        """Words that are too pale for what they stand on, as it looks now."""
        return self._axe(["color-contrast"])

    def settle(self) -> None:
        """Animations are over and pictures are there; axe would measure half-faded colours."""
        self.page.evaluate(
            """async () => {
                const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
                const moving = () => document.getAnimations().filter((one) =>
                    one.playState === "running" && one.effect?.getComputedTiming().endTime < 5000);
                do {
                    await frame();
                    await frame(); // What was asked for just now has begun to move.
                    await Promise.allSettled(moving().map((one) => one.finished));
                } while (moving().length);
                const near = [...document.images].filter((one) => {
                    const { top, bottom, width } = one.getBoundingClientRect();
                    return width > 0 && bottom > 0 && top < innerHeight;
                });
                await Promise.allSettled(near.map((one) => one.decode()));
            }"""
        )

    def _axe(self, rules: list[str]) -> list[str]:
        """What axe finds by these rules; by all of them where none is named."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(_axe_source())
        found: list[str] = self.page.evaluate(
            """async (rules) => {
                const options = { resultTypes: ["violations"], ...(rules.length ? { runOnly: rules } : {}) };
                return (await axe.run(document, options)).violations.flatMap((rule) =>
                    rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 200)} ${node.failureSummary}`));
            }""",
            rules,
        )
        return found


@functools.cache
def _axe_source() -> str:
    return (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text()


_PAGE = """<!doctype html><title>The studio in every state</title>
<style>
body { font: 14px system-ui; background: #777; display: flex; flex-wrap: wrap; gap: 24px }
img { max-width: 600px; max-height: 600px }
</style>"""


def gallery(names: Sequence[str]) -> None:
    """A page with every screenshot, for a person to look through."""
    figures = (f'<figure><img src="{name}" loading="lazy"><figcaption>{name}</figcaption></figure>' for name in names)
    (SCREENSHOTS / "index.html").write_text(_PAGE + "".join(figures))


def fresh_folder() -> None:
    shutil.rmtree(SCREENSHOTS, ignore_errors=True)
    SCREENSHOTS.mkdir()
    (SCREENSHOTS / ".gitignore").write_text("*\n")
