"""What people see when the product is not well: gone, locked, or slow. And what a page may not do."""

import gzip
import re

import httpx2
from playwright.sync_api import expect

from tests.browser.studio import Studio


def test_the_gateway_goes_away_and_comes_back(studio: Studio) -> None:
    prompt = "A picture made while nobody could look"
    studio.hold(prompt)
    studio.open().generate(prompt)
    expect(studio.page.get_by_text("Developing").first).to_be_visible()
    loaded = "() => performance.getEntriesByType('resource').some((one) => /ImageLibrary.*js/.test(one.name))"
    studio.page.wait_for_function(loaded)
    studio.stack.gateway.kill9()
    try:
        studio.page.get_by_role("tab", name="Library").click()
        expect(studio.page.get_by_text("No connection to Darkroom")).to_be_visible()
        studio.button("Show the list").click()
        expect(studio.page.get_by_text("No connection. Looking again by itself.")).to_be_visible()
        studio.release()
    finally:
        studio.stack.gateway.start()
    expect(studio.page.get_by_text("No connection to Darkroom")).to_have_count(0, timeout=30_000)
    expect(studio.page.get_by_text("1 finished")).to_be_visible(timeout=30_000)
    assert studio.painted(prompt) == 1


def test_a_wish_made_while_the_gateway_is_away_is_sent_once_it_is_back(studio: Studio) -> None:
    prompt = "A patient wish"
    studio.open().describe(prompt)
    expect(studio.page.get_by_text("about $0.053")).to_be_visible()
    studio.stack.gateway.kill9()
    try:
        studio.button("Generate").click()
        expect(studio.page.get_by_text("The connection was lost").first).to_be_visible()
    finally:
        studio.stack.gateway.start()
    expect(studio.button("Edit the description")).to_be_visible(timeout=30_000)
    assert studio.painted(prompt) == 1


def test_the_page_is_served_with_a_strict_policy(studio: Studio) -> None:
    page = httpx2.get(f"{studio.stack.url}/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "no-cache" in page.headers["cache-control"] or "no-store" in page.headers["cache-control"]
    studio.open()
    addresses = studio.page.evaluate("() => performance.getEntriesByType('resource').map((one) => one.name)")
    assets = [address for address in addresses if "/assets/" in address]
    assert assets
    for address in assets:
        assert "max-age=31536000" in httpx2.get(address).headers["cache-control"]


def test_the_first_load_is_under_120_kilobytes(studio: Studio) -> None:
    page = httpx2.get(f"{studio.stack.url}/").text
    scripts = re.findall(r'(?:src|href)="[.](/assets/[^"]+[.]js)"', page)
    assert scripts
    sizes = [len(gzip.compress(httpx2.get(studio.stack.url + script).content)) for script in scripts]
    assert sum(sizes) < 120_000


def test_nothing_of_the_components_leaks_into_the_page(studio: Studio) -> None:
    studio.open()
    stray = studio.page.evaluate(
        """() => {
            const outside = document.createElement("div");
            outside.innerHTML = "<button>a</button><input><h2>b</h2><ul><li>c</li></ul><a href='#'>d</a>";
            document.body.append(outside);
            const frame = document.createElement("iframe");
            document.body.append(frame);
            frame.contentDocument.body.append(outside.cloneNode(true));
            const names = ["padding", "border", "borderRadius", "backgroundColor", "listStyleType", "fontSize"];
            const read = (one) => names.map((name) => getComputedStyle(one)[name]).join();
            const there = [...frame.contentDocument.querySelectorAll("button, input, h2, ul, li, a")];
            const here = [...outside.querySelectorAll("button, input, h2, ul, li, a")];
            const differing = here.filter((one, index) => read(one) !== read(there[index])).map((one) => one.tagName);
            outside.remove();
            frame.remove();
            return differing;
        }"""
    )
    assert stray == []
