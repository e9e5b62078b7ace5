"""What every process reads, and how the environment is read."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.domain.money import micros
from shared.settings.checks import SHORTEST_SECRET, Host, Listed, is_loopback, parts

SANDBOX_WORD = "sandbox"
"""What the sandbox's keys are made of where nothing else is said: known to everybody, as it stands here."""

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""More than none, and an end."""


Micros = Annotated[int, BeforeValidator(micros)]
"""Written as dollars, `20` or `0.05`; here millionths of one."""


def variable(name: str, default: Any = ..., **bounds: Any) -> Any:
    """A setting that this environment variable says, within these bounds of pydantic's; without a default required."""
    return Field(default, validation_alias=AliasChoices(name), **bounds)


class Common(BaseSettings):
    """What every process reads."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    env: Literal["development", "production"] = variable("DARKROOM_ENV", "development")
    """`production` refuses to start on the sandbox."""
    host: str = variable("DARKROOM_HOST", "127.0.0.1")
    """Address this process listens on."""
    port: int = variable("DARKROOM_PORT", 0, ge=0, le=65535)
    """Port this process listens on; 0 takes a free one."""
    max_connections: int = variable("DARKROOM_MAX_CONNECTIONS", 10_000, ge=1)
    """Connections this process holds at once; the next one is told 503 and closed."""
    share: float = variable("DARKROOM_SHARE", 0.25, gt=0, le=1)
    """The part of what a process has once that one key, and one business, may hold."""
    max_header: int = variable("DARKROOM_MAX_HEADER_BYTES", 32 * 1024, ge=1024)
    """Bytes of a request's line and headers together, and of chunk sizes, their extensions and trailers together."""
    header_timeout: Seconds = variable("DARKROOM_HEADER_TIMEOUT", 20.0)
    """Seconds a connection has for its first request, and a request for its headers."""
    body_timeout: Seconds = variable("DARKROOM_BODY_TIMEOUT", 300.0)
    """Seconds a request's body may take; a picture of 10 MiB in that time is 280 kbit/s."""
    least_body_rate: int = variable("DARKROOM_LEAST_BODY_RATE", 0, ge=0)
    """Bytes a second of a body that have to come on average; 0 for no such bound. The gateway has one."""
    least_body_seconds: Seconds = variable("DARKROOM_LEAST_BODY_SECONDS", 20.0)
    """Seconds over which that is looked at."""
    linger: Seconds = variable("DARKROOM_LINGER_SECONDS", 5.0)
    """Seconds in which what a client still sends after a refusal is thrown away, so that it can read the refusal."""
    linger_bytes: int = variable("DARKROOM_LINGER_BYTES", 100 * 1024 * 1024, ge=0)
    """Bytes of it, at most; then the connection is closed."""
    database_url: SecretStr = variable("DATABASE_URL")
    """PostgreSQL 15 or newer, `postgresql://user:password@host:port/name`."""
    database_pool: int = variable("DARKROOM_DATABASE_POOL", 10, ge=1, le=200)
    """Most connections this process opens to Postgres."""
    database_queue: int = variable("DARKROOM_DATABASE_QUEUE", 1024, ge=1)
    """Requests that wait for a connection, in turns by business; the next gets 503. One key, and one business, may have
    `DARKROOM_SHARE` of so many, waiting and under way."""
    database_timeout: Seconds = variable("DARKROOM_DATABASE_TIMEOUT", 10.0)
    """Seconds one statement, or waiting for a free connection, may take."""
    redis_url: SecretStr = variable("REDIS_URL")
    """Redis 6 or newer, `redis://:password@host:port/0`. Only wakes workers: losing its data loses no job."""
    redis_timeout: Seconds = variable("DARKROOM_REDIS_TIMEOUT", 2.0)
    """Seconds one Redis command may take before Redis counts as down."""
    public_url: str = variable("DARKROOM_PUBLIC_URL", "http://localhost:8003")
    """The gateway's address as clients see it; links in answers begin with it."""
    allowed_hosts: Listed[Host] | None = variable("DARKROOM_ALLOWED_HOSTS", None)
    """Further names by which this process may be asked, with commas between; `*.example.org` for all under it."""
    catalogue: Path | None = variable("DARKROOM_CATALOGUE", None)
    """A TOML file laid over the packaged catalogue of models and prices."""
    sandbox_url: str | None = variable("DARKROOM_SANDBOX_URL", None)
    """Where `deploy.sandbox` listens. Each vendor whose own variable is absent is then played by it."""
    sandbox_secret: SecretStr | None = variable("DARKROOM_SANDBOX_SECRET", None)
    """What the sandbox's keys are made of; the same as the sandbox is told."""
    openai_api_key: SecretStr | None = variable("OPENAI_API_KEY", None)
    """The vendor's own variable; where set, real money is spent."""
    openai_base_url: str | None = variable("OPENAI_BASE_URL", None)
    """The vendor's own variable, for compatible servers. Default: OpenAI's."""
    cloudinary_url: SecretStr | None = variable("CLOUDINARY_URL", None)
    """The vendor's own variable, `cloudinary://key:secret@cloud[?upload_prefix=…]`."""
    inner_secret: SecretStr | None = variable("DARKROOM_INNER_SECRET", None)
    """What the gateway signs with and the inner services believe; 32 characters at least. Two with a comma between:
    the first signs, both are believed. Without it the inner services stay on a loopback address and believe anybody."""
    purge_after: int = variable("DARKROOM_PURGE_AFTER_DAYS", 30, ge=0, le=3650)
    """Days a deleted picture stays in the trash before its bytes are destroyed."""
    log_level: Literal["debug", "info", "warning", "error"] = variable("DARKROOM_LOG_LEVEL", "info")
    """Least severe event that is written."""
    log_format: Literal["json", "text"] = variable("DARKROOM_LOG_FORMAT", "json")
    """`json` for machines, `text` for a person at a terminal."""

    @model_validator(mode="after")
    def _production_is_real(self) -> Self:
        if self.env == "production" and self.sandbox_url:
            raise ValueError("DARKROOM_ENV=production refuses DARKROOM_SANDBOX_URL: unset one of the two")
        return self

    @field_validator("database_url")
    @classmethod
    def _is_an_address(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql://")
        return url

    @field_validator("inner_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret and any(len(part) < SHORTEST_SECRET for part in parts(secret.get_secret_value())):
            raise ValueError(f"each secret must have at least {SHORTEST_SECRET} characters")
        return secret

    @field_validator("sandbox_secret")
    @classmethod
    def _stands_in_an_address(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]+", secret.get_secret_value()):
            raise ValueError("must be letters, digits, - and _")
        return secret

    def inner_secrets(self) -> list[str]:
        """The secrets between the gateway and the inner services; the first one signs."""
        return parts(self.inner_secret.get_secret_value()) if self.inner_secret else []

    @property
    def loopback(self) -> bool:
        """Whether nobody outside this machine can reach this process."""
        return is_loopback(self.host)

    @property
    def sandbox_parts(self) -> tuple[str, ...]:
        """The vendors that the sandbox plays here; shown on every answer."""
        if not self.sandbox_url:
            return ()
        played = {"openai": self.openai_api_key, "cloudinary": self.cloudinary_url}
        return tuple(name for name, key in played.items() if key is None)

    def provider_access(self) -> tuple[str, str]:
        """Key and base URL for the `openai` client. Raises ValueError naming the missing variable."""
        if self.openai_api_key:
            return self.openai_api_key.get_secret_value(), self.openai_base_url or "https://api.openai.com/v1"
        if self.sandbox_url:
            return f"sk-{self._sandbox_word()}", self.sandbox_url.rstrip("/") + "/v1"
        raise ValueError("OPENAI_API_KEY is not set (or set DARKROOM_SANDBOX_URL to run without one)")

    def store_access(self) -> str:
        """The Cloudinary URL to use. Raises ValueError naming the missing variable."""
        if self.cloudinary_url:
            return self.cloudinary_url.get_secret_value()
        if self.sandbox_url:
            prefix = self.sandbox_url.rstrip("/")
            return f"cloudinary://sandbox-key:{self._sandbox_word()}-secret@sandbox?upload_prefix={prefix}"
        raise ValueError("CLOUDINARY_URL is not set (or set DARKROOM_SANDBOX_URL to run without one)")

    def _sandbox_word(self) -> str:
        return self.sandbox_secret.get_secret_value() if self.sandbox_secret else SANDBOX_WORD


class StoreSettings(Common):
    """For the processes that speak with the picture store."""

    store_timeout: Seconds = variable("DARKROOM_STORE_TIMEOUT", 60.0)
    """Seconds one call to the picture store may take. The SDK itself has no limit."""
    store_threads: int = variable("DARKROOM_STORE_THREADS", 8, ge=1, le=64)
    """Calls to the store at the same time."""


class InnerSettings(StoreSettings):
    """For the services that only the gateway may ask."""

    @model_validator(mode="after")
    def _closed_to_others(self) -> Self:
        if not self.loopback and not self.inner_secrets():
            raise ValueError("DARKROOM_HOST is no loopback address: set DARKROOM_INNER_SECRET, here and at the gateway")
        return self


Kind = TypeVar("Kind", bound=Common)


def read(kind: type[Kind]) -> Kind:
    """Settings from the environment. Exits with one line per wrong variable, never showing its value."""
    try:
        return kind()
    except ValidationError as wrong:
        lines = [f"{e['loc'][0] if e['loc'] else 'settings'}: {e['msg']}" for e in wrong.errors(include_input=False)]
        raise SystemExit("darkroom: wrong settings\n  " + "\n  ".join(lines)) from None
