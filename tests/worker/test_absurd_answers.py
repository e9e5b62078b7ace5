"""A vendor that answers nonsense, or worse: no call is made twice, no picture lost, nobody else kept waiting."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from generation_worker.providers.openai import OpenAIProvider
from generation_worker.resources import WorkerResources
from shared.catalog.catalogue import load
from shared.db.tables import Charged, JobError, JobStatus, Outcome
from tests.pictures import jpeg
from tests.worker.conftest import Working

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Vendor:
    """Answers every POST with `answer` and every GET with the next of `pictures` (the last one again)."""

    port: int = 0
    answer: Answer = (500, {}, b"")
    pictures: list[Answer] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    may_show: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()
        self.may_show.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        sizes = [line.split(":")[1] for line in head.splitlines() if line.lower().startswith("content-length")]
        await reader.readexactly(int(sizes[0]) if sizes else 0)
        self.asked.append(head.partition(" HTTP")[0])
        await (self.may_show if head.startswith("GET") else self.may_answer).wait()
        if head.startswith("GET"):
            status, headers, body = self.pictures.pop(0) if len(self.pictures) > 1 else self.pictures[0]
        else:
            status, headers, body = self.answer
        lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers.items())]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()
        writer.close()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def painted(self, **more: Any) -> None:
        """The answer of success, with a real picture."""
        body = {"data": [{"b64_json": base64.b64encode(jpeg(64, 64)).decode()}]} | more
        self.answer = (200, {"Content-Type": "application/json"}, json.dumps(body).encode())

    def refuses(self, status: int, body: str, content_type: str = "application/json", **headers: str) -> None:
        self.answer = (status, {"Content-Type": content_type, **headers}, body.encode())


@pytest.fixture
async def vendor(resources: WorkerResources) -> AsyncIterator[Vendor]:
    """The workers ask this one from now on."""
    vendor = Vendor()
    server = await asyncio.start_server(vendor.serve, "127.0.0.1", 0)
    vendor.port = server.sockets[0].getsockname()[1]
    settings = resources.settings.model_copy(
        update={"openai_api_key": SecretStr("k"), "openai_base_url": vendor.base_url}
    )
    object.__setattr__(resources, "settings", settings)
    object.__setattr__(resources, "provider", OpenAIProvider(settings))
    yield vendor
    await resources.provider.close()
    server.close()
    await server.wait_closed()


async def outcomes(resources: WorkerResources) -> list[Outcome]:
    return [Outcome(row["outcome"]) for row in await resources.db.fetch("select outcome from attempts")]


@pytest.mark.parametrize("tokens", [2**33, 2**62, 2**90, True, "12"])
async def test_a_count_that_cannot_be_is_none(
    resources: WorkerResources, worked: Working, vendor: Vendor, tokens: object
) -> None:
    vendor.painted(usage={"input_tokens": 10, "output_tokens": tokens})
    job = await worked()
    assert (job.status, job.charged, job.actual_micros) == (JobStatus.SUCCEEDED, Charged.TRUE, None)
    assert await outcomes(resources) == [Outcome.PAINTED]
    assert await resources.db.fetchval("select cost_micros from attempts") == 52_700, "the estimate"


@pytest.mark.parametrize("status", [302, 307])
async def test_a_redirect_is_no_second_call(
    resources: WorkerResources, worked: Working, vendor: Vendor, status: int
) -> None:
    vendor.refuses(status, "", Location=f"{vendor.base_url}/elsewhere")
    job = await worked()
    assert vendor.asked == ["POST /v1/images/generations"]
    assert (job.status, job.error_code) == (JobStatus.QUEUED, JobError.PROVIDER_UNAVAILABLE)
    assert await outcomes(resources) == [Outcome.FAILED]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ('"NUL \\u0000 inside"', '"x\\u0000y"'),
        ('"half \\ud800 a pair"', '"\\udfff"'),
        ('"try again in .s"', "1e400"),
        ('"deep"', "[" * 500 + "]" * 500),
        ('"' + "long " * 100_000 + '"', '"' + "long" * 100_000 + '"'),
    ],
)
async def test_a_refusal_may_say_anything(
    resources: WorkerResources, worked: Working, vendor: Vendor, message: str, code: str
) -> None:
    vendor.refuses(400, f'{{"error": {{"message": {message}, "code": {code}}}}}')
    job = await worked()
    assert (job.status, job.error_code) == (JobStatus.FAILED, JobError.INVALID_PARAMETERS)
    assert job.charged is Charged.FALSE
    assert await outcomes(resources) == [Outcome.REFUSED]


@pytest.mark.parametrize("charset", ["hex", "idna", "utf-16"])
async def test_no_charset_of_a_refusal_breaks_the_job(worked: Working, vendor: Vendor, charset: str) -> None:
    vendor.refuses(400, '{"error": {"message": "No."}}', f"application/json; charset={charset}")
    job = await worked()
    assert (job.status, job.error_code) == (JobStatus.FAILED, JobError.INVALID_PARAMETERS)


@pytest.mark.parametrize("wait", ["inf", "99999999999"])
async def test_no_wait_is_for_ever(resources: WorkerResources, worked: Working, vendor: Vendor, wait: str) -> None:
    vendor.refuses(429, '{"error": {"message": "Slow down."}}', **{"Retry-After": wait})
    job = await worked()
    assert (job.status, job.error_code) == (JobStatus.QUEUED, JobError.PROVIDER_RATE_LIMITED)
    _, seconds = await resources.rate_limiter.take()
    assert 0 < seconds <= resources.settings.longest_pause


@pytest.mark.parametrize("prompt", ["a fox over budget", "OVER BUDGET"])
async def test_a_refusal_that_quotes_the_prompt_pauses_nobody_else(
    resources: WorkerResources, worked: Working, vendor: Vendor, tmp_path: Path, prompt: str
) -> None:
    (tmp_path / "catalogue.toml").write_text('dialect = "litellm"\n')
    object.__setattr__(resources, "catalogue", load(tmp_path / "catalogue.toml"))
    vendor.refuses(400, json.dumps({"error": {"message": f"Bad prompt: {prompt}"}}))
    job = await worked(prompt=prompt)
    assert (job.status, job.error_code) == (JobStatus.FAILED, JobError.INVALID_PARAMETERS)
    assert resources.circuit_breaker.left == 0
    vendor.refuses(400, json.dumps({"error": {"message": "Budget has been exceeded! Current cost: 1"}}))
    assert (await worked(prompt=prompt)).error_code is JobError.PROVIDER_QUOTA, "its own words count"


ADDRESS = {"Content-Type": "application/json"}
HTML: Answer = (200, {"Content-Type": "text/html"}, b"<html>Not yet</html>")


async def test_a_picture_that_is_not_there_yet_is_asked_for_again(
    resources: WorkerResources, worked: Working, vendor: Vendor
) -> None:
    whole = jpeg(64, 64)
    vendor.answer = (200, ADDRESS, json.dumps({"data": [{"url": f"{vendor.base_url}/p.jpg"}]}).encode())
    vendor.pictures = [HTML, (200, {}, whole[:-200]), (200, {}, whole)]
    assert (await worked()).status is JobStatus.SUCCEEDED
    assert await resources.db.fetchval("select count(*) from unread_answers") == 0


@pytest.mark.parametrize("body", [HTML[2], b""])
async def test_an_address_without_a_picture_is_kept(
    resources: WorkerResources, worked: Working, vendor: Vendor, body: bytes
) -> None:
    vendor.answer = (200, ADDRESS, json.dumps({"data": [{"url": f"{vendor.base_url}/p.jpg"}]}).encode())
    vendor.pictures = [(200, {}, body)]
    job = await worked()
    assert (job.status, job.error_code, job.charged) == (
        JobStatus.FAILED,
        JobError.BAD_PROVIDER_IMAGE,
        Charged.UNKNOWN,
    )
    (kept,) = await resources.db.fetch("select data, reason from unread_answers where job_id = $1", job.id)
    assert b"/p.jpg" in kept["data"]
    assert "no whole picture" in kept["reason"]
