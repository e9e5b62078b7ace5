"""Browser tests: a real Chromium on the whole product. They need a pytest process of their own, because Playwright's
synchronous side and pytest-asyncio cannot share one.
"""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, expect, sync_playwright

from tests.browser import chromium
from tests.browser.locked import Locked
from tests.browser.studio import SCREENSHOTS, WEB, Studio, fresh_folder, gallery
from tests.servers import PostgresServer, ValkeyServer
from tests.stack import Stack

_FOUND = chromium.find()
_MISSING = (
    "NO CHROMIUM: THE BROWSER TESTS DID NOT RUN. Install chromium, name one in $CHROMIUM, "
    "or on Linux x86-64: npm ci --prefix tests/browser"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if _FOUND is None:
        for item in items:
            if "tests/browser" in item.path.as_posix():
                item.add_marker(pytest.mark.skip(reason=_MISSING))


expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert _FOUND is not None
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=_FOUND.path, args=chromium.ARGUMENTS, env={**os.environ, **_FOUND.environment}
        )
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def locked(
    postgres_server: PostgresServer, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Locked]:
    """A second product, which asks who one is, knows an origin beside its own, and is soon tired."""
    folder = tmp_path_factory.mktemp("locked")
    database = postgres_server.create("locked_studio", migrated_template)
    with ValkeyServer() as queue, Locked(folder, database_url=database, redis_url=queue.url) as up:
        yield up


Visit = Callable[..., Studio]


@pytest.fixture
def visit(browser: Browser, stack: Stack, business_id: int) -> Iterator[Visit]:
    """Opens studios, each in a browser of its own; `beside` shares the browser, as a second tab does."""
    opened: list[Studio] = []

    def open_studio(*, beside: Studio | None = None, on: Stack = stack, **context: Any) -> Studio:
        assert (WEB / "dist" / "index.html").exists(), "the studio was not built: npm run build in gateway/web"
        settings: dict[str, Any] = {"viewport": {"width": 1280, "height": 860}, "locale": "en-US", **context}
        where = beside.page.context if beside else browser.new_context(**settings)
        where.set_default_timeout(15_000)
        opened.append(Studio(where.new_page(), on, business_id))
        return opened[-1]

    yield open_studio
    for studio in opened:
        try:
            studio.page.context.close()
        except Error:
            continue  # The tab beside it has closed it already.
    for product in {stack, *(studio.stack for studio in opened)}:
        product.sandbox.clear()
        product.sandbox.release()  # A picture that nobody waits for any more must not keep a worker from the next test.
    for studio in opened:
        assert not studio.faults, studio.faults


@pytest.fixture
def studio(visit: Visit) -> Studio:
    """One tab on the product, as on a desk."""
    return visit()


@pytest.fixture(scope="session")
def screenshots() -> Iterator[None]:
    """An empty folder for pictures of every state, and a page that shows them all at the end."""
    fresh_folder()
    yield
    gallery(sorted(file.name for file in SCREENSHOTS.glob("*.png")))
