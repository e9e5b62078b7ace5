"""The only reader of the environment: one frozen class per process, handed in as a value.

Every field says its unit. docs/configuration.md lists each one; a test compares the two.
"""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared import setting_checks
from shared.money import micros
from shared.setting_checks import SHORTEST_SECRET, is_loopback, parts

SANDBOX_OPENAI_KEY = "sk-sandbox"
SANDBOX_CLOUDINARY = "cloudinary://sandbox-key:sandbox-secret@sandbox"

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _micros(dollars: object) -> int | None:
    return None if dollars is None else micros(dollars)


Micros = Annotated[int | None, BeforeValidator(_micros)]
"""Written as dollars, `20` or `0.05`; none where it is not set."""


def _env(name: str, *more: str) -> AliasChoices:
    return AliasChoices(name, *more)


class Common(BaseSettings):
    """What every process reads."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True, env_ignore_empty=True)

    env: Literal["development", "production"] = Field("development", validation_alias=_env("DARKROOM_ENV"))
    """`production` refuses to start on the sandbox."""
    host: str = Field("127.0.0.1", validation_alias=_env("DARKROOM_HOST"))
    """Address this process listens on."""
    port: int = Field(0, ge=0, le=65535, validation_alias=_env("DARKROOM_PORT"))
    """Port this process listens on; 0 takes a free one."""
    max_connections: int = Field(10_000, ge=1, validation_alias=_env("DARKROOM_MAX_CONNECTIONS"))
    """Connections this process holds at once; the next one is told 503 and closed."""
    max_header: int = Field(32 * 1024, ge=1024, validation_alias=_env("DARKROOM_MAX_HEADER_BYTES"))
    """Bytes of a request's line and headers together, and of chunk sizes, their extensions and trailers together."""
    header_timeout: Seconds = Field(20.0, validation_alias=_env("DARKROOM_HEADER_TIMEOUT"))
    """Seconds a connection has for its first request, and a request for its headers."""
    body_timeout: Seconds = Field(300.0, validation_alias=_env("DARKROOM_BODY_TIMEOUT"))
    """Seconds a request's body may take; a picture of 10 MiB in that time is 280 kbit/s."""
    linger: Seconds = Field(5.0, validation_alias=_env("DARKROOM_LINGER_SECONDS"))
    """Seconds in which what a client still sends after a refusal is thrown away, so that it can read the refusal."""
    linger_bytes: int = Field(100 * 1024 * 1024, ge=0, validation_alias=_env("DARKROOM_LINGER_BYTES"))
    """Bytes of it, at most; then the connection is closed."""
    database_url: SecretStr = Field(validation_alias=_env("DATABASE_URL"))
    """PostgreSQL 15 or newer, `postgresql://user:password@host:port/name`."""
    database_pool: int = Field(10, ge=1, le=200, validation_alias=_env("DARKROOM_DATABASE_POOL"))
    """Most connections this process opens to Postgres."""
    database_timeout: Seconds = Field(10.0, validation_alias=_env("DARKROOM_DATABASE_TIMEOUT"))
    """Seconds one statement, or waiting for a free connection, may take."""
    redis_url: SecretStr = Field(validation_alias=_env("REDIS_URL"))
    """Redis 6 or newer, `redis://:password@host:port/0`. Only rings bells: losing its data loses no job."""
    redis_timeout: Seconds = Field(2.0, validation_alias=_env("DARKROOM_REDIS_TIMEOUT"))
    """Seconds one Redis command may take before Redis counts as down."""
    public_url: str = Field("http://localhost:8003", validation_alias=_env("DARKROOM_PUBLIC_URL"))
    """The gateway's address as clients see it; links in answers begin with it."""
    allowed_hosts: str | None = Field(None, validation_alias=_env("DARKROOM_ALLOWED_HOSTS"))
    """Further names by which this process may be asked, with commas between; `*.example.org` for all under it."""
    catalogue: Path | None = Field(None, validation_alias=_env("DARKROOM_CATALOGUE"))
    """A TOML file laid over the packaged catalogue of models and prices."""
    sandbox_url: str | None = Field(None, validation_alias=_env("DARKROOM_SANDBOX_URL"))
    """Where `deploy.sandbox` listens. Each vendor whose own variable is absent is then played by it."""
    openai_api_key: SecretStr | None = Field(None, validation_alias=_env("OPENAI_API_KEY"))
    """The vendor's own variable; where set, real money is spent."""
    openai_base_url: str | None = Field(None, validation_alias=_env("OPENAI_BASE_URL"))
    """The vendor's own variable, for compatible servers. Default: OpenAI's."""
    cloudinary_url: SecretStr | None = Field(None, validation_alias=_env("CLOUDINARY_URL"))
    """The vendor's own variable, `cloudinary://key:secret@cloud[?upload_prefix=…]`."""
    inner_secret: SecretStr | None = Field(None, validation_alias=_env("DARKROOM_INNER_SECRET"))
    """What the gateway signs with and the inner services believe; 32 characters at least. Two with a comma between:
    the first signs, both are believed. Without it the inner services stay on a loopback address and believe anybody."""
    purge_after: int = Field(30, ge=0, le=3650, validation_alias=_env("DARKROOM_PURGE_AFTER_DAYS"))
    """Days a deleted picture stays in the trash before its bytes are destroyed."""
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", validation_alias=_env("DARKROOM_LOG_LEVEL"))
    """Least severe event that is written."""
    log_format: Literal["json", "text"] = Field("json", validation_alias=_env("DARKROOM_LOG_FORMAT"))
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

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts_are_names(cls, text: str | None) -> str | None:
        setting_checks.check_hosts(text)
        return text

    def allowed_host_list(self) -> list[str]:
        """`allowed_hosts` one by one."""
        return [name.lower() for name in parts(self.allowed_hosts)]

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

    def painter_access(self) -> tuple[str, str]:
        """Key and base URL for the `openai` client. Raises ValueError naming the missing variable."""
        if self.openai_api_key:
            return self.openai_api_key.get_secret_value(), self.openai_base_url or "https://api.openai.com/v1"
        if self.sandbox_url:
            return SANDBOX_OPENAI_KEY, self.sandbox_url.rstrip("/") + "/v1"
        raise ValueError("OPENAI_API_KEY is not set (or set DARKROOM_SANDBOX_URL to run without one)")

    def store_access(self) -> str:
        """The Cloudinary URL to use. Raises ValueError naming the missing variable."""
        if self.cloudinary_url:
            return self.cloudinary_url.get_secret_value()
        if self.sandbox_url:
            return f"{SANDBOX_CLOUDINARY}?upload_prefix={self.sandbox_url.rstrip('/')}"
        raise ValueError("CLOUDINARY_URL is not set (or set DARKROOM_SANDBOX_URL to run without one)")


class StoreSettings(Common):
    """For the processes that speak with the picture store."""

    store_timeout: Seconds = Field(60.0, validation_alias=_env("DARKROOM_STORE_TIMEOUT"))
    """Seconds one call to the picture store may take. The SDK itself has no limit."""
    store_threads: int = Field(8, ge=1, le=64, validation_alias=_env("DARKROOM_STORE_THREADS"))
    """Calls to the store at the same time."""


class InnerSettings(StoreSettings):
    """For the services that only the gateway may ask."""

    @model_validator(mode="after")
    def _closed_to_others(self) -> Self:
        if not self.loopback and not self.inner_secrets():
            raise ValueError("DARKROOM_HOST is no loopback address: set DARKROOM_INNER_SECRET, here and at the gateway")
        return self


class GatewaySettings(Common):
    """The gateway."""

    auth: Literal["off", "keys", "jwt", "keys+jwt"] = Field("off", validation_alias=_env("DARKROOM_AUTH"))
    """What counts as proof of who asks. `off` lets anybody act for any business, on a loopback address only."""
    jwt_issuer: str | None = Field(None, validation_alias=_env("DARKROOM_JWT_ISSUER"))
    """What a token must say as `iss`."""
    jwt_audience: str | None = Field(None, validation_alias=_env("DARKROOM_JWT_AUDIENCE"))
    """What a token must say, or list, as `aud`."""
    jwt_jwks_url: str | None = Field(None, validation_alias=_env("DARKROOM_JWT_JWKS_URL"))
    """Where the issuer shows its public keys, by https. A new key works without a restart."""
    jwt_key: SecretStr | None = Field(None, validation_alias=_env("DARKROOM_JWT_KEY"))
    """Instead of it: one public key as PEM, or for HS256 a shared secret of 32 characters at least."""
    jwt_algorithms: str = Field("RS256,ES256", validation_alias=_env("DARKROOM_JWT_ALGORITHMS"))
    """The only signatures that are believed, with commas between. HS256 stands alone."""
    jwt_leeway: float = Field(30.0, ge=0, le=300, validation_alias=_env("DARKROOM_JWT_LEEWAY_SECONDS"))
    """Seconds by which the issuer's clock may differ from ours."""
    cors_origins: str | None = Field(None, validation_alias=_env("DARKROOM_CORS_ORIGINS"))
    """Origins of web pages that may call the API, with commas between: `https://app.example`. Default: none."""
    picture_origins: str | None = Field(None, validation_alias=_env("DARKROOM_PICTURE_ORIGINS"))
    """Origins that pictures are delivered from beside the store's usual one, with commas between: a private CDN."""
    key_requests: int = Field(1200, ge=1, le=6_000_000, validation_alias=_env("DARKROOM_KEY_REQUESTS_PER_MINUTE"))
    """What one key may ask in a minute, a sixth of it at once. Polls that nothing changed for are free."""
    business_requests: int = Field(
        3000, ge=1, le=6_000_000, validation_alias=_env("DARKROOM_BUSINESS_REQUESTS_PER_MINUTE")
    )
    """The same for all keys of one business together."""
    key_uploads: int = Field(10, ge=1, validation_alias=_env("DARKROOM_KEY_UPLOADS"))
    """Uploads that one key may have under way in this process."""

    port: int = Field(8003, ge=0, le=65535, validation_alias=_env("DARKROOM_PORT"))
    upload_url: str = Field("http://127.0.0.1:8011", validation_alias=_env("DARKROOM_UPLOAD_URL"))
    """Where the upload service listens."""
    library_url: str = Field("http://127.0.0.1:8012", validation_alias=_env("DARKROOM_LIBRARY_URL"))
    """Where the library service listens."""
    connect_timeout: Seconds = Field(2.0, validation_alias=_env("DARKROOM_CONNECT_TIMEOUT"))
    """Seconds to reach an inner service."""
    proxy_timeout: Seconds = Field(90.0, validation_alias=_env("DARKROOM_PROXY_TIMEOUT"))
    """Seconds an inner service may be silent once it was reached."""
    max_body: int = Field(11 * 1024 * 1024, ge=1024, validation_alias=_env("DARKROOM_MAX_BODY_BYTES"))
    """Bytes of a proxied request body; above the file limit by the multipart overhead."""
    max_json: int = Field(64 * 1024, ge=1024, validation_alias=_env("DARKROOM_MAX_JSON_BYTES"))
    """Bytes of a JSON request body."""
    job_cache_seconds: Seconds = Field(5.0, validation_alias=_env("DARKROOM_JOB_CACHE_SECONDS"))
    """How long a status may be answered from memory while Redis tells of changes; without Redis never."""
    monthly_budget: Micros = Field(None, validation_alias=_env("DARKROOM_MONTHLY_BUDGET_USD"))
    """What a business without a budget of its own may spend in a month, in US dollars (here in millionths of one)."""
    max_waiting_jobs: int = Field(1000, ge=1, validation_alias=_env("DARKROOM_MAX_WAITING_JOBS"))
    """Jobs of one business that may wait at once; the next is refused with 429, give or take those of one moment."""
    max_watchers: int = Field(5000, ge=1, validation_alias=_env("DARKROOM_MAX_WATCHERS"))
    """Waiting polls and event streams this process holds at once."""

    @field_validator("cors_origins", "picture_origins")
    @classmethod
    def _origins_are_named(cls, text: str | None) -> str | None:
        setting_checks.check_origins(text)
        return text

    def jwt_algorithm_list(self) -> list[str]:
        """The signatures that are believed."""
        return parts(self.jwt_algorithms)

    @model_validator(mode="after")
    def _tokens_can_be_checked(self) -> Self:
        if "jwt" in self.auth:
            key = self.jwt_key.get_secret_value() if self.jwt_key else None
            setting_checks.check_tokens(
                self.jwt_issuer, self.jwt_audience, self.jwt_jwks_url, key, self.jwt_algorithm_list()
            )
        return self

    @model_validator(mode="after")
    def _open_to_nobody_unknown(self) -> Self:
        if self.auth == "off" and not self.loopback:
            raise ValueError(
                "DARKROOM_AUTH=off is for a loopback address only: set DARKROOM_AUTH=keys, or unset DARKROOM_HOST"
            )
        return self


class UploadSettings(InnerSettings):
    """The upload service."""

    port: int = Field(8011, ge=0, le=65535, validation_alias=_env("DARKROOM_PORT"))
    store_threads: int = Field(3, ge=1, le=64, validation_alias=_env("DARKROOM_STORE_THREADS"))
    """Fewer than elsewhere: each is a thread that reads and sends, beside those that receive and decode."""
    max_file: int = Field(10 * 1024 * 1024, ge=1024, validation_alias=_env("DARKROOM_MAX_FILE_BYTES"))
    """Largest picture, in bytes. Cloudinary's free plan has the same limit."""
    max_pixels: int = Field(25_000_000, ge=10_000, validation_alias=_env("DARKROOM_MAX_PIXELS"))
    """Most pixels over all frames of one picture."""
    decoders: int | None = Field(None, ge=1, le=64, validation_alias=_env("DARKROOM_DECODERS"))
    """Most processes that decode pictures. Default: one for each core that this process may use."""
    decode_timeout: Seconds = Field(20.0, validation_alias=_env("DARKROOM_DECODE_TIMEOUT"))
    """Seconds one picture may take to decode before its process is ended."""
    decode_queue: int = Field(400, ge=1, validation_alias=_env("DARKROOM_DECODE_QUEUE"))
    """Pictures that may wait for a decoder."""
    decode_places: int = Field(100, ge=1, validation_alias=_env("DARKROOM_DECODE_PLACES"))
    """Pictures of one key, and of one business, that may wait or be decoded at once."""
    decode_wait: Seconds = Field(60.0, validation_alias=_env("DARKROOM_DECODE_WAIT"))
    """Seconds a picture may wait for a decoder; less than the gateway waits for an answer."""
    decode_seconds: Seconds = Field(60.0, validation_alias=_env("DARKROOM_DECODE_SECONDS"))
    """Seconds of a processor that the pictures of one key, and of one business, may take in a minute."""
    probe_timeout: Seconds = Field(10.0, validation_alias=_env("DARKROOM_PROBE_TIMEOUT"))
    """Seconds a look at a picture's public address may take in all, redirects included."""
    probe_allow: str | None = Field(None, validation_alias=_env("DARKROOM_PROBE_ALLOW"))
    """`host:port` with commas between, which is fetched from even though it is not public. Anybody who may probe can
    then make the upload service ask there: never name a host that trusts its network."""

    @field_validator("probe_allow")
    @classmethod
    def _probe_allow_is_readable(cls, text: str | None) -> str | None:
        setting_checks.hosts_and_ports(text)
        return text

    @property
    def probe_allowed(self) -> frozenset[tuple[str, int]]:
        """`probe_allow` as pairs."""
        return setting_checks.hosts_and_ports(self.probe_allow)


class LibrarySettings(InnerSettings):
    """The library service."""

    port: int = Field(8012, ge=0, le=65535, validation_alias=_env("DARKROOM_PORT"))


class WorkerSettings(StoreSettings):
    """One generation worker."""

    slots: int = Field(20, ge=1, le=1000, validation_alias=_env("DARKROOM_WORKER_SLOTS"))
    """Jobs this worker holds at once."""
    images_per_minute: float = Field(
        5.0, gt=0, allow_inf_nan=False, validation_alias=_env("DARKROOM_IMAGES_PER_MINUTE")
    )
    """Vendor calls the whole fleet may start in a minute. OpenAI's entry tier allows 5."""
    vendor_timeout: Seconds = Field(180.0, validation_alias=_env("DARKROOM_VENDOR_TIMEOUT"))
    """Seconds one vendor call may take; after that its outcome is unknown."""
    job_timeout: Seconds = Field(270.0, validation_alias=_env("DARKROOM_JOB_TIMEOUT"))
    """Seconds one claim of a job may take in all."""
    bell_timeout: Seconds = Field(330.0, validation_alias=_env("DARKROOM_BELL_TIMEOUT"))
    """arq's own limit for one message; a message is over in milliseconds, so this only ends a defect."""
    lease: Seconds = Field(30.0, validation_alias=_env("DARKROOM_LEASE_SECONDS"))
    """Seconds a worker owns a job without renewing it."""
    renew_every: Seconds = Field(10.0, validation_alias=_env("DARKROOM_RENEW_SECONDS"))
    """Seconds between two renewals of the leases; less than half a lease."""
    sweep_every: Seconds = Field(5.0, validation_alias=_env("DARKROOM_SWEEP_SECONDS"))
    """Seconds between two looks for dead workers, silent jobs and passed deadlines; the lease caps it."""
    drain: Seconds = Field(120.0, validation_alias=_env("DARKROOM_DRAIN_SECONDS"))
    """Seconds running jobs get to finish after SIGTERM before they are released."""
    max_failures: int = Field(5, ge=1, validation_alias=_env("DARKROOM_MAX_FAILURES"))
    """Transient failures of one job before it ends."""
    max_losses: int = Field(6, ge=1, validation_alias=_env("DARKROOM_MAX_LOSSES"))
    """Workers that may die under one job before it ends as `worker_lost`."""
    on_unknown: Literal["fail", "retry"] = Field("fail", validation_alias=_env("DARKROOM_ON_UNKNOWN"))
    """What follows a paid call whose outcome cannot be known: end the job, or paint (and maybe pay) once more."""
    patience: Seconds = Field(86_400.0, validation_alias=_env("DARKROOM_PATIENCE_SECONDS"))
    """Seconds since acceptance that a job may wait for a busy vendor or store before it ends. A painted picture is
    kept even then. A job that waits for our own mistake (key, money, model) waits without end."""
    fetch_timeout: Seconds = Field(30.0, validation_alias=_env("DARKROOM_FETCH_TIMEOUT"))
    """Seconds that fetching a picture may take where a vendor answers with its address."""
    fetch_allow: str | None = Field(None, validation_alias=_env("DARKROOM_FETCH_ALLOW"))
    """`host:port` with commas between, where pictures may lie although it is not public. The vendor's own is one."""
    max_vendor_picture: int = Field(
        32 * 1024 * 1024, ge=1024, validation_alias=_env("DARKROOM_MAX_VENDOR_PICTURE_BYTES")
    )
    """Bytes of a picture that is fetched."""
    misconfigured_pause: Seconds = Field(30.0, validation_alias=_env("DARKROOM_MISCONFIGURED_PAUSE_SECONDS"))
    """Seconds without claiming what would meet it too, after the vendor refused our key, our money or our model."""

    @model_validator(mode="after")
    def _timeouts_are_a_ladder(self) -> Self:
        ladder = [
            ("DARKROOM_VENDOR_TIMEOUT + DARKROOM_STORE_TIMEOUT", self.vendor_timeout + self.store_timeout),
            ("DARKROOM_JOB_TIMEOUT", self.job_timeout),
            ("DARKROOM_BELL_TIMEOUT", self.bell_timeout),
        ]
        for (inner, less), (outer, more) in pairwise(ladder):
            if less >= more:
                raise ValueError(f"{inner} ({less:g} s) must be shorter than {outer} ({more:g} s)")
        if self.lease <= 2 * self.renew_every:
            raise ValueError("DARKROOM_LEASE_SECONDS must be longer than twice DARKROOM_RENEW_SECONDS")
        return self

    @field_validator("fetch_allow")
    @classmethod
    def _fetch_allow_is_readable(cls, text: str | None) -> str | None:
        setting_checks.hosts_and_ports(text)
        return text

    @property
    def fetch_allowed(self) -> frozenset[tuple[str, int]]:
        """`fetch_allow` as pairs, and the host of the vendor that is asked."""
        vendor = urlsplit(self.painter_access()[1])
        port = vendor.port or (80 if vendor.scheme == "http" else 443)
        return setting_checks.hosts_and_ports(self.fetch_allow) | {((vendor.hostname or "").lower(), port)}


class CommandSettings(GatewaySettings):
    """`./darkroom`: the operator's commands. Of Common it needs the database only."""

    redis_url: SecretStr = Field(SecretStr("redis://unused"), validation_alias=_env("REDIS_URL"))
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", validation_alias=_env("DARKROOM_LOG_LEVEL")
    )


Kind = TypeVar("Kind", bound=Common)


def read(kind: type[Kind]) -> Kind:
    """Settings from the environment. Exits with one line per wrong variable, never showing its value."""
    try:
        return kind()
    except ValidationError as wrong:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in wrong.errors(include_input=False)]
        raise SystemExit("darkroom: wrong settings\n  " + "\n  ".join(lines)) from None
