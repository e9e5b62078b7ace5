"""Asking for pictures: prices, one job per wish, what survives, and honest words when it fails."""

import re
from collections.abc import Callable

from playwright.sync_api import Request, Route, expect

from tests.browser.studio import Studio
from tests.servers import until


def test_the_price_stands_before_the_click_and_the_cost_after_it(studio: Studio) -> None:
    studio.open()
    expect(studio.page.get_by_text("about $0.053")).to_be_visible()
    studio.page.get_by_role("radio", name=re.compile("Wide")).click()
    expect(studio.page.get_by_text("about $0.037")).to_be_visible()
    studio.generate("A teapot of blue glass")
    expect(studio.page.get_by_text(re.compile(r"^Cost \$0\.03"))).to_be_visible()
    image = studio.images()[0]
    assert image["width"] > image["height"]
    assert image["alt_text"] == "A teapot of blue glass"


def test_a_reload_in_the_middle_keeps_the_job_and_pays_once(studio: Studio) -> None:
    prompt = "A lighthouse that survives a reload"
    studio.hold(prompt)
    studio.open().generate(prompt)
    expect(studio.page.get_by_text("Developing").first).to_be_visible()
    studio.page.reload()
    expect(studio.page.get_by_text("Developing").first).to_be_visible()
    studio.release()
    expect(studio.button("Edit the description")).to_be_visible()
    assert studio.painted(prompt) == 1
    assert [image["generation"]["prompt"] for image in studio.images()] == [prompt]


def test_another_tab_sees_the_job_and_gets_the_picture(visit: Callable[..., Studio]) -> None:
    first = visit()
    prompt = "A bridge seen from two tabs"
    first.hold(prompt)
    first.open().generate(prompt)
    second = visit(beside=first).open("library")
    expect(second.page.get_by_text("1 picture in the making")).to_be_visible()
    # What comes before the library was first answered is simply in it.
    expect(second.page.get_by_text("Nothing here yet")).to_be_visible()
    first.release()
    second.button("Show 1 new").click()
    expect(second.page.get_by_role("option", name=re.compile("bridge"))).to_be_visible()


def test_a_double_click_is_one_job(studio: Studio) -> None:
    prompt = "A single fox"
    studio.open().describe(prompt)
    studio.button("Generate").dblclick()
    expect(studio.button("Edit the description")).to_be_visible()
    assert studio.get("/generate/jobs")["total"] == 1
    assert studio.painted(prompt) == 1


def test_a_lost_answer_is_attached_again_and_not_ordered_twice(studio: Studio) -> None:
    prompt = "A letter that got lost"
    answers: list[int] = []

    def lose(route: Route, _request: Request) -> None:
        answers.append(route.fetch().status)
        if len(answers) == 1:
            route.abort()
        else:
            route.fallback()

    studio.answer("/generate", lose)
    studio.open().generate(prompt)
    expect(studio.page.get_by_text("The connection was lost").first).to_be_visible()
    expect(studio.button("Edit the description")).to_be_visible()
    assert len(answers) >= 2
    assert studio.get("/generate/jobs")["total"] == 1
    assert studio.painted(prompt) == 1


def test_a_refusal_keeps_the_description_and_says_that_nothing_was_charged(studio: Studio) -> None:
    prompt = "Something the rules forbid"
    studio.stack.sandbox.script("openai.generate", {"do": "moderation"}, match=prompt)
    studio.open().generate(prompt)
    expect(studio.page.get_by_text("The image service refused this description").first).to_be_visible()
    expect(studio.page.get_by_text("You were not charged.").first).to_be_visible()
    expect(studio.page.get_by_role("textbox", name="Describe the picture")).to_have_value(prompt)
    studio.button("Edit the description").click()
    expect(studio.page.get_by_role("textbox", name="Describe the picture")).to_be_focused()


def test_an_unknown_outcome_is_told_as_such(studio: Studio) -> None:
    prompt = "A picture nobody heard of again"
    studio.stack.sandbox.script("openai.generate", {"do": "drop_after"}, match=prompt)
    studio.open().generate(prompt)
    expect(studio.page.get_by_text("Nobody knows whether the picture was made").first).to_be_visible()
    expect(studio.page.get_by_text("It may have been charged").first).to_be_visible()


def test_canceling_says_what_it_means_for_the_bill(studio: Studio) -> None:
    prompt = "A picture that is not wanted any more"
    studio.hold(prompt)
    studio.open().generate(prompt)
    expect(studio.page.get_by_text("Free before it starts. Once it runs, it may still be charged.")).to_be_visible()
    expect(studio.page.get_by_text("Developing").first).to_be_visible()
    studio.button("Cancel").first.click()
    until("it ends", lambda: studio.get("/generate/jobs")["items"][0]["status"] == "canceled")
    expect(studio.page.get_by_text("Canceled", exact=True).first).to_be_visible()


def test_too_much_at_once_says_how_long_to_wait(studio: Studio) -> None:
    prompt = "A picture that has to wait its turn"
    headers = {"Retry-After": "40"}
    problem = {"code": "rate_limited", "status": 429, "title": "x", "retryable": True, "charged": False}
    studio.answer("/generate", lambda route, _request: route.fulfill(status=429, json=problem, headers=headers))
    studio.page.clock.install()
    studio.open().generate(prompt)
    waiting = studio.page.get_by_role("button", name=re.compile(r"Try again in \d+ sec"))
    expect(waiting).to_have_attribute("aria-disabled", "true")
    studio.page.unroute_all(behavior="wait")
    studio.page.clock.fast_forward(40_000)
    studio.button("Try again").click()
    expect(studio.button("Edit the description")).to_be_visible()
    assert studio.painted(prompt) == 1


def test_a_failed_job_can_be_named(studio: Studio) -> None:
    prompt = "Something else the rules forbid"
    studio.stack.sandbox.script("openai.generate", {"do": "moderation"}, match=prompt)
    studio.open().generate(prompt)
    expect(studio.button("Edit the description")).to_be_visible()
    (job,) = studio.get("/generate/jobs")["items"]
    expect(studio.page.locator("code", has_text=job["job_id"])).to_be_visible()


def test_a_picture_is_saved_under_its_name(studio: Studio) -> None:
    studio.open().generate("A picture to keep")
    with studio.page.expect_download() as saved:
        studio.button("Download").click()
    assert saved.value.suggested_filename == studio.images()[0]["filename"]


def test_what_is_left_of_the_budget_is_what_it_is_now(studio: Studio) -> None:
    studio.budget("0.10")
    studio.open().describe("A picture that leaves little")
    expect(studio.page.get_by_text(re.compile(r"^\$0\.10 left this month\. It begins anew on "))).to_be_visible()
    studio.button("Generate").click()
    expect(studio.button("Edit the description")).to_be_visible()
    expect(studio.page.get_by_text(re.compile(r"^\$0\.04\d* left"))).to_be_visible()
    expect(studio.page.get_by_text("The budget does not cover this", exact=True)).to_be_visible()


def test_a_dear_picture_asks_once_more(studio: Studio) -> None:
    studio.open()
    studio.page.get_by_label("Model").select_option("gpt-image-2")
    studio.page.get_by_role("radio", name="HD").click()
    studio.generate("An expensive picture")
    expect(studio.button("Yes, spend about $0.211")).to_be_focused()
    assert studio.get("/generate/jobs")["total"] == 0
    studio.page.keyboard.press("Enter")
    until("it is ordered", lambda: studio.get("/generate/jobs")["total"] == 1)


def test_a_description_is_kept_and_a_style_writes_into_it(studio: Studio) -> None:
    studio.open().describe("A heron")
    studio.page.get_by_role("radio", name="Watercolour").click()
    field = studio.page.get_by_role("textbox", name="Describe the picture")
    expect(field).to_have_value("A heron, loose watercolour on textured paper")
    studio.page.get_by_role("radio", name="Photo").click()
    expect(field).to_have_value("A heron, photograph, natural light, shallow depth of field")
    studio.page.reload()
    expect(field).to_have_value("A heron, photograph, natural light, shallow depth of field")
