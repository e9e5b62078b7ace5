"""The version before this one and this one side by side, as while a fleet is being updated, on the same stores.

The earlier code is in `versions/`, as it was committed. Each gateway has the other version's services behind it, and a
worker of either version takes what either gateway accepts.
"""

import json
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.local.ports import free_port
from tests import pictures
from tests.sandbox_server import SandboxServer
from tests.servers import PostgresServer, ValkeyServer, until
from tests.stack import ROOT, Process, Stack

EARLIER = Path(__file__).parent / "versions" / "2026-11-27.tar.xz"
SERVICES = {"upload_service": "DARKROOM_UPLOAD_URL", "library_service": "DARKROOM_LIBRARY_URL"}
IMAGES = "/api/v1/images"


@dataclass(frozen=True, slots=True)
class Fleet:
    """Two versions of everything."""

    old: Process
    """The earlier gateway, with this version's services behind it."""
    new: Process
    """This gateway, with the earlier services behind it."""
    workers: dict[str, Process]
    sandbox: SandboxServer
    key: str

    def client(self, gateway: Process) -> httpx2.Client:
        """Asks one of the gateways."""
        return httpx2.Client(base_url=gateway.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=30)

    def ended(self, gateway: Process, job_id: str) -> dict[str, object]:
        """The job at its end, as this gateway tells it."""
        with self.client(gateway) as client:

            def status() -> dict[str, object]:
                found: dict[str, object] = client.get(f"{IMAGES}/generate/status/{job_id}").raise_for_status().json()
                return found

            until(f"{job_id} has ended", lambda: status()["finished_at"] is not None)
            return status()


@pytest.fixture(scope="module")
def fleet(
    postgres_server: PostgresServer, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("versions")
    with tarfile.open(EARLIER) as archive:
        # Debian 12's Python knows no filter, and later ones warn where none is named.
        careful: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(folder / "code", **careful)
    database = postgres_server.create(folder.name, migrated_template)
    with ValkeyServer() as queue, SandboxServer(folder / "sandbox") as sandbox, ExitStack() as running:
        told = {
            "DATABASE_URL": database,
            "REDIS_URL": queue.url,
            "DARKROOM_SANDBOX_URL": sandbox.url,
            "DARKROOM_IMAGES_PER_MINUTE": "6000",
            "DARKROOM_AUTH": "keys",
            "DARKROOM_INNER_SECRET": "between-the-gateway-and-the-services-only",
        }

        def started(code: Path, module: str, **more: str) -> Process:
            name = f"{module}-{'new' if code == ROOT else 'old'}"
            process = Process(
                module, {**told, **more, "DARKROOM_PORT": str(free_port())}, logs=folder, name=name, code=code
            )
            running.callback(process.stop)
            return process.start(wait=False)

        def gateway(code: Path, behind: Path) -> Process:
            services = {setting: started(behind, module).url for module, setting in SERVICES.items()}
            return started(code, "gateway", **services)

        old, new = gateway(folder / "code", ROOT), gateway(ROOT, folder / "code")
        workers = {"old": started(folder / "code", "generation_worker"), "new": started(ROOT, "generation_worker")}
        for process in (old, new, *workers.values()):
            process.wait_ready()
        made = Stack(folder / "command", database_url=database, redis_url=queue.url, workers=0).command(
            "keys", "make", "--name", "a", "--business", "1"
        )
        yield Fleet(old, new, workers, sandbox, made.split()[0])


def test_jobs_of_either_are_done_by_either_and_told_by_both(fleet: Fleet) -> None:
    """Twelve of each, while each worker in turn is stopped in its tracks: the other one has to take them."""
    accepted = []
    for gateway in (fleet.old, fleet.new):
        for worker in fleet.workers.values():
            worker.stop_signal()
            with fleet.client(gateway) as client:
                for number in range(6):
                    body = {"prompt": f"a boat, number {number}", "business_id": 1}
                    answer = client.post(f"{IMAGES}/generate", json=body)
                    assert answer.status_code == 202, answer.text
                    accepted.append(answer.json()["job_id"])
            ended = [fleet.ended(other, job_id) for job_id in accepted[-6:] for other in (fleet.old, fleet.new)]
            assert {(job["status"], job["attempt"]) for job in ended} == {("succeeded", 1)}, ended
            worker.continue_signal()
    assert len(fleet.sandbox.ledger("openai.generate")) == len(accepted) == 24, "each was paid for once"
    # What the log calls it shows that these really are two versions.
    claimed = {version: worker.events("job.claimed") for version, worker in fleet.workers.items()}
    assert all("losses" in event for event in claimed["old"]) and claimed["old"]
    assert all("lost_workers" in event for event in claimed["new"]) and claimed["new"]


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_stream_of_the_one_gateway_tells_what_the_other_ones_client_did(fleet: Fleet, side: str) -> None:
    """A call that takes long, cancelled at the other gateway: the worker stops, and the stream says the end."""
    here, there = (fleet.old, fleet.new) if side == "old" else (fleet.new, fleet.old)
    fleet.sandbox.clear()
    fleet.sandbox.script("openai.generate", {"do": "slow", "seconds": 60})
    with fleet.client(here) as client, fleet.client(there) as other:
        job_id = client.post(f"{IMAGES}/generate", json={"prompt": "a slow boat", "business_id": 1}).json()["job_id"]
        with client.stream("GET", f"{IMAGES}/generate/status/{job_id}/events") as events:
            told = (json.loads(line[5:]) for line in events.iter_lines() if line.startswith("data:"))
            until("it is being called for", lambda: len(fleet.sandbox.ledger("openai.generate")) == 1)
            assert other.post(f"{IMAGES}/generate/{job_id}/cancel").status_code == 202
            end = next(job for job in told if job["finished_at"])
        assert end["status"] == "canceled"


def test_pictures_of_either_service_are_the_same_pictures(fleet: Fleet) -> None:
    """Uploaded behind the one gateway, changed, searched, deleted and restored behind the other."""
    with fleet.client(fleet.old) as old, fleet.client(fleet.new) as new:
        for here, there, size in ((old, new, 60), (new, old, 70)):
            file = {"file": (f"harbour-{size}.png", pictures.png(size, size))}
            made = here.post(f"{IMAGES}/upload", params={"business_id": 1}, files=file)
            assert made.status_code == 201, made.text
            image = made.json()
            path = f"{IMAGES}/{image['id']}"
            assert there.post(f"{IMAGES}/upload", params={"business_id": 1}, files=file).json()["id"] == image["id"]
            tag = here.get(path).headers["etag"]
            changed = there.patch(path, json={"alt_text": "a harbour"}, headers={"If-Match": tag})
            assert changed.status_code == 200, changed.text
            found = here.get(IMAGES, params={"business_id": 1, "search": f"harbour-{size}"}).json()["items"]
            assert [each["alt_text"] for each in found] == ["a harbour"]
            assert there.delete(path).status_code in (200, 204)
            assert here.post(f"{path}/restore").status_code == 200
            assert there.get(path).json()["alt_text"] == "a harbour"


def test_no_process_of_either_says_that_something_broke(fleet: Fleet) -> None:
    """Last: nothing of the above was mended by a second try."""
    for process in (fleet.old, fleet.new, *fleet.workers.values()):
        for event in ("request.crashed", "job.crashed", "part.restarted", "job.left"):
            assert not process.events(event), process.log[-2000:]
