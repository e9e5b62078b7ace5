"""Fifty people who send ten megabytes each at the same moment: what it costs in memory, and how long the others wait.

The senders are a process of their own, as fast as they can be, because a sender that is slow would be kind. The others
look at their library, one request every twenty milliseconds, alone first and then during the flood.
"""

import http.client
import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from bench import load
from bench.figures import Row, beside, quantile
from bench.goals import GOALS
from bench.site import BUSINESS, Site
from tests.servers import children

_PEOPLE = 50
_SIDES = (1840, 1880)
"""Of random colours, which nothing can pack: 10.4 million bytes, just below the limit of 10 MiB."""
_EVERY = 0.02
_UPLOAD = f"/api/v1/images/upload?business_id={BUSINESS}"
_LIST = f"/api/v1/images?business_id={BUSINESS + 1}"


def measure(site: Site, *, rounds: int = 3, alone_seconds: float = 5.0) -> list[Row]:
    """Memory is the most that was seen above what each process had before. A flood is short, so the waits of several
    are taken together."""
    body = site.folder / "flood.body"
    body.write_bytes(_form(_picture()))
    size = body.stat().st_size
    # So that everything that is started when it is needed has been.
    _send(site, body, first=0, people=2 * (os.cpu_count() or 1))
    upload, gateway, decoders = site.stack.upload.pid, site.gateway.pid, children(site.stack.upload.pid)
    before = {pid: own(pid) for pid in (upload, gateway, *decoders)}
    most, alone, during, took = dict(before), list[float](), list[float](), 0.0
    for number in range(1, rounds + 1):
        with _looking(site, alone):
            time.sleep(alone_seconds)
        began = time.monotonic()
        with _looking(site, during), _watching(most):
            _send(site, body, first=1000 * number, people=_PEOPLE)
        took += time.monotonic() - began
    note = f"{_PEOPLE} x {size / 1e6:.1f} MB in {took / rounds:.0f} s, {rounds} times"
    return [
        Row(
            what="flood: the gateway grew",
            ours=most[gateway] - before[gateway],
            unit="MiB",
            goal=GOALS["flood: gateway"],
            note=note,
        ),
        Row(
            what="  the upload service grew",
            ours=most[upload] - before[upload],
            unit="MiB",
            goal=GOALS["flood: upload service"],
        ),
        Row(what="  its decoders grew", ours=sum(most[pid] - before[pid] for pid in decoders), unit="MiB"),
        beside("  others wait, p50", "ms", [quantile(during, 0.5)], "alone", [quantile(alone, 0.5)]),
        beside(
            "  others wait, p99",
            "ms",
            [quantile(during, 0.99)],
            "alone",
            [quantile(alone, 0.99)],
            goal=GOALS["flood: others"],
        ),
        beside("  others wait, longest", "ms", [max(during)], "alone", [max(alone)], note=f"of {len(during)}"),
    ]


def _picture() -> bytes:
    """With a text whose words are the load generator's MARK, so that each is another one. Its checksum is wrong, but
    nobody reads what is thrown away."""
    file = io.BytesIO()
    Image.frombytes("RGB", _SIDES, os.urandom(_SIDES[0] * _SIDES[1] * 3)).save(file, "PNG", compress_level=1)
    data, text = file.getvalue(), len(load.MARK).to_bytes(4, "big") + b"tEXt" + load.MARK + bytes(4)
    return data[:33] + text + data[33:]


def _form(data: bytes) -> bytes:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="noise.png"\r\n\r\n'
    return head + data + b"\r\n--b--\r\n"


def _send(site: Site, body: Path, *, first: int, people: int) -> None:
    told = {"content-type": "multipart/form-data; boundary=b"}
    order = load.Order(
        port=site.gateway.port, paths=[_UPLOAD], method="POST", headers=told, body_file=str(body), first=first,
        connections=people, requests=people, seconds=120,
    )  # fmt: skip
    load.run(order).only(201)


@contextmanager
def _looking(site: Site, waits: list[float]) -> Iterator[None]:
    """Somebody else, until the block ends; each wait in milliseconds."""
    over = threading.Event()

    def look() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", site.gateway.port, timeout=60)
        while not over.wait(_EVERY):
            began = time.perf_counter()
            connection.request("GET", _LIST)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            waits.append((time.perf_counter() - began) * 1000)
        connection.close()

    with _thread(look, over):
        yield


@contextmanager
def _watching(most: dict[int, float]) -> Iterator[None]:
    """Raises each figure to the most that is seen."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            for pid, seen in list(most.items()):
                most[pid] = max(seen, own(pid))

    with _thread(watch, over):
        yield


@contextmanager
def _thread(work: Callable[[], None], over: threading.Event) -> Iterator[None]:
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def own(pid: int) -> float:
    """MiB that a process holds."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:  # It has just ended.
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmRSS")), 0.0)
