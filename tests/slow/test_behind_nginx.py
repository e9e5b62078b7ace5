"""Behind a proxy that packs answers and so weakens their tags: what was said of a version is still understood."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from deploy.local.ports import free_port
from tests import pictures
from tests.servers import ValkeyServer, until
from tests.slow.needs import needs_program
from tests.stack import Stack

CONFIGURATION = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  gzip on;
  gzip_proxied any;
  gzip_types application/json;
  gzip_min_length 1;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass {behind}; proxy_set_header Host $http_host; proxy_set_header Accept-Encoding ""; }}
  }}
}}
"""


@contextmanager
def nginx(folder: Path, behind: str) -> Iterator[str]:
    program, port = needs_program("nginx", "nginx-light"), free_port()
    folder.mkdir()
    file = folder / "nginx.conf"
    file.write_text(CONFIGURATION.format(folder=folder, port=port, behind=behind))
    running = subprocess.Popen([program, "-e", str(folder / "error.log"), "-c", str(file)])
    url = f"http://127.0.0.1:{port}"
    try:
        until("nginx answers", lambda: answers(url))
        yield url
    finally:
        running.terminate()
        running.wait(timeout=20)


def answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz").status_code == 200
    except httpx2.TransportError:
        return False


@pytest.fixture
def url(database: str, tmp_path: Path) -> Iterator[str]:
    with (
        ValkeyServer() as queue,
        Stack(tmp_path, database_url=database, redis_url=queue.url, workers=0) as stack,
        nginx(tmp_path / "nginx", stack.url) as url,
    ):
        yield url


def test_versions_are_known_again_behind_nginx(url: str) -> None:
    images = f"{url}/api/v1/images"
    with httpx2.Client(headers={"Accept-Encoding": "gzip"}) as client:
        made = client.post(
            f"{images}/upload", params={"business_id": 1}, files={"file": ("a.png", pictures.png(50, 50))}
        )
        path = f"{images}/{made.json()['id']}"
        first = client.get(path)
        tag = first.headers["etag"]
        assert (first.headers["content-encoding"], tag[:2]) == ("gzip", "W/")

        assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")

        changed = client.patch(path, json={"alt_text": "a square"}, headers={"If-Match": tag})
        assert changed.status_code == 200
        late = client.patch(path, json={"alt_text": "a circle"}, headers={"If-Match": tag})
        assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")

        sizes = client.get(f"{images}/generate/sizes")
        again = client.get(f"{images}/generate/sizes", headers={"If-None-Match": sizes.headers["etag"]})
        assert again.status_code == 304
