"""The product as a client meets it: real processes, one port, real data from the first upload to the last purge."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from tests import pictures
from tests.servers import until
from tests.stack import Stack

BASE = "/api/v1/images"


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=stack.url, timeout=30, trust_env=False) as client:
        yield client


def follow(http: httpx2.Client, job_id: str) -> list[dict[str, Any]]:
    """The answers of the status route until the job ended, by held polls."""
    url = f"{BASE}/generate/status/{job_id}"
    seen: list[dict[str, Any]] = [http.get(url).json()]
    deadline = time.monotonic() + 30
    while seen[-1]["finished_at"] is None:
        assert time.monotonic() < deadline, seen
        seen.append(http.get(url, headers={"Prefer": "wait=5"}).json())
    return seen


def test_the_quick_start_of_the_original_works_literally(http: httpx2.Client, stack: Stack) -> None:
    data = pictures.jpeg(640, 480)
    uploaded = http.post(f"{BASE}/upload?business_id=101", files={"file": ("image.jpg", data)})
    assert uploaded.status_code == 201
    image = uploaded.json()
    assert uploaded.headers["location"] == f"{stack.url}{BASE}/{image['id']}"
    assert (image["width"], image["height"], image["format"], image["filename"]) == (640, 480, "jpeg", "image.jpg")

    stack.sandbox.script("openai.generate", {"do": "slow", "seconds": 0.5}, match="quick start fox")
    wish = {"prompt": "a quick start fox", "business_id": 101, "size": "1792x1024"}
    accepted = http.post(f"{BASE}/generate", json=wish)
    assert accepted.status_code == 202
    stages = follow(http, accepted.json()["job_id"])
    assert {"generating", "done"} <= {job["stage"] for job in stages}
    done = stages[-1]
    assert (done["status"], done["image"]["width"], done["image"]["height"]) == ("succeeded", 1792, 1024)
    assert done["cost"]["charged"] is True

    listed = http.get(f"{BASE}?business_id=101").json()
    assert [item["source"] for item in listed["items"]] == ["ai_generated", "uploaded"]
    assert listed["items"][0]["generation"]["prompt"] == wish["prompt"]
    for item in listed["items"]:
        assert http.get(item["url"]).status_code == 200
        thumbnail = http.get(item["thumbnail_url"])
        assert (thumbnail.status_code, thumbnail.headers["content-type"].split("/")[0]) == (200, "image")


def test_the_same_bytes_again_are_the_same_picture(http: httpx2.Client) -> None:
    data = pictures.jpeg(321, 321)
    first = http.post(f"{BASE}/upload?business_id=102", files={"file": ("a.jpg", data)})
    again = http.post(f"{BASE}/upload?business_id=102", files={"file": ("b.jpg", data)})
    assert (again.status_code, again.headers["x-deduplicated"]) == (200, "true")
    assert again.json()["id"] == first.json()["id"]


def test_each_route_of_the_specification_answers_through_the_gateway(http: httpx2.Client) -> None:
    image = http.post(f"{BASE}/upload?business_id=103", files={"file": ("image.jpg", pictures.jpeg(1200, 800))}).json()
    one = f"{BASE}/{image['id']}"
    assert http.get(one).json()["id"] == image["id"]
    thumbnail = http.get(f"{one}/thumbnail?width=320&height=320&fit=cover").json()
    assert (thumbnail["width"], thumbnail["height"]) == (320, 320)
    verdict = http.post(f"{BASE}/validate/instagram", json={"image_id": image["id"]}).json()
    assert (verdict["valid"], verdict["publishable_as_is"]) == (True, True)
    probed = http.post(f"{BASE}/validate/reachability", json={"image_id": image["id"]}).json()
    assert [check["ok"] for check in probed["checks"]] == [False, False], "the sandbox is no public https host"
    assert http.get(f"{BASE}/generate/sizes").json()["default_model"] == "gpt-image-2.5-flare"
    assert http.post(f"{BASE}/generate/estimate-cost", json={"size": "1024x1024"}).json()["unit_cost_usd"] == "0.0527"
    deleted = http.delete(one)
    assert (deleted.status_code, deleted.json()["deleted_at"] is not None) == (200, True)
    assert http.get(f"{BASE}?business_id=103").json()["total"] == 0
    assert http.post(f"{one}/restore").json()["deleted_at"] is None


def test_a_post_keeps_its_picture_whatever_the_host_calls_it(http: httpx2.Client) -> None:
    image = http.post(f"{BASE}/upload?business_id=107", files={"file": ("image.jpg", pictures.jpeg(1200, 801))}).json()
    one, name = f"{BASE}/{image['id']}", "2026/11 fox & \N{FALLEN LEAF}?#..%2f"
    post = f"{one}/posts/{quote(name, safe='')}"
    assert http.put(post, json={"platform": "instagram"}).json() == image | {"used_in": 1}
    (said,) = http.get(f"{one}/posts").json()["items"]
    assert (said["post_id"], said["platform"]) == (name, "instagram")
    refused = http.delete(one)
    assert (refused.status_code, refused.json()["code"], refused.json()["posts"]) == (409, "image_in_use", [name])
    assert http.delete(post).json() == image
    assert http.delete(one).json()["deleted_at"]


def test_every_answer_from_the_sandbox_says_so(http: httpx2.Client) -> None:
    for path in (f"{BASE}/generate/sizes", f"{BASE}?business_id=1", f"{BASE}/nothing", "/"):
        assert http.get(path).headers["x-darkroom-sandbox"] == "openai, cloudinary"


def test_a_request_id_travels_from_the_client_to_the_workers_log(http: httpx2.Client, stack: Stack) -> None:
    wish = {"prompt": "a travelling fox", "business_id": 104}
    accepted = http.post(f"{BASE}/generate", json=wish, headers={"X-Request-Id": "travels-1"})
    assert accepted.headers["x-request-id"] == "travels-1"
    follow(http, accepted.json()["job_id"])

    def logged() -> bool:
        lines = [line for worker in stack.workers for line in worker.events("job.changed")]
        return "travels-1" in {line["request_id"] for line in lines}

    until("the worker has logged it", logged)


def test_the_readiness_of_the_gateway_names_what_generation_waits_for(http: httpx2.Client, stack: Stack) -> None:
    stack.sandbox.script("openai.generate", {"do": "quota"}, match="a fox without money")
    job = http.post(f"{BASE}/generate", json={"prompt": "a fox without money", "business_id": 105}).json()
    deadline = time.monotonic() + 10
    while "provider_quota" not in (ready := http.get("/readyz")).json()["parts"]["generation"]:
        assert time.monotonic() < deadline, ready.text
        time.sleep(0.05)
    assert ready.status_code == 200, "what is asked for is still taken in"
    assert http.get(f"{BASE}/generate/status/{job['job_id']}").json()["status"] == "queued"
    http.post(f"{BASE}/generate/{job['job_id']}/cancel").raise_for_status()


def test_prompts_and_keys_are_in_no_log(http: httpx2.Client, stack: Stack) -> None:
    prompt = "a very private fox 7d1f"
    job = http.post(f"{BASE}/generate", json={"prompt": prompt, "business_id": 106}).json()
    follow(http, job["job_id"])
    http.get(f"{BASE}?business_id=106&search=private")
    for process in [stack.gateway, stack.upload, stack.library, *stack.workers]:
        assert prompt not in process.log
        assert "sandbox-secret" not in process.log
        assert "sk-sandbox" not in process.log
