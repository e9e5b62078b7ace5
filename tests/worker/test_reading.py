"""Every shape in which compatible servers send a picture, and what holds none."""

import base64
import textwrap
from typing import Any

import orjson
import pytest

from generation_worker.providers import openai
from generation_worker.providers.base import UnreadableImage

PICTURE = b"\x89PNG\r\n\x1a\n\xfb\xff\xbe" + bytes(range(256)) + b"x"
PLAIN = base64.b64encode(PICTURE).decode()
ADDRESS = "https://img.example/a.png?sig=1"

SHAPES: list[dict[str, Any]] = [
    {"data": [{"b64_json": PLAIN}]},
    {"data": [{"b64_json": "\n".join(textwrap.wrap(PLAIN, 76)) + "\n"}]},
    {"data": [{"b64_json": f"data:image/png;base64,{PLAIN}"}]},
    {"data": [{"b64_json": base64.urlsafe_b64encode(PICTURE).decode()}]},
    {"data": [{"b64_json": PLAIN.rstrip("=")}]},
    {"data": [{"url": f"data:image/png;base64,{PLAIN}", "b64_json": None}]},
    {"data": [{"b64_json": "", "url": f"data:image/png;base64,{PLAIN}"}]},
    {"data": {"b64_json": PLAIN}},
    {"images": [PLAIN]},
    {"images": [{"image_url": {"url": f"data:image/png;base64,{PLAIN}"}}]},
    {"image": PLAIN},
]


@pytest.mark.parametrize("answer", SHAPES)
def test_a_picture_is_read(answer: dict[str, Any]) -> None:
    found = openai.read(orjson.dumps(answer | {"usage": {"output_tokens": 7}}), {})
    assert (found.data, found.address, found.usage) == (PICTURE, None, {"output_tokens": 7})


def test_bytes_alone_are_a_picture() -> None:
    assert openai.read(PICTURE, {}).data == PICTURE


@pytest.mark.parametrize(
    "answer", [{"data": [{"url": ADDRESS}]}, {"data": [{"b64_json": "", "url": ADDRESS}]}, {"images": [ADDRESS]}]
)
def test_an_address_is_found(answer: dict[str, Any]) -> None:
    found = openai.read(orjson.dumps(answer), {})
    assert (found.data, found.address) == (b"", ADDRESS)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<html>", b"[]", b"3", b'{"data": []}',
        b'{"data": [{"b64_json": ""}]}', b'{"data": [{"b64_json": "***"}]}',
        b'{"data": [{"url": "ftp://a/b"}]}', b'{"data": [{"url": "data:text/plain,hello"}]}', b'{"data": null}',
    ],
)  # fmt: skip
def test_what_holds_none_is_said_to(content: bytes) -> None:
    with pytest.raises(UnreadableImage):
        openai.read(content, {})
