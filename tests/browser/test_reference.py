"""The API's page: a route is found, its snippet read, a request tried, and nothing is asked of anybody else."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.locked import Locked
from tests.browser.studio import Studio

LIST = "List jobs, newest first"


def find(page: Page, words: str) -> Locator:
    """The section of a route that is searched for by its title."""
    if page.get_by_role("button", name="Open Menu").is_visible():
        page.get_by_role("button", name="Open Menu").click()
    page.get_by_role("button", name="Search").first.click()
    page.get_by_role("dialog").get_by_role("combobox").fill(words)
    page.get_by_role("option").filter(has_text=words).click()
    section = page.locator("section").filter(has=page.get_by_role("heading", name=words)).last
    expect(section.get_by_role("heading", name=words)).to_be_in_viewport()
    return section


def send(page: Page, section: Locator) -> int:
    """Tries the request as it stands; the status of the answer."""
    section.get_by_role("button", name="Test Request").click()
    with page.expect_response("**/api/v1/**") as answer:
        page.get_by_role("dialog").get_by_role("button", name="Send").first.click()
    return answer.value.status


@pytest.mark.parametrize("width", [1280, 390])
def test_a_route_is_found_read_and_tried_and_no_request_leaves(visit: Callable[..., Studio], width: int) -> None:
    studio = visit(viewport={"width": width, "height": 860})
    page, asked = studio.page, list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{studio.stack.url}/docs")
    expect(page.get_by_text("Sandbox: pictures are drawn locally and cost nothing")).to_be_visible()
    studio.check()
    section = find(page, LIST)
    for client, line in (("Requests", "requests.get("), ("Fetch", "fetch("), ("Curl", "curl ")):
        section.get_by_role("button", name="Change code sample language").click()
        page.get_by_role("option", name=client, exact=True).first.click()
        snippet = section.locator("pre").first
        expect(snippet).to_contain_text(line)
        expect(snippet).to_contain_text(f"{studio.stack.url}/api/v1/images/generate/jobs")
        expect(snippet).to_contain_text("business_id")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert send(page, section) == 200
    expect(page.get_by_role("dialog").get_by_text("200 OK").first).to_be_visible()
    assert all(url.startswith((f"{studio.stack.url}/", "blob:", "data:")) for url in asked), asked


def test_a_key_is_sent_with_what_is_tried_and_forgotten_with_the_page(
    visit: Callable[..., Studio], locked: Locked
) -> None:
    key = locked.key(1)
    studio = visit(on=locked)
    page = studio.page
    page.goto(f"{locked.url}/docs")
    page.get_by_placeholder("Token").first.fill(key)
    page.get_by_role("heading", name="Darkroom").click()
    assert send(page, find(page, LIST)) == 200
    kept = f"{page.context.storage_state()} {page.evaluate('JSON.stringify(sessionStorage)')}"
    assert key not in kept
