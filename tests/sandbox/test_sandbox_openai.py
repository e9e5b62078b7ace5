"""The played OpenAI answers the official SDK as the real one does: pictures, usage, models, and its refusals."""

from __future__ import annotations

import base64
from typing import Any

import httpx2
import pytest
from openai import APIError, APIStatusError, AsyncOpenAI, AuthenticationError, BadRequestError, NotFoundError

from tests.sandbox.pictures import MODEL, opened
from tests.sandbox_server import SandboxServer


async def test_a_picture_has_the_size_and_format_asked_for_and_is_billed_by_tokens(
    painter: AsyncOpenAI, sandbox: SandboxServer
) -> None:
    made = await painter.images.generate(
        prompt="a lake at dawn", model=MODEL, size="1792x1024", quality="high", output_format="webp",
        extra_headers={"X-Client-Request-Id": "job-7"},
    )  # fmt: skip
    assert made.data and made.data[0].b64_json and made.data[0].url is None
    picture = opened(base64.b64decode(made.data[0].b64_json))
    assert (picture.size, picture.format) == ((1792, 1024), "WEBP")
    assert (made.size, made.quality, made.output_format) == ("1792x1024", "high", "webp")
    assert made.usage is not None
    assert made.usage.output_tokens == 1243
    assert made.usage.input_tokens == len("a lake at dawn") // 4 + 6
    assert made.usage.total_tokens == made.usage.input_tokens + made.usage.output_tokens
    [entry] = sandbox.ledger("openai.generate")
    assert entry["request_id"] == made._request_id
    assert entry["client_request_id"] == "job-7"
    assert entry["painted"] == 1
    assert entry["cost_micros"] == 1243 * 30 + made.usage.input_tokens * 5
    assert (entry["prompt"], entry["model"], entry["size"], entry["quality"]) == (
        "a lake at dawn", MODEL, "1792x1024", "high",
    )  # fmt: skip


async def test_the_answer_is_marked_and_carries_the_vendors_headers(painter: AsyncOpenAI) -> None:
    answer = await painter.images.with_raw_response.generate(prompt="x", model=MODEL, output_format="jpeg")
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.headers["x-darkroom-sandbox"] == "openai"
    assert int(answer.headers["x-ratelimit-limit-requests"]) > 0


async def test_several_pictures_of_one_call_differ_and_are_all_billed(
    painter: AsyncOpenAI, sandbox: SandboxServer
) -> None:
    made = await painter.images.generate(prompt="two", model=MODEL, n=2, quality="low", output_format="jpeg")
    assert made.data and len({image.b64_json for image in made.data}) == 2
    assert made.usage and made.usage.output_tokens == 2 * 196
    assert sandbox.summary()["paintings"] == 2


async def test_auto_is_resolved_in_the_answer(painter: AsyncOpenAI) -> None:
    made = await painter.images.generate(prompt="x", model=MODEL, size="auto", quality="auto", output_format="jpeg")
    assert (made.size, made.quality) == ("1024x1024", "medium")


async def test_a_transparent_background_is_transparent(painter: AsyncOpenAI) -> None:
    made = await painter.images.generate(prompt="x", model=MODEL, background="transparent")
    assert made.data and made.data[0].b64_json
    picture = opened(base64.b64decode(made.data[0].b64_json))
    assert picture.mode == "RGBA"
    assert picture.getpixel((0, 0))[3] == 0  # type: ignore[index]


async def test_a_stream_ends_with_the_picture_and_its_usage(painter: AsyncOpenAI) -> None:
    stream = await painter.images.generate(prompt="x", model=MODEL, stream=True, partial_images=2, quality="low")
    events = [event async for event in stream]
    assert [event.type for event in events] == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert events[-1].type == "image_generation.completed"
    assert events[-1].usage.output_tokens == 196 + 2 * 100


async def test_an_output_refused_in_a_stream_is_an_error_without_a_status(
    painter: AsyncOpenAI, sandbox: SandboxServer
) -> None:
    sandbox.script("openai.generate", {"do": "moderation", "stage": "output"})
    stream = await painter.images.generate(prompt="x", model=MODEL, stream=True)
    with pytest.raises(APIError) as caught:
        [event async for event in stream]
    assert caught.value.code == "moderation_blocked"
    assert not isinstance(caught.value, APIStatusError)


REFUSED: list[tuple[dict[str, Any], int, str | None, str | None, str]] = [
    ({"model": "gpt-image-9"}, 400, "invalid_value", "model", "does not exist"),
    ({"model": "dall-e-3"}, 404, "model_not_found", None, "has been deprecated"),
    ({"model": "gpt-image-1"}, 404, "model_not_found", None, "has been deprecated"),
    ({"size": "1000x1000"}, 400, "invalid_value", "size", "divisible by 16"),
    ({"size": "512x512"}, 400, "invalid_value", "size", "number of pixels"),
    ({"size": "3840x1024"}, 400, "invalid_value", "size", "aspect ratio"),
    ({"size": "4096x2048"}, 400, "invalid_value", "size", "longest edge"),
    ({"size": "large"}, 400, "invalid_value", "size", "WIDTHxHEIGHT"),
    ({"model": "gpt-image-1.5", "size": "1792x1024"}, 400, "invalid_value", "size", "Supported values are"),
    ({"quality": "hd"}, 400, "invalid_value", "quality", "Supported values are"),
    ({"model": "gpt-image-2", "quality": "xhigh"}, 400, "invalid_value", "quality", "does not support quality 'xhigh'"),
    ({"response_format": "b64_json"}, 400, "unknown_parameter", "response_format", "Unknown parameter"),
    ({"style": "vivid"}, 400, "unknown_parameter", "style", "Unknown parameter"),
    ({"n": 11}, 400, "integer_above_max_value", "n", "<= 10"),
    ({"n": 0}, 400, "integer_below_min_value", "n", ">= 1"),
    ({"n": "two"}, 400, "invalid_type", "n", "expected an integer"),
    ({"prompt": "x" * 32_001}, 400, "string_above_max_length", "prompt", "32001"),
    ({"prompt": ""}, 400, "empty_string", "prompt", "minimum length 1"),
    ({"output_format": "gif"}, 400, "invalid_value", "output_format", "'webp'"),
    ({"output_compression": 50}, 400, "invalid_value", "output_compression", "PNG"),
    ({"output_format": "jpeg", "background": "transparent"}, 400, "invalid_value", "background", "JPEG"),
]


@pytest.mark.parametrize(("change", "status", "code", "param", "message"), REFUSED)
async def test_a_wrong_request_is_refused_as_the_vendor_refuses_it(
    painter: AsyncOpenAI,
    sandbox: SandboxServer,
    change: dict[str, Any],
    status: int,
    code: str,
    param: str,
    message: str,
) -> None:
    sandbox.script("openai.generate", "500")
    with pytest.raises(APIStatusError) as caught:
        await painter.images.generate(**{"prompt": "x", "model": MODEL, **change})
    assert (caught.value.status_code, caught.value.code, caught.value.param) == (status, code, param)
    assert message in str(caught.value)
    [entry] = sandbox.ledger()
    assert (entry["did"], entry["painted"], entry["code"]) == ("refused", 0, code)
    assert caught.value.request_id == entry["request_id"]


async def test_compression_makes_a_smaller_jpeg(painter: AsyncOpenAI) -> None:
    sizes = []
    for compression in (95, 20):
        made = await painter.images.generate(
            prompt="x", model=MODEL, output_format="jpeg", output_compression=compression
        )
        assert made.data and made.data[0].b64_json
        sizes.append(len(made.data[0].b64_json))
    assert sizes[1] < sizes[0] * 0.7


async def test_another_key_is_refused_with_the_vendors_words(sandbox: SandboxServer) -> None:
    async with AsyncOpenAI(
        api_key="sk-somebody-else-1234", base_url=sandbox.openai_base_url, max_retries=0
    ) as stranger:
        with pytest.raises(AuthenticationError) as caught:
            await stranger.images.generate(prompt="x", model=MODEL)
    assert caught.value.code == "invalid_api_key"
    assert "Incorrect API key provided: sk-someb" in str(caught.value)
    assert "sk-somebody-else-1234" not in str(caught.value)


def test_a_body_that_is_no_json_is_a_400(web: httpx2.Client) -> None:
    answer = web.post("/v1/images/generations", content=b"{", headers={"Authorization": "Bearer sk-sandbox"})
    assert answer.status_code == 400
    assert "could not parse the JSON body" in answer.json()["error"]["message"]


async def test_models_are_listed_with_their_shutdown_dates_and_retired_ones_are_gone(painter: AsyncOpenAI) -> None:
    offered = {model.id: model.shutdown_date async for model in painter.models.list()}
    assert offered[MODEL] is None
    assert offered["gpt-image-1.5"] == "2026-12-01"
    assert "dall-e-3" not in offered
    assert (await painter.models.retrieve("gpt-image-1-mini")).shutdown_date == "2026-12-01"
    for gone in ("dall-e-3", "gpt-image-9"):
        with pytest.raises(NotFoundError) as caught:
            await painter.models.retrieve(gone)
        assert caught.value.code == "model_not_found"


async def test_dall_e_3_paints_again_once_it_is_enabled(
    painter: AsyncOpenAI, sandbox: SandboxServer, web: httpx2.Client
) -> None:
    sandbox.model("dall-e-3", available=True)
    made = await painter.images.generate(prompt="x", model="dall-e-3", size="1792x1024", quality="hd", style="natural")
    assert made.usage is None
    assert made.data and made.data[0].url and made.data[0].revised_prompt
    picture = web.get(made.data[0].url)
    assert opened(picture.content).size == (1792, 1024)
    assert sandbox.summary()["cost_micros"] == 120_000
    inline = await painter.images.generate(prompt="x", model="dall-e-3", response_format="b64_json")
    assert inline.data and inline.data[0].b64_json
    with pytest.raises(BadRequestError, match="Unknown parameter: 'output_format'"):
        await painter.images.generate(prompt="x", model="dall-e-3", output_format="png")


async def test_a_living_model_can_be_retired(painter: AsyncOpenAI, sandbox: SandboxServer) -> None:
    sandbox.model(MODEL, available=False)
    with pytest.raises(NotFoundError, match="has been deprecated"):
        await painter.images.generate(prompt="x", model=MODEL)
    sandbox.clear()
    assert (await painter.images.generate(prompt="x", model=MODEL, output_format="jpeg")).data
