"""A real nginx in front of the product, as docs/operations.md tells an operator to set it up."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from deploy.local.ports import free_port
from tests.documents import blocks
from tests.servers import until
from tests.slow.needs import needs_program

PREFIX = "/pictures"
CONFIGURATION = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_buffer_size 16m;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  gzip on;
  gzip_proxied any;
  gzip_types application/json;
  gzip_min_length 1;
  {documented}
}}
"""


@contextmanager
def nginx(folder: Path, behind: str) -> Iterator[str]:
    """Packs answers and so weakens their tags; the same without packing below `PREFIX`, which it takes off."""
    program, port = needs_program("nginx", "nginx-light"), free_port()
    folder.mkdir()
    file = folder / "nginx.conf"
    file.write_text(CONFIGURATION.format(folder=folder, documented=_documented(port, behind)))
    running = subprocess.Popen([program, "-e", str(folder / "error.log"), "-c", str(file)])
    url = f"http://127.0.0.1:{port}"
    try:
        until("nginx answers", lambda: _answers(url))
        yield url
    finally:
        running.terminate()
        running.wait(timeout=20)


def _documented(port: int, behind: str) -> str:
    """Its own lines, on this port, and the same without a prefix for what packs answers."""
    (lines,) = blocks("docs/operations.md", "nginx")
    packing = (
        f'location / {{ proxy_pass {behind}; proxy_set_header Host $http_host; proxy_set_header Accept-Encoding ""; }}'
    )
    mine = lines.replace("http://127.0.0.1:8003", behind)
    assert mine != lines
    assert "server {" in mine
    return mine.replace("server {", f"server {{\n  listen 127.0.0.1:{port};\n  {packing}")


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz").status_code == 200
    except httpx2.TransportError:
        return False
