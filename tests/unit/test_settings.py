"""What is wrong with the environment is said by name, before anything starts, and without the value."""

from typing import Any

import pytest

from shared.settings import Common, GatewaySettings, WorkerSettings, read

STORES: dict[str, Any] = {"database_url": "postgresql://a:secret@b/c", "redis_url": "redis://b/0"}
SANDBOX = "http://127.0.0.1:8004"


def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://b/0")
    with pytest.raises(SystemExit, match="DATABASE_URL: Field required"):
        read(Common)


def test_a_wrong_value_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:secret@b/c")
    monkeypatch.setenv("REDIS_URL", "redis://b/0")
    monkeypatch.setenv("DARKROOM_PORT", "sesame")
    with pytest.raises(SystemExit) as refused:
        read(GatewaySettings)
    assert "DARKROOM_PORT" in str(refused.value)
    assert "sesame" not in str(refused.value)


def test_secrets_are_not_printed() -> None:
    assert "secret" not in repr(Common(**STORES))


def test_production_refuses_the_sandbox() -> None:
    with pytest.raises(ValueError, match="DARKROOM_SANDBOX_URL"):
        Common(**STORES, env="production", sandbox_url=SANDBOX)


@pytest.mark.parametrize(
    ("given", "played"),
    [
        ({}, ("openai", "cloudinary")),
        ({"openai_api_key": "sk-1"}, ("cloudinary",)),
        ({"cloudinary_url": "cloudinary://k:s@c"}, ("openai",)),
        ({"openai_api_key": "sk-1", "cloudinary_url": "cloudinary://k:s@c"}, ()),
    ],
)
def test_each_vendors_own_variable_replaces_its_half(given: dict[str, Any], played: tuple[str, ...]) -> None:
    assert Common(**STORES, sandbox_url=SANDBOX, **given).sandbox_parts == played


def test_without_keys_and_sandbox_the_missing_key_is_named() -> None:
    with pytest.raises(ValueError, match="OPENAI_API_KEY"):
        Common(**STORES).painter_access()
    with pytest.raises(ValueError, match="CLOUDINARY_URL"):
        Common(**STORES).store_access()


@pytest.mark.parametrize(
    "wrong",
    [
        {"vendor_timeout": 300},
        {"job_timeout": 400},
        {"renew_every": 15},
    ],
)
def test_timeouts_that_are_no_ladder_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be (shorter|longer)"):
        WorkerSettings(**STORES, **wrong)
