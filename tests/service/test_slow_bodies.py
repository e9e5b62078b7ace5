"""A key is judged again when the body is whole: whoever lost it meanwhile orders nothing."""

import contextlib
import http.client
import json
from typing import Any, Self

import httpx2

from tests import pictures
from tests.servers import until
from tests.service.locked import IMAGES, OURS, Locked, upload


def test_a_key_that_is_revoked_while_its_body_comes_orders_nothing(locked: Locked, ours: httpx2.Client) -> None:
    image = upload(ours, OURS, 720).json()["id"]
    wish = json.dumps({"prompt": "a fox that nobody may have", "business_id": OURS}).encode()
    form = httpx2.Request("POST", "http://x", files={"file": ("a.jpg", pictures.png(900, 700, compress_level=0))})
    file, kind = form.read(), form.headers["content-type"]
    assert len(file) > 2 * 64 * 1024, "the proxy hands it on while it comes"
    of_it, json_kind = f"{IMAGES}/{image}", "application/json"
    begun = [
        ("POST", f"{IMAGES}/generate", json_kind, wish),
        ("POST", f"{IMAGES}/upload?business_id={OURS}", kind, file),
        ("PATCH", of_it, json_kind, b'{"alt_text": "theirs"}'),
        ("PUT", f"{of_it}/posts/stolen", json_kind, b"{}"),
        ("POST", f"{IMAGES}/bulk-delete", json_kind, json.dumps({"ids": [image]}).encode()),
        ("POST", f"{of_it}/derivatives", json_kind, b'{"preset": "instagram_1x1"}'),
    ]
    before = _what_there_is(ours, image)
    key = locked.key()
    with contextlib.ExitStack() as open_, locked.as_(key) as client:
        bodies = [open_.enter_context(Slow(locked.stack.gateway.port, key, *one)) for one in begun]
        locked.command("keys", "revoke", key.split("_")[1])
        until("the key is refused", lambda: client.get(of_it).status_code == 401)
        for body in bodies:
            status, said = body.finish()
            assert (status, said["code"]) == (401, "unauthorized"), body.path
    assert _what_there_is(ours, image) == before


def test_a_body_of_a_valid_key_may_be_slow(locked: Locked) -> None:
    key = locked.key()
    wish = json.dumps({"prompt": "a patient fox", "business_id": OURS}).encode()
    with Slow(locked.stack.gateway.port, key, "POST", f"{IMAGES}/generate", "application/json", wish) as body:
        assert body.finish()[0] == 202


def _what_there_is(client: httpx2.Client, image: str) -> list[Any]:
    lists = (
        client.get(f"{IMAGES}{path}", params={"business_id": OURS}).json()["total"] for path in ("", "/generate/jobs")
    )
    return [*lists, client.get(f"{IMAGES}/{image}").json(), client.get(f"{IMAGES}/{image}/derivatives").json()]


class Slow:
    """A request whose body is sent but for its last byte."""

    def __init__(self, port: int, key: str, method: str, path: str, kind: str, body: bytes) -> None:
        self.path = path
        self._last = body[-1:]
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._connection.putrequest(method, path)
        for name, value in {
            "Authorization": f"Bearer {key}",
            "Content-Type": kind,
            "Content-Length": len(body),
        }.items():
            self._connection.putheader(name, str(value))
        self._connection.endheaders(body[:-1])

    def finish(self) -> tuple[int, dict[str, Any]]:
        """The last byte, and what is answered then."""
        self._connection.send(self._last)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
