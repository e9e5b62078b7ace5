"""In somebody else's app: built by Vite from the packed package, on another origin, under a hostile style sheet."""

import functools
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, expect

from tests import pictures
from tests.browser.locked import Locked
from tests.browser.studio import WEB, Studio

HOST = Path(__file__).parent.parent / "host"
ACCENT = "rgb(0, 84, 160)"
"""`--dr-accent` in the host's style sheet."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The host's sources with the packages that it installs: ours as npm packs it, the others from our own folder."""
    folder = tmp_path_factory.mktemp("app")
    for file in HOST.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    installed = folder / "node_modules"
    installed.mkdir()
    for package in (WEB / "node_modules").iterdir():
        if package.name not in {".vite", ".vite-temp", "@darkroom"}:
            (installed / package.name).symlink_to(package)
    _run("npm", "pack", "--silent", "--pack-destination", str(folder), at=WEB)
    (packed,) = folder.glob("*.tgz")
    ours = installed / "@darkroom" / "studio"
    ours.mkdir(parents=True)
    subprocess.run(["tar", "-xzf", packed, "-C", ours, "--strip-components=1"], check=True)
    return folder


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def host(app: Path, locked: Locked) -> Iterator[str]:
    """Where the built host answers: an origin that the gateway was told of."""
    _run("node", "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn", at=app)
    serve = functools.partial(_Quiet, directory=str(app / "dist"))
    with ThreadingHTTPServer(("127.0.0.1", locked.host_port), serve) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield locked.host_origin
        server.shutdown()
        thread.join()


def _run(*command: str, at: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=at, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


class Guest:
    """The host's page, with our dialog in it."""

    def __init__(self, tab: Studio, host: str, key: str) -> None:
        self.tab = tab
        self.page = tab.page
        self._query = {"gateway": tab.stack.url, "token": key, "business_id": tab.business_id}
        self._host = host

    def open(self, **more: str) -> Locator:
        """The dialog, in a page that was loaded anew."""
        self.page.goto(f"{self._host}/?{urlencode({**self._query, **more})}")
        self.page.get_by_role("button", name="Start").click()
        self.page.get_by_role("button", name="Add a picture").click()
        return self.page.get_by_role("dialog", name="Choose an image")


@pytest.fixture
def guest(visit: Callable[..., Studio], locked: Locked, business_id: int, host: str) -> Guest:
    """A browser on the host, with a key for our product and one picture there."""
    key = locked.key(business_id)
    with locked.as_(key) as program:
        file = ("harbour.jpg", pictures.jpeg(1080, 1080))
        program.post("/upload", params={"business_id": business_id}, files={"file": file}).raise_for_status()
    return Guest(visit(on=locked), host, key)


def test_the_exported_types_fit_a_strict_host(app: Path) -> None:
    _run("node", "node_modules/typescript/bin/tsc", "--noEmit", at=app)


def test_the_snippet_of_the_documents_works_on_another_origin_and_orders_once_in_strict_mode(guest: Guest) -> None:
    dialog = guest.open()
    dialog.get_by_role("tab", name="Library").click()
    dialog.get_by_role("option", name=re.compile("harbour")).click()
    dialog.get_by_role("button", name="Use image").click()
    expect(dialog).to_have_count(0)
    received = json.loads(guest.page.locator("output").text_content() or "")
    assert received["url"] == received["image"]["url"]
    assert received["url"].startswith("http")
    assert received["image"]["filename"] == "harbour.jpg"
    assert (received["image"]["width"], received["image"]["businessId"]) == (1080, guest.tab.business_id)
    prompt = "A picture in a strict host"
    guest.page.get_by_role("button", name="Add a picture").click()
    dialog.get_by_role("tab", name="Generate").click()
    guest.tab.generate(prompt)
    expect(dialog.get_by_text("Chosen: A picture in a strict host")).to_be_visible(timeout=30_000)
    assert guest.tab.painted(prompt) == 1


_STYLES = """(top) => [top, ...top.querySelectorAll("*")].map((one) => {
    return [`${one.tagName.toLowerCase()}.${one.getAttribute("class") ?? ""}`, getComputedStyle(one).cssText];
})"""


def _differing(before: list[Any], after: list[Any]) -> list[str]:
    """Every property of every element that is not the same."""
    assert [name for name, _ in before] == [name for name, _ in after]
    return [
        f"{name} {was} became {now}"
        for (name, all_before), (_, all_after) in zip(before, after, strict=True)
        if all_before != all_after
        for was, now in zip(all_before.split("; "), all_after.split("; "), strict=True)
        if was != now and not was.startswith("--")
    ]


def test_none_of_the_hosts_rules_reaches_into_ours(guest: Guest) -> None:
    theme = "document.documentElement.style.cssText = '--dr-accent: rgb(0, 84, 160); --dr-radius: 3px'"
    seen: dict[str, list[Any]] = {}
    for looks in ({"plain": ""}, {}):
        dialog = guest.open(**looks)
        guest.page.evaluate(theme)
        for place in ("page", "Upload", "Generate", "Library"):
            part = dialog
            if place == "page":
                part = guest.page.locator("#post .dr-library-library")
                expect(part.get_by_role("option", name=re.compile("harbour"), include_hidden=True)).to_have_count(1)
            else:
                dialog.get_by_role("tab", name=place).click()
            if place == "Library":
                dialog.get_by_role("option", name=re.compile("harbour")).click()
                expect(dialog.get_by_text("Chosen: harbour.jpg")).to_be_visible()
            elif place == "Generate":
                expect(dialog.get_by_text("about $0.053")).to_be_visible()
            expect(dialog.locator(".dr-selector-coming")).to_have_count(0)
            guest.page.mouse.move(0, 0)
            guest.tab.settle()
            found = part.evaluate(_STYLES)
            if looks:
                seen[place] = found
            else:
                differing = _differing(seen[place], found)
                assert not differing, "\n".join(differing[:40])


def test_none_of_our_rules_reaches_out_and_the_hosts_variables_reach_in(guest: Guest) -> None:
    guest.page.goto(f"{guest._host}/?{urlencode(guest._query)}")
    own = guest.page.locator("#own")
    expect(own).to_be_visible()
    own.get_by_role("button", name="Start").focus()
    before = own.evaluate(_STYLES)
    dialog = guest.open()
    use = dialog.get_by_role("button", name="Use image")
    dialog.get_by_role("tab", name="Library").click()
    dialog.get_by_role("option", name=re.compile("harbour")).click()
    expect(use).to_have_css("background-color", ACCENT)
    expect(use).to_have_css("border-radius", "3px")
    guest.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    own.get_by_role("button", name="Start").focus()
    differing = _differing(before, own.evaluate(_STYLES))
    assert not differing, "\n".join(differing)
