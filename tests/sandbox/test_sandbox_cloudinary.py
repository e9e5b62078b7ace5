"""The played Cloudinary answers the official SDK as the real one does: storing, replacing, finding and removing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cloudinary.exceptions as sdk
import httpx2
import pytest

from deploy.sandbox.stores.file_store import FileStore, Record
from tests.sandbox.conftest import Store
from tests.sandbox.pictures import image_bytes
from tests.sandbox_server import SandboxServer


def test_an_upload_is_stored_described_and_served_byte_for_byte(
    store: Store, sandbox: SandboxServer, web: httpx2.Client
) -> None:
    picture = image_bytes(64, 48, "PNG")
    stored = store.upload(picture, public_id="made/1/abc", tags=["a", "b"], context={"job": "x|y=z", "note": "ü & w"})
    assert (stored["public_id"], stored["format"], stored["width"], stored["height"]) == ("made/1/abc", "png", 64, 48)
    assert (stored["bytes"], stored["type"], stored["resource_type"]) == (len(picture), "upload", "image")
    assert stored["tags"] == ["a", "b"]
    assert stored["context"] == {"custom": {"job": "x|y=z", "note": "ü & w"}}
    assert stored["secure_url"] == f"{sandbox.url}/sandbox/image/upload/v{stored['version']}/made/1/abc.png"
    assert stored["request_id"] == sandbox.ledger("cloudinary.upload")[0]["request_id"]
    assert "existing" not in stored
    served = web.get(stored["secure_url"])
    assert served.content == picture
    assert served.headers["x-darkroom-sandbox"] == "cloudinary"


def test_sha256_signatures_are_accepted(store: Store) -> None:
    assert store.upload(image_bytes(8, 8), public_id="sha256", signature_algorithm="sha256")["public_id"] == "sha256"


def test_the_same_id_again_is_the_existing_picture_unless_it_may_be_replaced(
    store: Store, sandbox: SandboxServer, web: httpx2.Client
) -> None:
    first = store.upload(image_bytes(10, 10), public_id="again", overwrite=False)
    second = store.upload(image_bytes(20, 20), public_id="again", overwrite=False)
    assert second["existing"] is True
    assert (second["width"], second["version"]) == (10, first["version"])
    third = store.upload(image_bytes(30, 30), public_id="again")
    assert third["version"] > first["version"]
    assert third["asset_id"] == first["asset_id"]
    assert len(web.get(third["secure_url"]).content) == third["bytes"]
    assert [entry["code"] for entry in sandbox.ledger("cloudinary.upload")] == [None, "existing", None]


def test_of_many_uploads_at_once_exactly_one_is_new(store: Store) -> None:
    with ThreadPoolExecutor(12) as threads:
        answers = list(
            threads.map(
                lambda side: store.upload(image_bytes(side, 8), public_id="race", overwrite=False), range(8, 32)
            )
        )
    assert [bool(answer.get("existing")) for answer in answers].count(False) == 1
    assert len({answer["width"] for answer in answers}) == 1


REFUSED: list[tuple[bytes, dict[str, Any], type[Exception], str]] = [
    (b"no picture at all", {}, sdk.BadRequest, "Invalid image file"),
    (image_bytes(300, 300)[:900], {}, sdk.BadRequest, "Invalid image file"),
    (image_bytes(8, 8) + b"\0" * 10_485_760, {}, sdk.BadRequest, r"File size too large. Got \d+. Maximum is 10485760"),
    (image_bytes(6000, 5000, "PNG"), {}, sdk.BadRequest, "Maximum image size is 25 Megapixels"),
    (image_bytes(8, 8, "WEBP"), {"allowed_formats": ["jpg", "png"]}, sdk.BadRequest, "format webp not allowed"),
    (image_bytes(8, 8), {"api_secret": "wrong"}, sdk.AuthorizationRequired, "Invalid Signature"),
    (image_bytes(8, 8), {"api_key": "wrong"}, sdk.AuthorizationRequired, "Unknown API key wrong"),
    (image_bytes(8, 8), {"public_id": "a?b"}, sdk.BadRequest, "is invalid"),
]


@pytest.mark.parametrize(("picture", "options", "error", "message"), REFUSED)
def test_a_wrong_upload_is_refused_as_the_vendor_refuses_it(
    store: Store, sandbox: SandboxServer, picture: bytes, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        store.upload(picture, **{"public_id": "refused", **options})
    with pytest.raises(sdk.NotFound):
        store.resource("refused")
    written = [entry["did"] for entry in sandbox.ledger("cloudinary.upload")]
    assert written == ([] if error is sdk.AuthorizationRequired else ["refused"])


def test_ten_mebibytes_exactly_are_accepted(store: Store) -> None:
    padded = image_bytes(8, 8)
    assert store.upload(padded + b"\0" * (10_485_760 - len(padded)), public_id="full")["bytes"] == 10_485_760


def test_destroy_says_whether_there_was_something_and_the_picture_is_gone_at_once(
    store: Store, web: httpx2.Client
) -> None:
    stored = store.upload(image_bytes(16, 16), public_id="gone/soon")
    small = stored["secure_url"].replace("/v", "/w_8/v", 1)
    assert (web.get(stored["secure_url"]).status_code, web.get(small).status_code) == (200, 200)
    assert store.destroy("gone/soon", invalidate=True)["result"] == "ok"
    assert (web.get(stored["secure_url"]).status_code, web.get(small).status_code) == (404, 404)
    assert store.destroy("gone/soon")["result"] == "not found"


def test_what_caches_have_outlives_a_destroy_that_does_not_invalidate(store: Store, web: httpx2.Client) -> None:
    stored = store.upload(image_bytes(16, 16), public_id="cached")
    small = stored["secure_url"].replace("/v", "/w_8/v", 1)
    before = [web.get(stored["secure_url"]).content, web.get(small).content]
    never_asked = stored["secure_url"].replace("/v", "/w_4/v", 1)
    assert store.destroy("cached")["result"] == "ok"
    assert [web.get(stored["secure_url"]).content, web.get(small).content] == before
    assert web.get(never_asked).status_code == 404
    store.upload(image_bytes(16, 16), public_id="cached")
    assert store.destroy("cached", invalidate=True)["result"] == "ok"
    assert (web.get(stored["secure_url"]).status_code, web.get(small).status_code) == (404, 404)


def test_explicit_changes_the_description_and_keeps_the_rest(store: Store) -> None:
    store.upload(image_bytes(16, 16), public_id="told", tags=["old"], context={"a": "1"})
    shown = store.explicit("told", type="upload", tags=["new"], eager=[{"width": 8, "crop": "limit"}])
    assert shown["tags"] == ["new"]
    assert shown["context"] == {"custom": {"a": "1"}}
    assert "/c_limit,w_8/v" in shown["eager"][0]["secure_url"]
    with pytest.raises(sdk.NotFound, match="Resource not found - nothing"):
        store.explicit("nothing", type="upload")


def test_a_lookup_finds_ids_with_slashes_and_says_how_many_are_left(store: Store) -> None:
    store.upload(image_bytes(16, 16), public_id="a/b c/ü", context={"job": "7"})
    found = store.resource("a/b c/ü")
    assert (found["public_id"], found["context"], found["width"]) == ("a/b c/ü", {"custom": {"job": "7"}}, 16)
    assert found.rate_limit_allowed == 500
    assert 0 < found.rate_limit_remaining < 500
    assert found.rate_limit_reset_at is not None
    with pytest.raises(sdk.NotFound, match="Resource not found - a/b"):
        store.resource("a/b")
    with pytest.raises(sdk.AuthorizationRequired, match="api_secret mismatch"):
        store.resource("a/b c/ü", api_secret="wrong")


def test_ping_and_usage_answer(store: Store) -> None:
    assert store.ping()["status"] == "ok"
    store.upload(image_bytes(16, 16), public_id="counted")
    usage = store.usage()
    assert usage["objects"]["usage"] >= 1
    assert usage["media_limits"]["image_max_size_bytes"] == 10_485_760
    assert usage["media_limits"]["image_max_px"] == 25_000_000


FAULTS: list[tuple[str | dict[str, Any], type[Exception], str]] = [
    ("429", sdk.RateLimited, "Rate Limit Exceeded. Limit of 500 api operations reached. Try again on"),
    ("slow_down", sdk.RateLimited, "Too many concurrent"),
    ("quota", sdk.NotAllowed, "disabled"),
    ("auth", sdk.AuthorizationRequired, "api_secret mismatch"),
    ("500", sdk.GeneralError, "General Error"),
    ("503", sdk.GeneralError, "Service Unavailable"),
    ("502html", sdk.Error, r"Error parsing server response \(502\)"),
    ("not_json", sdk.Error, r"Error parsing server response \(200\)"),
    ("drop_before", sdk.Error, "Unexpected error"),
    ("drop_after", sdk.Error, "Unexpected error"),
    ("hang", sdk.Error, "timed out"),
    ({"do": "500", "worked": True}, sdk.GeneralError, "General Error"),
]


@pytest.mark.parametrize(("fault", "error", "message"), FAULTS)
def test_every_fault_of_an_upload_as_the_sdk_sees_it(
    store: Store,
    sandbox: SandboxServer,
    tmp_path: Path,
    fault: str | dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    public_id = f"fault/{tmp_path.name}"
    sandbox.script("cloudinary.upload", fault, match=public_id)
    with pytest.raises(error, match=message):
        store.upload(image_bytes(8, 8), public_id=public_id, timeout=0.4 if fault == "hang" else 10)
    was_stored = fault in ("drop_after", "not_json") or isinstance(fault, dict)
    assert sandbox.ledger("cloudinary.upload")[0]["worked"] == was_stored
    again = store.upload(image_bytes(8, 8), public_id=public_id, overwrite=False)
    assert bool(again.get("existing")) == was_stored


def test_other_targets_have_their_own_faults(store: Store, sandbox: SandboxServer, web: httpx2.Client) -> None:
    stored = store.upload(image_bytes(8, 8), public_id="faulty")
    sandbox.script("cloudinary.lookup", "500")
    sandbox.script("cloudinary.destroy", "drop_after")
    sandbox.script("cloudinary.delivery", "503", "broken_bytes")
    with pytest.raises(sdk.GeneralError):
        store.resource("faulty")
    assert web.get(stored["secure_url"]).status_code == 503
    assert b"not the bytes of a picture" in web.get(stored["secure_url"]).content
    with pytest.raises(sdk.Error):
        store.destroy("faulty")
    assert store.destroy("faulty")["result"] == "not found"


def test_stored_pictures_are_real_files_and_survive_a_restart(tmp_path: Path, store: Store) -> None:
    picture = image_bytes(32, 16, "WEBP")
    server = SandboxServer(tmp_path)
    here = {"upload_prefix": server.url}
    with server:
        stored = store.upload(picture, public_id="kept/1", context={"job": "1"}, **here)
        server.stop(kill=True)
        server.start()
        assert store.resource("kept/1", **here)["context"] == {"custom": {"job": "1"}}
        assert httpx2.get(stored["secure_url"], trust_env=False).content == picture
    assert picture in [file.read_bytes() for file in tmp_path.rglob("*.webp")]


@pytest.mark.parametrize("public_id", ["../../escape", "..", "/etc/passwd", "a/../../b", "A", "x" * 255, "."])
def test_no_public_id_leaves_the_folder(tmp_path: Path, public_id: str) -> None:
    files = FileStore(tmp_path / "shelf")
    record = Record(public_id, "png", 1, 1, 3, "etag")
    stored, _ = files.put(record, b"abc", overwrite=True)
    assert files.find(public_id) == stored
    assert files.read(stored) == b"abc"
    assert {file.parent.parent for file in tmp_path.rglob("*") if file.is_file()} == {tmp_path / "shelf"}
    assert files.find(public_id.lower() if public_id == "A" else public_id + "/") is None


def test_an_unfinished_write_is_never_met(tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    stored, _ = files.put(Record("a", "png", 1, 1, 3, "etag"), b"abc", overwrite=True)
    replaced, _ = files.put(Record("a", "png", 1, 1, 4, "etag"), b"abcd", overwrite=True)
    assert replaced.version > stored.version
    assert files.read(stored) is None, "the old file is gone once nobody points to it"
    assert [file.name for file in tmp_path.rglob(".*")] == []
    assert files.remove("a")
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
