"""The studio below a path of somebody's site, behind a real nginx that takes the path off."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.studio import Studio
from tests.slow.nginx import PREFIX, nginx
from tests.stack import Stack


def test_the_studio_works_below_a_path(visit: Callable[..., Studio], stack: Stack, tmp_path: Path) -> None:
    studio = visit()
    asked: list[str] = []
    studio.page.on("request", lambda request: asked.append(request.url))
    with nginx(tmp_path / "nginx", stack.url) as url:
        studio.page.goto(f"{url}{PREFIX}/?business_id={studio.business_id}")
        studio.generate("a fox below a path")
        expect(studio.page.get_by_role("img", name="a fox below a path").first).to_be_visible(timeout=30_000)
        studio.page.get_by_role("tab", name="Library").click()
        expect(studio.tiles).to_have_count(1)
        studio.page.goto(f"{url}{PREFIX}/docs")
        studio.page.get_by_role("link", name="openapi.json").first.click()
        expect(studio.page.get_by_text("operationId").first).to_be_visible()
        ours = [address.removeprefix(url) for address in asked if address.startswith(url)]
    assert len(ours) > 5
    assert all(path.startswith(f"{PREFIX}/") for path in ours), ours
