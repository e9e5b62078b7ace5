"""One reading of If-Match and If-None-Match."""

import pytest

from shared.http import etags


@pytest.mark.parametrize(
    ("header", "etag"),
    [
        ('"a"', '"a"'), ('W/"a"', '"a"'), ('"a"', 'W/"a"'), ('W/"a"', 'W/"a"'), ("*", '"a"'), (" * ", 'W/"a"'),
        ('"b", W/"a"', '"a"'), ('"b","a"', '"a"'), ('"x,y" , "a"', '"a"'), ('"x,y"', '"x,y"'), (b'W/"a"', b'"a"'),
    ],
)  # fmt: skip
def test_a_version_is_named(header: str | bytes, etag: str | bytes) -> None:
    assert etags.names(header, etag)


@pytest.mark.parametrize("header", [None, "", "a", '"b"', 'W/"b"', '"b", "c"', '"*"', "'a'", '"xa"', b""])
def test_a_version_is_not_named(header: str | bytes | None) -> None:
    assert not etags.names(header, '"a"')
