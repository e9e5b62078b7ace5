"""What is wrong with the environment is said by name, before anything starts, and without the value."""

from typing import Any

import pytest

from shared.settings import Common, GatewaySettings, LibrarySettings, UploadSettings, WorkerSettings, read

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
    assert "a:secret" not in repr(Common(**STORES, inner_secret="a:secret" * 4))


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


def test_the_sandboxs_keys_are_made_of_its_secret() -> None:
    plain, told = Common(**STORES, sandbox_url=SANDBOX), Common(**STORES, sandbox_url=SANDBOX, sandbox_secret="s-1_A")
    assert (plain.provider_access()[0], told.provider_access()[0]) == ("sk-sandbox", "sk-s-1_A")
    assert plain.store_access().startswith("cloudinary://sandbox-key:sandbox-secret@sandbox?")
    assert told.store_access().startswith("cloudinary://sandbox-key:s-1_A-secret@sandbox?")
    with pytest.raises(ValueError, match="letters, digits") as refused:
        Common(**STORES, sandbox_url=SANDBOX, sandbox_secret="a@b/c")
    assert "a@b/c" not in str(refused.value.errors(include_input=False))  # type: ignore[attr-defined]


def test_without_keys_and_sandbox_the_missing_key_is_named() -> None:
    with pytest.raises(ValueError, match="OPENAI_API_KEY"):
        Common(**STORES).provider_access()
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


def test_an_open_door_is_for_this_machine_only() -> None:
    with pytest.raises(ValueError, match="DARKROOM_AUTH=off is for a loopback address only"):
        GatewaySettings(**STORES, host="0.0.0.0")
    for host in ("127.0.0.1", "127.8.8.8", "localhost", "::1"):
        assert GatewaySettings(**STORES, host=host).auth == "off"
    assert GatewaySettings(**STORES, host="0.0.0.0", auth="keys").auth == "keys"


@pytest.mark.parametrize("kind", [UploadSettings, LibrarySettings])
def test_an_inner_service_believes_anybody_on_this_machine_only(
    kind: type[UploadSettings] | type[LibrarySettings],
) -> None:
    with pytest.raises(ValueError, match="set DARKROOM_INNER_SECRET"):
        kind(**STORES, host="0.0.0.0")
    assert kind(**STORES, host="0.0.0.0", inner_secret="x" * 32).inner_secrets() == ["x" * 32]


def test_a_short_secret_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:secret@b/c")
    monkeypatch.setenv("REDIS_URL", "redis://b/0")
    monkeypatch.setenv("DARKROOM_INNER_SECRET", "y" * 32 + ",sesame")
    with pytest.raises(SystemExit, match="DARKROOM_INNER_SECRET") as refused:
        read(GatewaySettings)
    assert "sesame" not in str(refused.value)
    assert "yyyy" not in str(refused.value)


JWT: dict[str, Any] = {"auth": "jwt", "jwt_issuer": "https://i", "jwt_audience": "d", "jwt_jwks_url": "https://i/jwks"}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"jwt_issuer": None}, "DARKROOM_JWT_ISSUER"),
        ({"jwt_audience": None}, "DARKROOM_JWT_AUDIENCE"),
        ({"jwt_jwks_url": None}, "one of DARKROOM_JWT_JWKS_URL and DARKROOM_JWT_KEY"),
        ({"jwt_key": "k"}, "one of DARKROOM_JWT_JWKS_URL and DARKROOM_JWT_KEY"),
        ({"jwt_jwks_url": "http://issuer.example/jwks"}, "https"),
        ({"jwt_algorithms": "none"}, "DARKROOM_JWT_ALGORITHMS"),
        ({"jwt_algorithms": "RS256,HS256"}, "DARKROOM_JWT_ALGORITHMS"),
        ({"jwt_jwks_url": None, "jwt_key": "short", "jwt_algorithms": "HS256"}, "at least 32"),
    ],
)
def test_tokens_that_could_not_be_checked_are_refused_at_the_start(wrong: dict[str, Any], named: str) -> None:
    GatewaySettings(**STORES, **JWT)
    with pytest.raises(ValueError, match=named):
        GatewaySettings(**STORES, **(JWT | wrong))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_an_issuer_on_this_machine_needs_no_certificate(host: str) -> None:
    GatewaySettings(**STORES, **(JWT | {"jwt_jwks_url": f"http://{host}:9000/jwks"}))


def test_what_the_probe_may_fetch_is_read_as_hosts_and_ports() -> None:
    assert UploadSettings(**STORES).probe_allowed == frozenset()
    given = UploadSettings(**STORES, probe_allow=" CDN.example:443,[::1]:8080 , ")
    assert given.probe_allowed == {("cdn.example", 443), ("::1", 8080)}


@pytest.mark.parametrize("wrong", ["a.example", ":443", "a.example:", "a.example:0", "a.example:65536", "a.example:²"])
def test_a_host_without_a_port_stops_the_start(wrong: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        UploadSettings(**STORES, probe_allow=wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "x"),
        ("DARKROOM_IMAGES_PER_MINUTE", "inf"),
        ("DARKROOM_LEASE_SECONDS", "inf"),
        ("DARKROOM_SWEEP_SECONDS", "nan"),
    ],
)
def test_a_value_that_nothing_could_work_with_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for known, good in {"DATABASE_URL": "postgresql://a:b@c/d", "REDIS_URL": "redis://b/0", name: value}.items():
        monkeypatch.setenv(known, good)
    with pytest.raises(SystemExit, match=name):
        read(WorkerSettings)
