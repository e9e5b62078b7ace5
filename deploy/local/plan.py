"""Which processes the product has, what each is told, and what a person is told about them. Starts nothing.

Every child's environment is built here from nothing, so that a stray variable of the shell cannot change the product.
"""

import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.child import Child
from deploy.local.ports import answers, free_port
from deploy.local.settings import LocalSettings

ROOT = Path(__file__).resolve().parents[2]

_SYSTEM = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
_VENDORS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "CLOUDINARY_URL")
_RUNNER = ("DARKROOM_PORT", "DARKROOM_HOST", "DARKROOM_DATA", "DARKROOM_WORKERS", "DARKROOM_LOG_FORMAT")
_SANDBOX = ("DARKROOM_SANDBOX_SECRET", "DARKROOM_SANDBOX_TOKEN")
"""Not for everybody: the first for the sandbox and those who ask it, the second for it alone."""
_SERVICE_STOP_SECONDS = 20.0
_DRAIN_GRACE = 20.0

Programs = Callable[[str], Sequence[str]]
"""From a module's name to the command that runs it; the tests put stand-ins here."""


def module(name: str) -> Sequence[str]:
    """The real program."""
    return (sys.executable, "-m", name)


class Plan:
    """The product's processes, given where the stores are. `sandbox` is None when both companies are real."""

    def __init__(
        self,
        settings: LocalSettings,
        *,
        database_url: str,
        redis_url: str,
        gateway_port: int,
        sandbox_port: int | None,
        programs: Programs = module,
    ) -> None:
        self._settings = settings
        self._programs = programs
        self._database_url = database_url
        upload, library = free_port(), free_port()
        public_url = settings.given.get("DARKROOM_PUBLIC_URL", f"http://localhost:{gateway_port}")
        told = _passed_on(settings.given) | {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "DARKROOM_PUBLIC_URL": public_url,
        }
        # Made anew for each run: nobody but these processes ever needs them.
        between = {"DARKROOM_INNER_SECRET": settings.given.get("DARKROOM_INNER_SECRET", secrets.token_urlsafe(32))}
        asking: dict[str, str] = {}
        self.sandbox = None
        if sandbox_port is not None:
            told["DARKROOM_SANDBOX_URL"] = f"http://127.0.0.1:{sandbox_port}"
            asking["DARKROOM_SANDBOX_SECRET"] = settings.given.get("DARKROOM_SANDBOX_SECRET", secrets.token_urlsafe(32))
            self.sandbox = self._sandbox(sandbox_port, told["DARKROOM_SANDBOX_URL"], asking)
        self.public_url = public_url
        self.migrations = self._child("migrations", "shared.migrations", told, 0)
        self.services = (
            self._child("upload", "upload_service", told | between | asking, upload),
            self._child("library", "library_service", told | between | asking, library),
        )
        painting = told | asking
        if "OpenAI" in settings.sandbox_parts:
            painting = {"DARKROOM_IMAGES_PER_MINUTE": "600"} | painting
        # A worker leaves by itself soon after its drain, unless it holds a paid picture that nothing takes: to kill it
        # then would be to throw the picture away, and that is for a person to decide.
        self.workers = tuple(
            replace(
                self._child(f"worker-{n}", "generation_worker", painting, free_port()),
                stop_seconds=settings.drain + _DRAIN_GRACE,
                irreplaceable=True,
            )
            for n in range(1, settings.workers + 1)
        )
        inner = {
            "DARKROOM_HOST": settings.host,
            "DARKROOM_UPLOAD_URL": f"http://127.0.0.1:{upload}",
            "DARKROOM_LIBRARY_URL": f"http://127.0.0.1:{library}",
        }
        self.gateway = self._child("gateway", "gateway", told | between | inner, gateway_port)

    def rows(self) -> list[tuple[str, str]]:
        """What a person wants to know once it runs."""
        given, parts = self._settings.given, self._settings.sandbox_parts
        rows = [("studio", self.public_url), ("API docs", f"{self.public_url}/docs")]
        rows.append(("data", str(self._settings.data)))
        if (database := self._settings.data / "postgres").is_symlink():
            rows.append(("", f"{database.readlink()} (the database: root's Postgres cannot enter a closed folder)"))
            rows.append(("", "make remove takes away both"))
        if "DATABASE_URL" in given:
            rows.append(("Postgres", f"yours, {_without_password(self._database_url)}"))
        if "REDIS_URL" in given:
            rows.append(("Redis", f"yours, {_without_password(given['REDIS_URL'])}"))
        if parts:
            rows.append(("sandbox", f"{' and '.join(parts)}: played here, for free, every picture is marked"))
        if real := [company for company in ("OpenAI", "Cloudinary") if company not in parts]:
            rows.append(("real", f"{' and '.join(real)}: your account, your money"))
        rows.append(("workers", str(self._settings.workers)))
        if "keys" in given.get("DARKROOM_AUTH", "off"):
            rows.append(("keys", "./darkroom keys make --name me --all-businesses"))
        return rows

    def _sandbox(self, port: int, url: str, asking: Mapping[str, str]) -> Child:
        given = self._settings.given
        told = {name: value for name, value in _passed_on(given).items() if name not in _VENDORS}
        told = {"DARKROOM_SANDBOX_LATENCY": "2"} | told
        told |= {"DARKROOM_SANDBOX_DATA": str(self._settings.data / "sandbox"), "DARKROOM_SANDBOX_URL": url, **asking}
        told |= {name: given[name] for name in ("DARKROOM_SANDBOX_TOKEN",) if name in given}
        return self._child("sandbox", "deploy.sandbox", told, port)

    def _child(self, name: str, program: str, told: Mapping[str, str], port: int) -> Child:
        environment = {"DARKROOM_HOST": "127.0.0.1", **told, "DARKROOM_PORT": str(port)}
        return Child(
            name=name,
            command=self._programs(program),
            environment=environment,
            ready=partial(answers, port, host=environment["DARKROOM_HOST"]),
            directory=ROOT,
            stop_seconds=_SERVICE_STOP_SECONDS,
        )


def _passed_on(given: Mapping[str, str]) -> dict[str, str]:
    """The system's variables, the vendors' own and our own, except what is decided here. Logs are files, hence JSON."""
    ours = [name for name in given if name.startswith("DARKROOM_") and name not in (*_RUNNER, *_SANDBOX)]
    told = {name: given[name] for name in (*_SYSTEM, *_PROXIES, *_VENDORS, *ours) if name in given}
    if any(name in told for name in _PROXIES):
        # Our processes speak with each other; that must not go through a proxy.
        beside = [given[name] for name in ("NO_PROXY", "no_proxy") if name in given][:1]
        told["NO_PROXY"] = told["no_proxy"] = ",".join([*beside, "127.0.0.1", "localhost"])
    return told | {"DARKROOM_LOG_FORMAT": "json", "PYTHONUNBUFFERED": "1"}


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname or 'localhost'}{f':{parts.port}' if parts.port else ''}{parts.path}"
