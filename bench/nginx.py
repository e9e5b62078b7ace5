"""nginx in front of the bare server, where this machine has one: the physical limit of handing a request on."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from bench.site import Site
from deploy.local.ports import free_port
from tests.stack import Process

_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_CONFIGURATION = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{
    access_log off; client_max_body_size 20m; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    upstream bare {{ server 127.0.0.1:{behind}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{port}; keepalive_requests 10000000;
        location / {{
            proxy_pass http://bare; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_request_buffering off;
        }}
    }}
}}
"""


def found() -> str | None:
    """Where its program is."""
    return shutil.which("nginx", path=_PATH)


@contextmanager
def before(site: Site, behind: int) -> Iterator[Process]:
    """One nginx process that hands everything on to this port of the machine."""
    port, program, folder = free_port(), found(), site.folder / "nginx"
    assert program is not None, "there is no nginx on this machine"
    folder.mkdir(exist_ok=True)
    configuration = folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, behind=behind, port=port))
    command = (program, "-p", str(folder), "-c", str(configuration))
    with Process("nginx", {"DARKROOM_PORT": str(port)}, logs=site.folder, command=command) as process:
        yield process
