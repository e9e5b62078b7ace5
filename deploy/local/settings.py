"""What `make up` may be told by environment variables, read once into a value.

Only the variables of the runner itself; the services read their own in shared/settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import StartError


@dataclass(frozen=True, kw_only=True)
class LocalSettings:
    """The runner's settings."""

    port: int
    """`DARKROOM_PORT`: where the gateway listens; 0 takes a free one."""
    host: str
    """`DARKROOM_HOST`: the gateway's address; everything else listens on the loopback address only."""
    data: Path
    """`DARKROOM_DATA`: the folder that keeps everything."""
    workers: int
    """`DARKROOM_WORKERS`: how many generation workers run."""
    drain: float
    """`DARKROOM_DRAIN_SECONDS`: how long a worker may finish its pictures."""
    given: Mapping[str, str]
    """All variables that were set and not empty."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "LocalSettings":
        """Raises StartError naming the wrong variable."""
        given = {name: value for name, value in environment.items() if value}
        return cls(
            port=int(_number(given, "DARKROOM_PORT", 8003, 0, 65535)),
            host=given.get("DARKROOM_HOST", "127.0.0.1"),
            data=Path(given.get("DARKROOM_DATA", ".darkroom")).expanduser().absolute(),
            workers=int(_number(given, "DARKROOM_WORKERS", 2, 1, 64)),
            drain=_number(given, "DARKROOM_DRAIN_SECONDS", 120, 0, 86_400),
            given=given,
        )

    @property
    def sandbox_parts(self) -> tuple[str, ...]:
        """The companies the sandbox plays: those whose own variable is absent."""
        companies = {"OpenAI": "OPENAI_API_KEY", "Cloudinary": "CLOUDINARY_URL"}
        return tuple(company for company, variable in companies.items() if variable not in self.given)


def _number(given: Mapping[str, str], name: str, otherwise: float, least: float, most: float) -> float:
    try:
        value = float(given.get(name, otherwise))
    except ValueError:
        value = -1
    if not least <= value <= most:
        raise StartError(f"{name} must be a number from {least:g} to {most:g}, it is {given[name]!r}")
    return value
