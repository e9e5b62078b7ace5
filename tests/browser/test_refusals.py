"""Orders that the product refuses, each for its real reason: money, prices, models, and too much at once."""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
import redis
from playwright.sync_api import expect

from tests.browser.locked import WAITING, Locked
from tests.browser.studio import Studio
from tests.servers import until

PRICE = "about $0.053"
NOT_CHARGED = "You were not charged."
_BURST_SECONDS = 10
"""What a key may ask at once, as the time in which that much comes back."""


def test_a_budget_that_does_not_cover_it_is_told_before_the_click(studio: Studio) -> None:
    studio.budget("0.04")
    studio.open().describe("A picture beyond our means")
    expect(studio.page.get_by_text("$0.04 left this month")).to_be_visible()
    button = studio.button("Generate")
    expect(button).to_have_accessible_description("The budget does not cover this")
    button.click(force=True)
    studio.page.keyboard.press("Control+Enter")
    studio.page.get_by_role("radio", name="Wide").click()
    expect(studio.page.get_by_text("about $0.037")).to_be_visible()
    expect(button).to_have_accessible_description("")
    button.click()
    expect(studio.button("Edit the description")).to_be_visible()
    assert studio.get("/generate/jobs")["total"] == 1
    expect(studio.page.get_by_text(re.compile(r"^\$0\.00\d* left this month"))).to_be_visible()


def test_a_budget_that_was_cut_meanwhile_refuses_the_order_and_then_the_button_says_so(studio: Studio) -> None:
    studio.open().describe("A picture that was affordable")
    expect(studio.page.get_by_text(PRICE)).to_be_visible()
    studio.budget("0.01")
    studio.button("Generate").click()
    refusal = studio.page.get_by_text("The budget does not cover this").last
    expect(refusal).to_be_visible()
    expect(studio.page.get_by_text(NOT_CHARGED)).to_be_visible()
    expect(studio.button("Copy the request id")).to_be_visible()
    expect(studio.page.get_by_text("$0.01 left this month")).to_be_visible()
    expect(studio.button("Generate")).to_have_accessible_description("The budget does not cover this")
    assert studio.get("/generate/jobs")["total"] == 0
    studio.budget(None)
    studio.page.reload()
    expect(studio.page.get_by_role("textbox", name="Describe the picture")).to_have_value(
        "A picture that was affordable"
    )
    studio.button("Generate").click()
    expect(studio.button("Edit the description")).to_be_visible()


@pytest.fixture
def inside(visit: Callable[..., Studio], locked: Locked, business_id: int) -> Iterator[tuple[Studio, str]]:
    """A studio behind the locked door, and the key that opened it."""
    key = locked.key(business_id)
    studio = visit(on=locked)
    studio.page.goto(f"{locked.url}/?business_id={business_id}")
    studio.unlock(key)
    expect(studio.page.get_by_text(PRICE)).to_be_visible()
    yield studio, key


DEARER = """
[models."gpt-image-2.5-flare".prices.high]
"1024x1024" = "0.0999"
"""
RETIRED = """
default_model = "gpt-image-2.6-flare"
[models."gpt-image-2.5-flare"]
enabled = false
replacement = "gpt-image-2.6-flare"
"""


def test_prices_and_models_that_change_under_an_open_page(inside: tuple[Studio, str], locked: Locked) -> None:
    studio, key = inside
    prompt = "A picture of which the price was read out"
    studio.page.get_by_label("Model").select_option("GPT Image 2.5 Flare")
    studio.describe(prompt)
    try:
        locked.sell(DEARER)
        studio.button("Generate").click()
        expect(studio.page.get_by_text("The price has changed").first).to_be_visible()
        expect(studio.page.get_by_text(NOT_CHARGED)).to_be_visible()
        expect(studio.page.get_by_text("about $0.10")).to_be_visible()

        locked.sell(RETIRED)
        studio.button("Generate").click()
        expect(studio.page.get_by_text("This model was switched off").first).to_be_visible()
        expect(studio.page.get_by_text(NOT_CHARGED)).to_be_visible()
        expect(studio.page.get_by_label("Model")).to_have_value("gpt-image-2.6-flare")
        expect(studio.page.get_by_text("GPT Image 2.6 Flare").last).to_be_visible()
        with locked.as_(key) as program:
            assert program.get("/generate/jobs", params={"business_id": studio.business_id}).json()["total"] == 0
        studio.button("Generate").click()
        expect(studio.button("Edit the description")).to_be_visible(timeout=30_000)
        assert studio.painted(prompt) == 1
    finally:
        locked.sell("")


def test_a_full_line_refuses_the_order_until_there_is_room(inside: tuple[Studio, str], locked: Locked) -> None:
    studio, key = inside
    with locked.busy(), locked.as_(key) as program:
        for number in range(WAITING):
            wish = {"prompt": f"One that waits, {number}", "business_id": studio.business_id}
            assert program.post("/generate", json=wish).status_code == 202
        studio.generate("One too many")
        expect(studio.page.get_by_text("Too much at once").first).to_be_visible()
        expect(studio.page.get_by_text(NOT_CHARGED)).to_be_visible()
    with locked.as_(key) as program:
        queued = f"/generate/jobs?business_id={studio.business_id}&status=queued"
        until("there is room", lambda: program.get(queued).json()["total"] == 0)
    studio.button("Generate").click()
    expect(studio.button("Edit the description")).to_be_visible(timeout=30_000)
    assert studio.painted("One too many") == 1


@contextmanager
def worn_out(locked: Locked) -> Iterator[None]:
    """Every key has asked so often that nothing of it gets through, and shall wait about three seconds.

    Written where the gateways count, again and again: a flood of requests would let one through now and then.
    """
    over = Event()

    def write(store: redis.Redis) -> None:
        while True:
            empty_until = int((time.time() + _BURST_SECONDS + 3) * 1_000_000)
            for name in store.scan_iter("darkroom:limit:key:*"):
                store.set(name, empty_until, ex=60)
            begun.set()
            if over.wait(0.5):
                return

    begun = Event()
    with redis.Redis.from_url(locked.environment["REDIS_URL"]) as store, ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write, store)
        try:
            assert begun.wait(30)
            yield
        finally:
            over.set()
        writing.result()


def test_a_key_that_asked_too_often_has_to_wait_and_loses_nothing(inside: tuple[Studio, str], locked: Locked) -> None:
    studio, key = inside
    prompt = "A picture among very many requests"
    studio.describe(prompt)
    with worn_out(locked):
        studio.button("Generate").click()
        expect(studio.page.get_by_text("Too much at once").first).to_be_visible()
        expect(studio.page.get_by_text(NOT_CHARGED)).to_be_visible()
        studio.page.get_by_role("tab", name="Library").click()
        expect(studio.page.get_by_text("Too much at once").last).to_be_visible()
    studio.page.get_by_role("tab", name="Generate").click()
    expect(studio.page.get_by_role("textbox", name="Describe the picture")).to_have_value(prompt)
    with locked.as_(key) as program:
        told = float(program.get("/generate/sizes").headers.get("Retry-After", "1"))
    # As long as the answer says, and a little more: the page asks by itself too, and would take the first one.
    studio.page.wait_for_timeout(told * 1000 + 1000)
    studio.button("Generate").click()
    expect(studio.button("Edit the description")).to_be_visible(timeout=30_000)
    assert studio.painted(prompt) == 1
