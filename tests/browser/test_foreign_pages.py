"""What a web page of a stranger can do to a product without keys on its visitor's own machine: nothing."""

import os
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page

from deploy.sandbox.stores.signatures import sign
from tests import pictures
from tests.browser import chromium
from tests.browser.locked import Locked
from tests.browser.studio import Studio
from tests.stack import Stack

REBOUND, ELSEWHERE = "attacker.example", "elsewhere.example"
_ARGUMENTS = [
    f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1",
    # Newer browsers also ask the person before a page may reach this machine. Not all do, and a person may say yes.
    "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
]
_SEND = """async ([address, business, bytes]) => {
    const file = new File([new Uint8Array(bytes)], "planted.jpg", {type: "image/jpeg"});
    const form = new FormData();
    form.set("file", file);
    const ask = (path, more) => fetch(address + path, {method: "POST", mode: "no-cors", ...more})
        .then(answer => answer.status, () => -1);
    return [
        await ask(`/api/v1/images/upload?business_id=${business}`, {body: form}),
        await ask("/api/v1/images/generate", {body: JSON.stringify({prompt: "planted", business_id: business})}),
    ];
}"""
_ORDER = """async business => (await fetch("/api/v1/images/generate", {
    method: "POST", headers: {"Content-Type": "application/json"},
    body: JSON.stringify({prompt: "planted", business_id: business})})).status"""
_FORM = """([address, bytes]) => {
    const form = document.createElement("form");
    Object.assign(form, {method: "post", action: address, enctype: "multipart/form-data"});
    const input = Object.assign(document.createElement("input"), {type: "file", name: "file"});
    const chosen = new DataTransfer();
    chosen.items.add(new File([new Uint8Array(bytes)], "planted.jpg", {type: "image/jpeg"}));
    input.files = chosen.files;
    form.append(input);
    document.body.append(form);
    form.submit();
}"""
_FAULT = """async address => {
    const order = JSON.stringify({target: "openai.generate", always: {do: "500"}});
    const kinds = ["text/plain", "application/x-www-form-urlencoded"];
    const sent = kinds.map(kind => fetch(`${address}/_sandbox/script`, {
        method: "POST", mode: "no-cors", headers: {"Content-Type": kind}, body: order}));
    const cleared = fetch(`${address}/_sandbox/release`, {method: "POST", mode: "no-cors"});
    return (await Promise.all([...sent, cleared])).map(answer => answer.status);
}"""
_STORE = """([address, fields, bytes]) => {
    const form = document.createElement("form");
    Object.assign(form, {method: "post", action: address, enctype: "multipart/form-data"});
    for (const [name, value] of Object.entries(fields))
        form.append(Object.assign(document.createElement("input"), {type: "hidden", name, value}));
    const input = Object.assign(document.createElement("input"), {type: "file", name: "file"});
    const chosen = new DataTransfer();
    chosen.items.add(new File([new Uint8Array(bytes)], "planted.jpg", {type: "image/jpeg"}));
    input.files = chosen.files;
    form.append(input);
    document.body.append(form);
    form.submit();
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """In a browser that finds the stranger's name on this machine."""
    found = chromium.find()
    assert found is not None
    launched = browser.browser_type.launch(
        executable_path=found.path,
        args=[*chromium.ARGUMENTS, *_ARGUMENTS],
        env={**os.environ, **found.environment},
    )
    yield launched.new_page()
    launched.close()


def visit(page: Page, address: str) -> None:
    """The stranger's page, as it was before its name pointed here."""
    page.route(address, lambda route: route.fulfill(body="<!doctype html><p>kittens", content_type="text/html"))
    page.goto(address)


def nothing_happened(studio: Studio) -> None:
    assert studio.images() == []
    jobs: dict[str, Any] = studio.get("/generate/jobs")
    assert jobs["items"] == []


def test_a_page_whose_name_is_made_to_point_here_reads_and_orders_nothing(
    page: Page, stack: Stack, studio: Studio, business_id: int
) -> None:
    visit(page, f"http://{REBOUND}:{stack.gateway.port}/kittens")
    listed = f"/api/v1/images?business_id={business_id}"
    assert page.evaluate("path => fetch(path).then(answer => answer.status)", listed) == 421
    assert page.evaluate(_ORDER, business_id) == 421
    assert page.evaluate("() => fetch('/').then(answer => answer.status)") == 421
    nothing_happened(studio)


def test_the_services_behind_it_do_not_answer_such_a_page_either(page: Page, stack: Stack, business_id: int) -> None:
    for service in (stack.upload, stack.library):
        visit(page, f"http://{REBOUND}:{service.port}/kittens")
        listed = f"/api/v1/images?business_id={business_id}"
        assert page.evaluate("path => fetch(path).then(answer => answer.status)", listed) == 421


def test_a_page_that_sends_without_reading_plants_and_orders_nothing(
    page: Page, stack: Stack, studio: Studio, business_id: int
) -> None:
    visit(page, f"http://{ELSEWHERE}/kittens")
    sent = [stack.url, business_id, list(pictures.jpeg(640, 480))]
    assert page.evaluate(_SEND, sent) == [0, 0]  # It arrived, and the page may not see the answer.
    nothing_happened(studio)


def test_a_form_of_another_page_plants_nothing(page: Page, stack: Stack, studio: Studio, business_id: int) -> None:
    visit(page, f"http://{ELSEWHERE}/kittens")
    address = f"{stack.url}/api/v1/images/upload?business_id={business_id}"
    with page.expect_response(address) as answered:
        page.evaluate(_FORM, [address, list(pictures.jpeg(640, 480))])
    assert answered.value.status == 403
    nothing_happened(studio)


def test_a_foreign_origin_restores_nothing(stack: Stack, studio: Studio) -> None:
    image = studio.upload(pictures.jpeg(640, 480), "a.jpg")
    address = f"{stack.url}/api/v1/images/{image['id']}"
    httpx2.delete(address).raise_for_status()
    refused = httpx2.post(f"{address}/restore", headers={"Origin": "https://attacker.example"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert studio.images() == []


def test_the_sandbox_does_not_answer_a_page_whose_name_points_here(page: Page, stack: Stack) -> None:
    visit(page, f"http://{REBOUND}:{stack.sandbox.port}/kittens")
    for path in ("/_sandbox/ledger", "/v1/models", "/"):
        assert page.evaluate("path => fetch(path).then(answer => answer.status)", path) == 421


def test_a_page_scripts_no_fault(page: Page, stack: Stack) -> None:
    visit(page, f"http://{ELSEWHERE}/kittens")
    assert page.evaluate(_FAULT, stack.sandbox.url) == [0, 0, 0]  # They arrived, and the page may not see the answers.
    assert stack.sandbox.rules() == []


def test_with_keys_a_page_does_nothing_either(page: Page, locked: Locked, business_id: int) -> None:
    visit(page, f"http://{REBOUND}:{locked.gateway.port}/kittens")
    assert page.evaluate(_ORDER, business_id) == 421
    visit(page, f"http://{REBOUND}:{locked.sandbox.port}/kittens")
    assert page.evaluate("() => fetch('/_sandbox/ledger').then(answer => answer.status)") == 421
    visit(page, f"http://{ELSEWHERE}/kittens")
    sent = [locked.url, business_id, list(pictures.jpeg(640, 480))]
    assert page.evaluate(_SEND, sent) == [0, 0]
    assert page.evaluate(_FAULT, locked.sandbox.url) == [0, 0, 0]
    assert locked.sandbox.rules() == []
    mine = {"Authorization": f"Bearer {locked.key(business_id)}"}
    for listed in ("images", "images/generate/jobs"):
        answer = httpx2.get(f"{locked.url}/api/v1/{listed}?business_id={business_id}", headers=mine)
        assert answer.json()["items"] == []


def test_a_form_stores_nothing_in_the_sandbox_even_signed_with_the_secret_that_everybody_knows(
    page: Page, stack: Stack
) -> None:
    visit(page, f"http://{ELSEWHERE}/kittens")
    signed = {"timestamp": str(int(time.time())), "public_id": "planted"}
    fields = {**signed, "api_key": "sandbox-key", "signature": sign(signed, "sandbox-secret")}
    address = f"{stack.sandbox.url}/v1_1/sandbox/image/upload"
    with page.expect_response(address) as answered:
        page.evaluate(_STORE, [address, fields, list(pictures.jpeg(640, 480))])
    assert answered.value.status == 403
    assert httpx2.get(f"{stack.sandbox.url}/sandbox/image/upload/planted.jpg").status_code == 404
