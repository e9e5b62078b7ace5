"""Which names and which web pages a process listens to."""

from typing import Any

import pytest

from shared.domain.errors import Forbidden, Misdirected
from shared.http.allowed_hosts import AllowedHosts
from shared.settings import Common, GatewaySettings

STORES: dict[str, Any] = {"database_url": "postgresql://b/c", "redis_url": "redis://b/0"}
AT_HOME = Common(**STORES, public_url="https://pictures.example")
IN_A_CLUSTER = Common(**STORES, public_url="https://pictures.example", host="0.0.0.0")
LISTED = Common(**STORES, allowed_hosts="named.example, *.under.example, 10.0.0.7")


def check(settings: Common, method: str = "GET", origins: str | None = None, **headers: str) -> None:
    told = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    AllowedHosts(settings, [origins] if origins else ()).check({"type": "http", "method": method, "headers": told})


@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost:8003", "localhost.", "a.b.localhost:1", "127.0.0.1", "127.9.9.9:80", "[::1]:8003",
     "pictures.example", "Pictures.example:443"],
)  # fmt: skip
def test_its_own_names_are_taken(host: str) -> None:
    check(AT_HOME, host=host)
    check(IN_A_CLUSTER, host=host)


@pytest.mark.parametrize("host", ["upload", "darkroom-upload:8011", "upload.shop.svc", "10.2.3.4", "[fd00::7]:1"])
def test_inner_names_and_addresses_are_taken_where_strangers_need_a_key(host: str) -> None:
    check(IN_A_CLUSTER, host=host)
    with pytest.raises(Misdirected):
        check(AT_HOME, host=host)


@pytest.mark.parametrize("host", ["named.example", "a.under.example:1", "10.0.0.7"])
def test_listed_names_are_taken(host: str) -> None:
    check(LISTED, host=host)
    with pytest.raises(Misdirected):
        check(AT_HOME, host=host)


@pytest.mark.parametrize(
    "host",
    ["attacker.example", "localhost.attacker.example", "xlocalhost.example", "pictures.example.attacker.example",
     "127.0.0.1.attacker.example", "", ".", "a@localhost", "localhost/x", "localhost:8003:1", "[::1",
     "b\xfccher.example"],
)  # fmt: skip
def test_other_names_are_refused(host: str) -> None:
    for settings in (AT_HOME, IN_A_CLUSTER, LISTED):
        with pytest.raises(Misdirected):
            check(settings, host=host)


def test_no_name_and_two_names_are_refused() -> None:
    with pytest.raises(Misdirected):
        check(AT_HOME)
    twice = {"type": "http", "method": "GET", "headers": [(b"host", b"localhost"), (b"host", b"localhost")]}
    with pytest.raises(Misdirected):
        AllowedHosts(AT_HOME).check(twice)


def test_a_refused_name_stays_refused_and_a_taken_one_taken() -> None:
    visitors = AllowedHosts(AT_HOME)
    for _ in range(2):
        visitors.check({"type": "http", "method": "GET", "headers": [(b"host", b"localhost")]})
        with pytest.raises(Misdirected):
            visitors.check({"type": "http", "method": "GET", "headers": [(b"host", b"attacker.example")]})


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
@pytest.mark.parametrize(
    "said",
    [{"origin": "https://attacker.example"}, {"origin": "null"}, {"origin": ""}, {"origin": "http://localhost:3000"},
     {"origin": "ftp://localhost:8003"}, {"origin": "localhost:8003"}, {"sec_fetch_site": "cross-site"},
     {"sec_fetch_site": "same-site"}, {"origin": "https://attacker.example", "sec_fetch_site": "same-origin"}],
)  # fmt: skip
def test_a_foreign_page_may_change_nothing(method: str, said: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        check(AT_HOME, method, host="localhost:8003", **said)
    check(AT_HOME, "GET", host="localhost:8003", **said)


@pytest.mark.parametrize(
    "said",
    [{}, {"origin": "http://localhost:8003"}, {"origin": "https://pictures.example"}, {"origin": "https://app.example"},
     {"sec_fetch_site": "same-origin"}, {"sec_fetch_site": "none"}],
)  # fmt: skip
def test_programs_its_own_pages_and_listed_ones_may(said: dict[str, str]) -> None:
    check(AT_HOME, "POST", "https://app.example", host="localhost:8003", **said)


@pytest.mark.parametrize(
    "origins", ["*", "null", "https://a.example, *", "https://a.example/", "a.example", "https://*.a.example"]
)
def test_origins_that_name_nobody_are_refused_at_start(origins: str) -> None:
    with pytest.raises(ValueError, match=r"never `\*` or `null`"):
        GatewaySettings(**STORES, cors_origins=origins)


@pytest.mark.parametrize("hosts", ["*", "*.", "https://a.example", "a.example:80", "a b"])
def test_hosts_that_are_no_names_are_refused_at_start(hosts: str) -> None:
    with pytest.raises(ValueError, match="names without port"):
        Common(**STORES, allowed_hosts=hosts)
