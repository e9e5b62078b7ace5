"""Who may ask the played Cloudinary: signed parameters, or HTTP Basic.
Pure; a refusal is raised as CloudinaryError with the vendor's own words.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from deploy.sandbox.settings import CLOUD, CLOUDINARY_KEY
from deploy.sandbox.stores.cloudinary_responses import CloudinaryError

LIFETIME_SECONDS = 3600
UNSIGNED = frozenset({"file", "cloud_name", "resource_type", "api_key", "signature"})


def string_to_sign(parameters: Mapping[str, str], version: int = 2) -> str:
    """Version 2 writes an ampersand inside a value as %26, so that no value can pose as a second parameter."""
    signed = [f"{name}={value}" for name, value in sorted(parameters.items()) if value and name not in UNSIGNED]
    return "&".join(pair.replace("&", "%26") if version >= 2 else pair for pair in signed)


def sign(parameters: Mapping[str, str], secret: str, algorithm: str = "sha1", version: int = 2) -> str:
    """The signature, in hexadecimal digits; `sha1` or `sha256`."""
    return hashlib.new(algorithm, (string_to_sign(parameters, version) + secret).encode()).hexdigest()


def verify_upload(secret: str, cloud: str, parameters: Mapping[str, str], authorization: str | None) -> None:
    """Raises CloudinaryError. Basic credentials need neither timestamp nor signature."""
    if authorization:
        verify_basic(secret, cloud, authorization)
        return
    _verify_cloud(cloud)
    if "signature" not in parameters:
        raise CloudinaryError(400, "Upload preset must be specified when using unsigned upload")
    if parameters.get("api_key") != CLOUDINARY_KEY:
        raise CloudinaryError(401, f"Unknown API key {parameters.get('api_key', '')}".rstrip())
    _verify_signature(secret, parameters)
    _verify_timestamp(parameters.get("timestamp", ""))


def verify_basic(secret: str, cloud: str, authorization: str | None) -> None:
    """Raises CloudinaryError where the header names another key, or the wrong secret."""
    scheme, _, encoded = (authorization or "").partition(" ")
    try:
        key, _, given = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        key = given = ""
    if scheme.lower() != "basic" or key != CLOUDINARY_KEY:
        raise CloudinaryError(401, "unknown api_key")
    if not hmac.compare_digest(given.encode(), secret.encode()):
        raise CloudinaryError(401, "api_secret mismatch")
    _verify_cloud(cloud)


def _verify_cloud(cloud: str) -> None:
    if cloud != CLOUD:
        raise CloudinaryError(401, f"Invalid cloud_name {cloud}")


def _verify_signature(secret: str, parameters: Mapping[str, str]) -> None:
    given = parameters["signature"]
    algorithm = "sha256" if len(given) == 64 else "sha1"
    expected = sign(parameters, secret, algorithm)
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise CloudinaryError(401, f"Invalid Signature {given}. String to sign - '{string_to_sign(parameters)}'.")


def _verify_timestamp(timestamp: str) -> None:
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise CloudinaryError(400, f"Invalid timestamp {timestamp}")
    if time.time() - int(timestamp) > LIFETIME_SECONDS:
        reported = datetime.fromtimestamp(int(timestamp), UTC).strftime("%Y-%m-%d %H:%M:%S +0000")
        raise CloudinaryError(400, f"Stale request - reported time is {reported} which is more than 1 hour ago")
