"""What a web page, and another user of the machine, can do to the sandbox: nothing."""

from __future__ import annotations

import stat
import time
import uuid
from pathlib import Path

import cloudinary.api
import cloudinary.exceptions
import httpx2
import openai
import pytest
from openai import AsyncOpenAI

from deploy.sandbox.control.guard import Guard
from deploy.sandbox.settings import Settings
from deploy.sandbox.stores.signatures import sign
from tests.sandbox.pictures import MODEL, image_bytes
from tests.sandbox_server import SandboxServer

FAULT = {"target": "openai.generate", "always": {"do": "500"}}
CONTROL = [
    ("GET", "script"), ("POST", "script"), ("DELETE", "script"), ("POST", "release"), ("GET", "limits"),
    ("POST", "limits"), ("DELETE", "limits"), ("GET", "models"), ("POST", "models"), ("GET", "ledger"),
    ("DELETE", "ledger"), ("GET", "ledger/summary"), ("GET", "preview"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "name"), CONTROL)
def test_the_control_api_is_for_its_owner(sandbox: SandboxServer, web: httpx2.Client, method: str, name: str) -> None:
    body = FAULT if (method, name) == ("POST", "script") else None
    for key in ({}, {"Authorization": "Bearer guessed"}, {"Authorization": f"Basic {sandbox.token}"}):
        answer = web.request(method, f"/_sandbox/{name}", json=body, headers=key)
        assert answer.status_code == 401
        assert sandbox.token not in answer.text
    assert web.get("/_sandbox/script", headers=sandbox.owner).json() == {"rules": []}


def test_only_json_is_an_order(sandbox: SandboxServer, web: httpx2.Client) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        headers = {**sandbox.owner, "Content-Type": kind}
        order = '{"target": "openai.generate", "always": {"do": "500"}}'
        assert web.post("/_sandbox/script", content=order, headers=headers).status_code == 415
        assert web.post("/_sandbox/limits", content="{}", headers=headers).status_code == 415
    assert web.get("/_sandbox/script", headers=sandbox.owner).json() == {"rules": []}


@pytest.mark.parametrize("path", ["/", "/v1/models", "/_sandbox/ledger", "/sandbox/image/upload/a.jpg", "/samples/0"])
def test_a_name_that_is_not_its_own_is_not_answered(sandbox: SandboxServer, web: httpx2.Client, path: str) -> None:
    for host in (
        "attacker.example",
        f"attacker.example:{sandbox.port}",
        "127.0.0.1.attacker.example",
        "local@x",
        "",
    ):
        assert web.get(path, headers={**sandbox.owner, "Host": host}).status_code == 421
    for host in ("localhost", f"127.0.0.1:{sandbox.port}", "[::1]:8004", "sandbox.localhost:8004"):
        assert web.get(path, headers={**sandbox.owner, "Host": host}).status_code != 421
    assert web.get("/readyz", headers={"Host": "10.0.0.7:8004"}).status_code == 200


@pytest.mark.parametrize(
    ("host", "url", "name", "answers"),
    [
        ("127.0.0.1", "http://pictures.example:8004", "pictures.example", True),
        ("127.0.0.1", None, "pictures.example", False),
        ("127.0.0.1", None, "sandbox", False),
        ("0.0.0.0", None, "sandbox", True),
        ("0.0.0.0", None, "10.0.0.7", True),
        ("0.0.0.0", None, "attacker.example", False),
    ],
)
async def test_in_a_container_it_is_called_as_containers_are(
    host: str, url: str | None, name: str, *, answers: bool
) -> None:
    async def app(scope: object, receive: object, send: object) -> None:
        raise LookupError

    guard = Guard(app, Settings(host=host, public_url=url))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(guard), base_url=f"http://{name}:8004") as client:
        if answers:
            with pytest.raises(LookupError):
                await client.get("/")
        else:
            assert (await client.get("/")).status_code == 421


@pytest.mark.parametrize(
    "sent", [{"Origin": "https://attacker.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_page_of_another_origin_stores_nothing(
    sandbox: SandboxServer, web: httpx2.Client, sent: dict[str, str]
) -> None:
    """Also where the secret is the one that everybody knows."""
    signed = {"timestamp": str(int(time.time())), "public_id": f"planted-{uuid.uuid4()}"}
    fields = {**signed, "api_key": "sandbox-key", "signature": sign(signed, "sandbox-secret")}
    picture = {"file": image_bytes(8, 8)}
    address = "/v1_1/sandbox/image/upload"
    assert web.post(address, data=fields, files=picture, headers=sent).status_code == 403
    assert web.get(f"/sandbox/image/upload/{signed['public_id']}.jpg").status_code == 404
    same = {"Origin": sandbox.url, "Sec-Fetch-Site": "same-origin"}
    assert web.post(address, data=fields, files=picture, headers=same).status_code == 200


async def test_with_a_secret_of_its_own_the_known_keys_open_nothing(tmp_path: Path) -> None:
    with SandboxServer(tmp_path, environment={"DARKROOM_SANDBOX_SECRET": "of-this-run"}) as server:
        known, own = (
            AsyncOpenAI(api_key=key, base_url=server.openai_base_url, max_retries=0)
            for key in ("sk-sandbox", "sk-of-this-run")
        )
        async with known, own:
            with pytest.raises(openai.AuthenticationError):
                await known.images.generate(prompt="x", model=MODEL)
            assert (await own.images.generate(prompt="x", model=MODEL, output_format="jpeg")).data
        account = {"cloud_name": "sandbox", "api_key": "sandbox-key", "upload_prefix": server.url}
        assert cloudinary.api.ping(**account, api_secret="of-this-run-secret")["status"] == "ok"
        with pytest.raises(cloudinary.exceptions.AuthorizationRequired):
            cloudinary.api.ping(**account, api_secret="sandbox-secret")


def test_what_has_no_key_is_not_read(web: httpx2.Client) -> None:
    for path in (
        "/v1/images/generations",
        "/vendors/xai/v1/images/generations",
        "/vendors/azure/v1/images/generations",
    ):
        assert web.post(path, content=b"no JSON").status_code in {400, 401}, path


def test_who_has_no_key_leaves_no_line_in_the_ledger(sandbox: SandboxServer, web: httpx2.Client) -> None:
    """A web page may send what only reads, and any name it likes."""
    for path in ("/v1/models", "/v1/models/x", "/v1_1/sandbox/ping", "/v1_1/sandbox/resources/image/upload/x"):
        assert web.get(path, headers={"X-Client-Request-Id": "x" * 1000}).status_code == 401
    for path in ("/sandbox/image/upload/none.jpg", "/other/image/upload/none.jpg"):
        assert web.get(path).status_code in {401, 404}
    assert web.post("/v1/images/generations", json={"prompt": "planted"}).status_code == 401
    assert web.post("/vendors/xai/v1/images/generations", json={"prompt": "planted"}).status_code == 400
    assert sandbox.ledger() == []


def test_without_one_it_makes_a_token_for_each_run_and_tells_its_owner(tmp_path: Path) -> None:
    server = SandboxServer(tmp_path, environment={"DARKROOM_SANDBOX_TOKEN": ""})
    met = set()
    for _ in range(2):
        with server:
            server.token = (tmp_path / "token").read_text()
            assert server.ledger() == []
            met.add(server.token)
    assert len(met) == 2
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


def test_prompts_and_pictures_are_closed_to_others_whatever_was_there(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for folder in (data, data / "pictures"):
        folder.mkdir()
        folder.chmod(0o755)
    (data / "ledger.jsonl").touch()
    (data / "ledger.jsonl").chmod(0o644)
    with SandboxServer(data) as server:
        auth = ("sandbox-key", "sandbox-secret")
        address = f"{server.url}/v1_1/sandbox/image/upload"
        stored = httpx2.post(address, data={"public_id": "one"}, files={"file": image_bytes(8, 8)}, auth=auth)
        assert stored.status_code == 200
    assert len([place for place in data.rglob("*") if place.is_file()]) == 3
    for place in (data, *data.rglob("*")):
        assert stat.S_IMODE(place.stat().st_mode) & 0o077 == 0, place
