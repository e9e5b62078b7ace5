"""Signed parameters: the vendor's published vector, both digests, and that no value can smuggle in a parameter."""

from __future__ import annotations

import base64
import time
from typing import Any

import httpx2
import pytest
from cloudinary import utils as sdk

from deploy.sandbox.stores.cloudinary_responses import CloudinaryError
from deploy.sandbox.stores.signatures import sign, string_to_sign, verify_basic, verify_upload
from tests.sandbox.pictures import image_bytes

SECRET = "sandbox-secret"
VECTOR = {"eager": "w_400,h_300,c_pad|w_260,h_200,c_crop", "public_id": "sample_image", "timestamp": "1315060510"}


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        ("sha1", "bfd09f95f331f558cbd1320e67aa8d488770583e"),
        ("sha256", "cc927e1290f9e3ae4c1a741eda21a4630b4ce80f9ce0bc0296337d25cf40f91e"),
    ],
)
def test_the_published_vector_is_signed_as_published(algorithm: str, digest: str) -> None:
    assert sign(VECTOR, "abcd", algorithm) == digest
    assert sign(VECTOR, "abcd", algorithm, version=1) == digest, "without ampersands the versions agree"


def test_an_ampersand_inside_a_value_is_escaped_as_the_sdk_does() -> None:
    parameters = {"context": "caption=this & that", "timestamp": "1"}
    assert string_to_sign(parameters) == "context=caption=this %26 that&timestamp=1"
    assert sign(parameters, "abcd") == sdk.api_sign_request(parameters, "abcd")
    assert sign(parameters, "abcd", version=1) == sdk.api_sign_request(parameters, "abcd", signature_version=1)
    assert sign(parameters, "abcd") != sign(parameters, "abcd", version=1)


def _signed(**parameters: str) -> dict[str, str]:
    given = {"timestamp": str(int(time.time())), **parameters}
    return {**given, "api_key": "sandbox-key", "signature": sign(given, SECRET)}


def test_a_good_signature_passes() -> None:
    verify_upload(SECRET, "sandbox", _signed(public_id="a/b"), None)


def test_one_parameter_cannot_pose_as_two() -> None:
    smuggled = _signed(public_id="a", tags="x")
    del smuggled["tags"]
    smuggled["public_id"] = "a&tags=x"
    with pytest.raises(CloudinaryError, match="Invalid Signature"):
        verify_upload(SECRET, "sandbox", smuggled, None)


BAD: list[tuple[dict[str, str], int, str]] = [
    ({"signature": "0" * 40}, 401, "Invalid Signature 0000.* String to sign - 'public_id=a&timestamp="),
    ({"signature": "0" * 64}, 401, "Invalid Signature"),
    ({"tags": "added"}, 401, "Invalid Signature"),
    ({"api_key": "someone"}, 401, "Unknown API key someone"),
]


@pytest.mark.parametrize(("change", "status", "message"), BAD)
def test_a_bad_signature_is_refused(change: dict[str, str], status: int, message: str) -> None:
    with pytest.raises(CloudinaryError, match=message) as caught:
        verify_upload(SECRET, "sandbox", {**_signed(public_id="a"), **change}, None)
    assert caught.value.status == status


def test_a_signature_is_good_for_an_hour() -> None:
    verify_upload(SECRET, "sandbox", _signed(timestamp=str(int(time.time()) - 3500)), None)
    with pytest.raises(CloudinaryError, match=r"Stale request - reported time is .* more than 1 hour ago"):
        verify_upload(SECRET, "sandbox", _signed(timestamp=str(int(time.time()) - 3700)), None)


def test_nothing_is_taken_unsigned() -> None:
    with pytest.raises(CloudinaryError, match="Upload preset must be specified"):
        verify_upload(SECRET, "sandbox", {"timestamp": "1", "api_key": "sandbox-key"}, None)
    with pytest.raises(CloudinaryError, match="Invalid cloud_name elsewhere"):
        verify_upload(SECRET, "elsewhere", _signed(), None)


@pytest.mark.parametrize(
    ("credentials", "message"),
    [
        ("someone:sandbox-secret", "unknown api_key"),
        ("sandbox-key:wrong", "api_secret mismatch"),
        (None, "unknown api_key"),
    ],
)
def test_basic_credentials_are_checked(credentials: str | None, message: str) -> None:
    header = f"Basic {base64.b64encode(credentials.encode()).decode()}" if credentials else None
    with pytest.raises(CloudinaryError, match=message):
        verify_basic(SECRET, "sandbox", header)


def test_an_upload_with_basic_credentials_needs_no_signature(web: httpx2.Client) -> None:
    picture = _data_uri()
    fields: dict[str, Any] = {"public_id": "basic/one", "file": picture}
    answer = web.post("/v1_1/sandbox/image/upload", data=fields, auth=("sandbox-key", "sandbox-secret"))
    assert answer.status_code == 200
    assert answer.json()["public_id"] == "basic/one"


def _data_uri() -> str:
    return "data:image/png;base64," + base64.b64encode(image_bytes(4, 4, "PNG")).decode()
