"""Who may do what: keys through the whole product with `DARKROOM_AUTH=keys`, from making one to revoking it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis

from tests.repository import ROOT
from tests.servers import until
from tests.service.gate import parse, raw
from tests.service.locked import IMAGES, OURS, SECRET, THEIRS, Locked, ask, upload

SILENT = {"request_id", "instance"}


@pytest.fixture(scope="module")
def theirs(locked: Locked) -> Iterator[httpx2.Client]:
    with locked.as_(locked.key("--business", str(THEIRS))) as client:
        yield client


def refusal(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    return {name: value for name, value in answer.json().items() if name not in SILENT}


def test_a_key_opens_what_it_is_for(ours: httpx2.Client) -> None:
    uploaded = upload(ours, OURS)
    assert uploaded.status_code in (200, 201)
    assert ours.get(f"{IMAGES}/{uploaded.json()['id']}").status_code == 200
    assert ours.get(IMAGES, params={"business_id": OURS}).json()["total"] >= 1
    accepted = ask(ours, OURS)
    assert accepted.status_code == 202
    status = f"{IMAGES}/generate/status/{accepted.json()['job_id']}"
    until("the job has ended", lambda: ours.get(status).json()["finished_at"])
    assert ours.get(status).json()["status"] == "succeeded"


def test_what_a_key_asks_is_counted_in_redis(locked: Locked) -> None:
    key = locked.key()
    with locked.as_(key) as client, redis.Redis.from_url(locked.stack.environment["REDIS_URL"]) as queue:
        name = f"darkroom:limit:key:{key.split('_')[1]}"
        assert not queue.exists(name)
        assert client.get(IMAGES, params={"business_id": OURS}).status_code == 200
        assert queue.exists(name, f"darkroom:limit:business:{OURS}") == 2


def test_a_business_that_is_named_must_be_the_keys(ours: httpx2.Client) -> None:
    for answer in (
        upload(ours, THEIRS),
        ask(ours, THEIRS),
        ours.get(IMAGES, params={"business_id": THEIRS}),
        ours.get(f"{IMAGES}/usage", params={"business_id": THEIRS}),
        ours.get(f"{IMAGES}/generate/jobs", params={"business_id": THEIRS}),
        ours.post(f"{IMAGES}/generate/estimate-cost", json={"business_id": THEIRS}),
        ours.post(f"{IMAGES}/bulk-delete", json={"business_id": THEIRS, "ids": ["0" * 32]}),
        ours.post(f"{IMAGES}/bulk-restore", json={"business_id": THEIRS, "ids": ["0" * 32]}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), answer.url


def test_every_refusal_of_a_key_is_the_same(locked: Locked) -> None:
    expired, revoked = locked.key(), locked.key("--expires-days", "1")
    locked.command("keys", "revoke", revoked.split("_")[1])
    locked.command("keys", "rotate", expired.split("_")[1], "--overlap-hours", "0")
    valid = locked.key()
    swapped = "_".join([*valid.split("_")[:2], revoked.split("_", 2)[2]])
    wrong = [f"Bearer {key}" for key in (expired, revoked, swapped, valid[:-1], valid + "x", "dk_", "x" * 5000)]
    wrong += [f"Basic {valid}", valid, "Bearer", f"Bearer {valid} {valid}"]
    wrong += [f"Bearer {valid}\xa0", f"Bearer \x85{valid}"]  # Spaces to Python, not to HTTP.
    bodies = []
    with locked.as_(None) as client:
        for value in [None, *wrong]:
            headers = {} if value is None else {b"Authorization": value.encode("latin-1")}
            answer = client.get(IMAGES, params={"business_id": OURS}, headers=headers)
            assert answer.status_code == 401, value
            assert answer.headers["www-authenticate"] == 'Bearer realm="darkroom"'
            bodies.append(refusal(answer))
        twice = client.get(IMAGES, params={"business_id": OURS}, headers=[("Authorization", f"Bearer {valid}")] * 2)
        bodies.append(refusal(twice))
    assert all(body == bodies[0] for body in bodies)


def test_a_key_may_do_what_its_rights_say(locked: Locked, ours: httpx2.Client) -> None:
    image, job = upload(ours, OURS).json()["id"], ask(ours, OURS).json()["job_id"]
    with locked.as_(locked.key("--right", "read")) as reader:
        for looked_at in ("", "/posts", "/derivatives"):
            assert reader.get(f"{IMAGES}/{image}{looked_at}").status_code == 200
        assert reader.post(f"{IMAGES}/validate/instagram", json={"image_id": image}).status_code == 200
        assert reader.post(f"{IMAGES}/generate/estimate-cost", json={}).status_code == 200
        for answer, right in (
            (upload(reader, OURS), "write"),
            (reader.delete(f"{IMAGES}/{image}"), "write"),
            (reader.delete(f"{IMAGES}/{image}", params={"purge": "true"}), "write"),
            (reader.patch(f"{IMAGES}/{image}", json={"alt_text": "x"}), "write"),
            (reader.put(f"{IMAGES}/{image}/posts/one", json={}), "write"),
            (reader.delete(f"{IMAGES}/{image}/posts/one"), "write"),
            (reader.post(f"{IMAGES}/bulk-restore", json={"ids": [image]}), "write"),
            (ask(reader, OURS), "generate"),
            (reader.post(f"{IMAGES}/generate/{job}/cancel"), "generate"),
            (reader.get("/metrics"), "operate"),
        ):
            assert answer.status_code == 403, answer.url
            assert f"`{right}`" in answer.json()["detail"]
    with locked.as_(locked.key("--right", "operate")) as operator:
        assert "darkroom_requests_total" in operator.get("/metrics").text
        assert operator.get(f"{IMAGES}/{image}").status_code == 403


def test_what_tells_nothing_of_anybody_needs_no_key(locked: Locked) -> None:
    with locked.as_(None) as client:
        for path in ("/", "/docs", "/openapi.json", "/healthz", "/readyz"):
            assert client.get(path).status_code == 200, path
        assert client.get("/metrics").status_code == 401


def test_no_route_gives_anything_of_another_business(
    locked: Locked, ours: httpx2.Client, theirs: httpx2.Client
) -> None:
    image = upload(theirs, THEIRS, 700).json()
    job = ask(theirs, THEIRS).json()["job_id"]
    before = theirs.put(f"{IMAGES}/{image['id']}/posts/one").json()
    assert before["used_in"] == 1
    ids = {"image_id": image["id"], "job_id": job, "post_id": "one"}
    swapped = ids | {"image_id": job, "job_id": image["id"]}
    document = ours.get("/openapi.json").json()
    tried = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters" or "{" not in path:
                continue
            body = _body(operation, document)
            url = path.format(**ids)
            answer = ours.request(method.upper(), url, json=body)
            assert answer.status_code == 404, (method, url, answer.text)
            missing = ours.request(method.upper(), path.format(**swapped), json=body)
            assert refusal(answer) == refusal(missing), (method, path)
            tried += 1
    assert tried >= 13
    assert ours.post(f"{IMAGES}/validate/instagram", json={"image_id": image["id"]}).status_code == 404
    for several in ("bulk-delete", "bulk-restore"):
        results = ours.post(f"{IMAGES}/{several}", json={"ids": [image["id"]]}).json()["results"]
        assert [(one["status"], one["image"]) for one in results] == [("not_found", None)]
    # The same key of idempotency is another's.
    for client, business in ((theirs, THEIRS), (ours, OURS)):
        wish = {"prompt": "a key", "business_id": business}
        answer = client.post(f"{IMAGES}/generate", json=wish, headers={"Idempotency-Key": "same"})
        assert (answer.status_code, answer.headers.get("idempotency-replayed")) == (202, None)
    assert theirs.get(f"{IMAGES}/{image['id']}").json() == before


def _body(operation: dict[str, Any], document: dict[str, Any]) -> Any:
    """A body that would be taken: from the first example or, for the routes by id, by hand."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    name = content["schema"].get("$ref", "").rpartition("/")[2]
    known = document["components"]["schemas"].get(name, {}).get("properties", {})
    bodies = {"preset": "instagram_1x1", "alt_text": "x", "platform": "instagram"}
    return {field: bodies[field] for field in known if field in bodies}


def test_a_key_for_several_or_all_businesses(locked: Locked, theirs: httpx2.Client) -> None:
    image = upload(theirs, THEIRS, 700).json()["id"]
    several = locked.key("--business", str(OURS), "--business", str(THEIRS))
    for key in (several, locked.key("--all-businesses")):
        with locked.as_(key) as client:
            assert client.get(f"{IMAGES}/{image}").status_code == 200
            assert client.get(f"{IMAGES}/{image}?business_id={OURS}").status_code == 404
            assert client.get(IMAGES, params={"business_id": THEIRS}).json()["total"] >= 1
    with locked.as_(several) as client:
        assert client.get(IMAGES, params={"business_id": 43}).status_code == 403


def test_a_revoked_key_ends_everywhere_and_also_what_it_holds_open(locked: Locked, ours: httpx2.Client) -> None:
    locked.stack.sandbox.script("openai.generate", {"do": "slow", "seconds": 20}, match="slow fox")
    job = ours.post(f"{IMAGES}/generate", json={"prompt": "a slow fox", "business_id": OURS}).json()["job_id"]
    key = locked.key()
    with locked.as_(key) as client:
        with client.stream("GET", f"{IMAGES}/generate/status/{job}/events") as stream:
            lines = stream.iter_lines()
            assert next(lines).startswith("id:")
            locked.command("keys", "revoke", key.split("_")[1])
            with pytest.raises(httpx2.HTTPError):
                for line in lines:
                    assert '"finished_at":null' in line or not line.startswith("data:"), "the job ended first"
        assert client.get(IMAGES, params={"business_id": OURS}).status_code == 401
    ours.post(f"{IMAGES}/generate/{job}/cancel")


def test_a_rotated_key_leaves_time_and_keeps_its_rights(locked: Locked) -> None:
    old = locked.key("--right", "read")
    said = locked.command("keys", "rotate", old.split("_")[1]).split()
    new = next(word for word in said if word.startswith("dk_"))
    for key in (old, new):
        with locked.as_(key) as client:
            assert client.get(IMAGES, params={"business_id": OURS}).status_code == 200
            assert upload(client, OURS).status_code == 403


def test_a_key_is_shown_once_and_kept_as_a_digest(locked: Locked, tmp_path: Path) -> None:
    key = locked.key("--expires-days", "2")
    secret = key.split("_", 2)[2]
    listed = locked.command("keys", "list")
    assert key.split("_")[1] in listed and secret not in listed
    with locked.as_(key) as client:
        assert client.get(IMAGES, params={"business_id": OURS}).status_code == 200
    said = "".join(process.log for process in locked.stack.processes)
    assert secret not in said and SECRET not in said
    database = locked.stack.environment["DATABASE_URL"]
    assert database not in said


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["keys", "make", "--name", "x"], 2, "--business"),
        (["keys", "make", "--name", "x", "--business", "0"], 2, "positive integer"),
        (["keys", "make", "--name", "x", "--business", "1", "--right", "fly"], 2, 'Choose from: "read", "write"'),
        (["keys", "make", "--name", " ", "--business", "1"], 2, "printable"),
        (["keys", "make", "--name", "x", "--business", "1", "--expires-days", "nan"], 2, "a number from"),
        (["keys", "revoke", "nothing"], 1, "There is no key with the prefix nothing"),
        (["keys", "rotate", "nothing"], 1, "There is no valid key with the prefix nothing"),
    ],
)
def test_the_command_says_what_is_wrong(locked: Locked, words: list[str], status: int, said: str) -> None:
    assert said in locked.command(*words, status=status)


def test_the_inner_services_take_nobody_but_the_gateway(locked: Locked, ours: httpx2.Client) -> None:
    forged = f"9999999999;anyone;generate,operate,read,write;*;{'0' * 64}"
    for process in (locked.stack.upload, locked.stack.library):
        for headers in ({}, {"X-Darkroom-Caller": forged}, {"X-Darkroom-Caller": "x"}):
            answer = httpx2.get(f"{process.url}{IMAGES}?business_id={OURS}", headers=headers, trust_env=False)
            assert answer.status_code == 401, process.name
    answer = ours.get(IMAGES, params={"business_id": OURS}, headers={"X-Darkroom-Caller": forged})
    assert answer.status_code == 200, "what a client says of itself must not reach a service"
    other = ours.get(IMAGES, params={"business_id": THEIRS}, headers={"X-Darkroom-Caller": forged})
    assert other.status_code == 403


def test_pages_of_listed_origins_may_call_and_read_refusals(locked: Locked) -> None:
    with locked.as_(None) as client:
        for origin, allowed in (("https://app.example", True), ("https://evil.example", False)):
            refused = client.get(IMAGES, headers={"Origin": origin})
            assert refused.status_code == 401
            assert (refused.headers.get("access-control-allow-origin") == origin) is allowed
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                asked = {"Origin": origin, "Access-Control-Request-Method": method}
                asked["Access-Control-Request-Headers"] = "authorization,if-match,last-event-id"
                preflight = client.options(f"{IMAGES}/x", headers=asked)
                assert (preflight.status_code == 200) is allowed, method
                if not allowed:
                    assert preflight.headers["content-type"] == "application/problem+json"
                    assert (preflight.status_code, preflight.json()["status"]) == (400, 400)
                assert "access-control-allow-credentials" not in preflight.headers


def test_a_page_of_another_origin_can_read_every_header_that_our_components_look_at(locked: Locked) -> None:
    source = "".join((ROOT / "gateway" / "web" / "src" / name).read_text() for name in ("api.ts", "failure.ts"))
    wanted = {name.lower() for name in re.findall(r'(?:get|has|header)\("([A-Z][\w-]+)"\)', source)}
    assert {"preference-applied", "retry-after", "etag"} <= wanted
    with locked.as_(None) as client:
        shown = client.get(IMAGES, headers={"Origin": "https://app.example"}).headers["access-control-expose-headers"]
    assert wanted <= {name.strip().lower() for name in shown.split(",")}


def test_every_answer_is_safe_in_a_browser(locked: Locked) -> None:
    with locked.as_(None) as client:
        for path in ("/", "/docs", IMAGES, "/nothing", "/healthz", "/readyz"):
            headers = client.get(path).headers
            assert headers["x-content-type-options"] == "nosniff", path
            assert headers["referrer-policy"] == "same-origin", path
            assert headers["x-frame-options"] == "DENY", path


@pytest.mark.parametrize(
    "said",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: %b\r\n\r\n" % (b"a" * 50_000),
    ],
    ids=["no http", "no host", "http 2", "a long head"],
)
async def test_a_refusal_of_what_is_no_request_is_safe_too(locked: Locked, said: bytes) -> None:
    found = parse(await raw(locked.stack.gateway.port, said))
    assert found.status in (400, 431)
    told = [found.header(name) for name in ("x-content-type-options", "referrer-policy", "x-frame-options")]
    assert told == ["nosniff", "same-origin", "DENY"]


def test_a_tag_in_any_line_of_a_condition_counts(ours: httpx2.Client) -> None:
    """On every route, whoever reads it."""
    made = upload(ours, OURS, 321).json()
    for path in (f"{IMAGES}/{made['id']}", f"{IMAGES}/generate/sizes"):
        tag = ours.get(path).headers["etag"]
        for lines in ([tag, '"a"'], ['"a"', tag], ['"a"', '"b"', f"W/{tag}"]):
            known = ours.get(path, headers=[("If-None-Match", line) for line in lines])
            assert known.status_code == 304, (path, lines)
    late = ours.patch(f"{IMAGES}/{made['id']}", json={}, headers=[("If-Match", '"a"'), ("If-Match", '"b"')])
    assert late.status_code == 412
