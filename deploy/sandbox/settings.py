"""The settings of the sandbox: its own few environment variables, and the credentials it accepts.
It reads nothing else and imports nothing of the product: it plays two strangers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CLOUD = "sandbox"
CLOUDINARY_KEY = "sandbox-key"
_KNOWN_TO_ALL = "sandbox"


class SettingError(Exception):
    """One line for the operator; the process does not start."""


@dataclass(frozen=True)
class Settings:
    """As the environment says, or the defaults."""

    host: str = "127.0.0.1"
    """DARKROOM_HOST: the address to listen on."""
    port: int = 8004
    """DARKROOM_PORT: 0 takes any free port."""
    data: Path = Path(".darkroom/sandbox")
    """DARKROOM_SANDBOX_DATA: the folder of stored pictures and of the ledger."""
    public_url: str | None = None
    """DARKROOM_SANDBOX_URL: how others reach this server, as written into picture URLs. Absent: the caller's Host."""
    latency_seconds: float = 0.0
    """DARKROOM_SANDBOX_LATENCY: how long one generation seems to take."""
    secret: str | None = None
    """DARKROOM_SANDBOX_SECRET: what the vendors' keys are made of. Absent: a word that everybody knows."""
    token: str | None = None
    """DARKROOM_SANDBOX_TOKEN: opens the control API. Absent: a new one at each start, in the folder's file `token`."""

    @property
    def openai_key(self) -> str:
        """The only key that the played OpenAI takes."""
        return f"sk-{self.secret or _KNOWN_TO_ALL}"

    @property
    def cloudinary_secret(self) -> str:
        """What signs for the played Cloudinary, with the key `CLOUDINARY_KEY`."""
        return f"{self.secret or _KNOWN_TO_ALL}-secret"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Raises SettingError where a variable is wrong."""
        return cls(
            host=environment.get("DARKROOM_HOST") or cls.host,
            port=int(_number(environment, "DARKROOM_PORT", cls.port, 65535)),
            data=Path(environment.get("DARKROOM_SANDBOX_DATA") or cls.data),
            public_url=(environment.get("DARKROOM_SANDBOX_URL") or "").rstrip("/") or None,
            latency_seconds=_number(environment, "DARKROOM_SANDBOX_LATENCY", cls.latency_seconds, 600),
            secret=_word(environment, "DARKROOM_SANDBOX_SECRET"),
            token=_word(environment, "DARKROOM_SANDBOX_TOKEN"),
        )


def _number(environment: Mapping[str, str], name: str, default: float, most: float) -> float:
    written = environment.get(name) or str(default)
    try:
        number = float(written)
    except ValueError:
        raise SettingError(f"{name} must be a number, not {written!r}") from None
    if not 0 <= number <= most:
        raise SettingError(f"{name} must lie between 0 and {most:g}, not {written}")
    return number


def _word(environment: Mapping[str, str], name: str) -> str | None:
    """What can stand in a header and in an address as it is. A wrong one is not shown."""
    written = environment.get(name) or None
    if written and not re.fullmatch(r"[A-Za-z0-9_-]+", written):
        raise SettingError(f"{name} must be letters, digits, - and _")
    return written
