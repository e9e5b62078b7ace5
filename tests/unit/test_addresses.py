"""Which addresses the probe may fetch from: every disguise that an address of our own network has."""

import pytest
from yarl import URL

from shared.domain import addresses

NOT_PUBLIC = {
    "0.0.0.0": "unspecified", "0.1.2.3": "unspecified", "10.0.0.1": "private", "10.255.255.255": "private",
    "100.64.0.0": "carrier-internal", "100.100.100.200": "carrier-internal", "100.127.255.255": "carrier-internal",
    "127.0.0.1": "loopback", "127.255.255.254": "loopback", "169.254.169.254": "link-local",
    "168.63.129.16": "cloud-internal", "172.16.0.1": "private", "172.31.255.255": "private", "192.0.0.192": "reserved",
    "192.0.2.1": "documentation", "192.88.99.1": "reserved", "192.168.1.1": "private", "198.18.0.1": "benchmarking",
    "198.19.255.255": "benchmarking", "198.51.100.7": "documentation", "203.0.113.7": "documentation",
    "224.0.0.1": "multicast", "239.255.255.250": "multicast", "240.0.0.1": "reserved", "255.255.255.255": "reserved",
    "::": "unspecified", "::1": "loopback", "::ffff:10.0.0.1": "IPv4-mapped", "::ffff:8.8.8.8": "IPv4-mapped",
    "::10.0.0.1": "reserved", "64:ff9b::a00:1": "private", "64:ff9b::7f00:1": "loopback",
    "64:ff9b::a9fe:a9fe": "link-local", "64:ff9b:1::808:808": "reserved", "100::1": "reserved", "fc00::1": "private",
    "fd00:ec2::254": "private", "fe80::1": "link-local", "fe80::1%eth0": "link-local", "febf::1": "link-local",
    "2606:4700::1%eth0": "link-local", "fec0::1": "site-local", "ff02::1": "multicast", "2001::1": "reserved",
    "2001:0:a00:1::": "reserved", "2001:db8::1": "documentation", "2002:a00:1::": "6to4", "2002:808:808::": "6to4",
    "3fff::1": "documentation", "4000::1": "reserved", "5f00::1": "reserved", "": "unreadable",
    "a.example": "unreadable", "127.1": "unreadable", "010.0.0.1": "unreadable",
}  # fmt: skip

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
    "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "223.255.255.255",
    "2606:4700:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888", "64:ff9b::808:808",
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_known_by_its_kind(address: str) -> None:
    assert addresses.of_ip(address) == NOT_PUBLIC[address]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_one(address: str) -> None:
    assert addresses.of_ip(address) is None


REFUSED = {
    # numbers, as C libraries read them
    "http://127.1/": "loopback", "http://127.0.1/": "loopback", "http://2130706433/": "loopback",
    "http://0x7f000001/": "loopback", "http://0x7f.0.0.0x1/": "loopback", "http://0177.0.0.1/": "loopback",
    "http://017700000001/": "loopback", "http://0/": "unspecified", "http://0x/": "unspecified",
    "http://10.1/": "private", "http://0xa9fea9fe/": "link-local", "http://127.0.0.1./": "loopback",
    "http://134744072/": "not written in full", "http://8.8.2056/": "not written in full",
    "http://8.8.8.8./": "not written in full", "http://08.8.8.8/": "unreadable", "http://256.1.1.1/": "unreadable",
    "http://1.2.3.4.5/": "unreadable", "http://4294967296/": "unreadable", "http://a.example.0x1/": "unreadable",
    # digits of other scripts, and the full stop of one
    "http://①②⑦.⓪.⓪.①/": "loopback", "http://127。0。0。1/": "loopback", "http://１０.0.0.1/": "private",
    # the sixth version
    "http://[::1]/": "loopback", "http://[::ffff:10.0.0.1]/": "IPv4-mapped", "http://[64:ff9b::a00:1]/": "private",
    "http://[2002:0a00:0001::]/": "6to4", "http://[fe80::1%25eth0]/": "link-local", "http://[fd12::1]/": "private",
    # names
    "http://localhost/": "loopback", "http://LocalHost./": "loopback", "http://sandbox.localhost/": "loopback",
    "http://db/": "local name", "http://metadata.google.internal/": "local name", "http://printer.local/": "local name",
    "http://nas.home.arpa/": "local name", "http://ｌocalhost/": "loopback", "http://a b/": "unreadable",
    # what surrounds the host
    "https://user@a.example/": "a user name or password in it",
    "https://:pw@a.example/": "a user name or password in it",
    "https://a.example@10.0.0.1/": "a user name or password in it", "https://a.example:22/": "port 22",
    "https://a.example:80/": "port 80", "http://a.example:443/": "port 443", "http://a.example:0/": "port 0",
}  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
def test_an_url_that_is_not_fetched_says_why(url: str) -> None:
    found = addresses.of_url(URL(url))
    assert found is not None
    assert found.actual == REFUSED[url]
    assert found.message
    assert found.fix


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/x.jpg", "http://a.example/", "https://a.example:443/", "https://8.8.8.8/", "https://A.Example./",
        "https://[2606:4700::1]/", "https://bücher.example/", "https://xn--bcher-kva.example/", "https://1.example.com/",
        "https://10.0.0.1.nip.example/", "https://a_b.example/", "https://localhost.example/",
    ],
)  # fmt: skip
def test_an_url_whose_name_decides_goes_on(url: str) -> None:
    assert addresses.of_url(URL(url)) is None


def test_only_the_very_host_and_port_that_are_listed_are_let_through() -> None:
    allowed = frozenset({("127.0.0.1", 8004), ("::1", 443), ("cdn", 443)})
    for url in ("http://127.0.0.1:8004/x", "https://[::1]/", "https://cdn/", "https://CDN/"):
        assert addresses.of_url(URL(url), allowed) is None, url
    for url in ("http://127.0.0.1:8005/", "http://127.1:8004/", "http://127.0.0.2:8004/", "http://u@127.0.0.1:8004/"):
        assert addresses.of_url(URL(url), allowed) is not None, url
