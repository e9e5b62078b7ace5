"""The settings of the gateway, and of the operator's commands."""

import re
from typing import Literal, Self

from pydantic import SecretStr, model_validator

from shared.settings.checks import SHORTEST_SECRET, Listed, Origin, parts
from shared.settings.every_process import Common, Micros, Seconds, variable

_PUBLIC_KEY_ALGORITHMS = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}


class GatewaySettings(Common):
    """The gateway."""

    auth: Literal["off", "keys", "jwt", "keys+jwt"] = variable("DARKROOM_AUTH", "off")
    """What counts as proof of who asks. `off` lets anybody act for any business, on a loopback address only."""
    jwt_issuer: str | None = variable("DARKROOM_JWT_ISSUER", None)
    """What a token must say as `iss`."""
    jwt_audience: str | None = variable("DARKROOM_JWT_AUDIENCE", None)
    """What a token must say, or list, as `aud`."""
    jwt_jwks_url: str | None = variable("DARKROOM_JWT_JWKS_URL", None)
    """Where the issuer shows its public keys, by https. A new key works without a restart."""
    jwt_key: SecretStr | None = variable("DARKROOM_JWT_KEY", None)
    """Instead of it: one public key as PEM, or for HS256 a shared secret of 32 characters at least."""
    jwt_algorithms: str = variable("DARKROOM_JWT_ALGORITHMS", "RS256,ES256")
    """The only signatures that are believed, with commas between. HS256 stands alone."""
    jwt_leeway: float = variable("DARKROOM_JWT_LEEWAY_SECONDS", 30.0, ge=0, le=300)
    """Seconds by which the issuer's clock may differ from ours."""
    cors_origins: Listed[Origin] | None = variable("DARKROOM_CORS_ORIGINS", None)
    """Origins of web pages that may call the API, with commas between: `https://app.example`. Default: none."""
    picture_origins: Listed[Origin] | None = variable("DARKROOM_PICTURE_ORIGINS", None)
    """Origins that pictures are delivered from beside the store's usual one, with commas between: a private CDN."""
    key_requests: int = variable("DARKROOM_KEY_REQUESTS_PER_MINUTE", 1200, ge=1, le=6_000_000)
    """What one key may ask in a minute, a sixth of it at once. Polls that nothing changed for are free."""
    business_requests: int = variable("DARKROOM_BUSINESS_REQUESTS_PER_MINUTE", 3000, ge=1, le=6_000_000)
    """The same for all keys of one business together."""
    key_uploads: int = variable("DARKROOM_KEY_UPLOADS", 64, ge=1)
    """Uploads, and files to be validated, that one key may have under way in this process."""

    port: int = variable("DARKROOM_PORT", 8003, ge=0, le=65535)
    least_body_rate: int = variable("DARKROOM_LEAST_BODY_RATE", 1024, ge=0)
    """Only here: an inner service waits for what the gateway hands on."""
    upload_url: str = variable("DARKROOM_UPLOAD_URL", "http://127.0.0.1:8011")
    """Where the upload service listens."""
    library_url: str = variable("DARKROOM_LIBRARY_URL", "http://127.0.0.1:8012")
    """Where the library service listens."""
    connect_timeout: Seconds = variable("DARKROOM_CONNECT_TIMEOUT", 2.0)
    """Seconds to reach an inner service."""
    proxy_timeout: Seconds = variable("DARKROOM_PROXY_TIMEOUT", 90.0)
    """Seconds an inner service may be silent once it was reached."""
    max_file: int = variable("DARKROOM_MAX_FILE_BYTES", 10 * 1024 * 1024, ge=1024)
    """Largest picture that is handed on, in bytes: what the upload service takes."""
    body_rate: int = variable("DARKROOM_BODY_RATE", 64 * 1024**2, ge=1024)
    """Bytes a second that are read of the large bodies of one key, and of one business, together."""
    proxy_places: int = variable("DARKROOM_PROXY_PLACES", 256, ge=1)
    """Requests that this process has under way at each inner service."""
    proxy_queue: int = variable("DARKROOM_PROXY_QUEUE", 1024, ge=1)
    """Requests that wait for one of these places."""
    proxy_wait: Seconds = variable("DARKROOM_PROXY_WAIT", 20.0)
    """Seconds a request may wait for one."""
    max_json: int = variable("DARKROOM_MAX_JSON_BYTES", 64 * 1024, ge=1024)
    """Bytes of a JSON request body."""
    job_cache_seconds: Seconds = variable("DARKROOM_JOB_CACHE_SECONDS", 5.0)
    """How long a status may be answered from memory while Redis tells of changes; without Redis never."""
    monthly_budget: Micros | None = variable("DARKROOM_MONTHLY_BUDGET_USD", None)
    """What a business without a budget of its own may spend in a month, in US dollars (here in millionths of one)."""
    max_waiting_jobs: int = variable("DARKROOM_MAX_WAITING_JOBS", 1000, ge=1)
    """Jobs of one business that may wait at once; the next is refused with 429, give or take those of one moment."""
    max_watchers: int = variable("DARKROOM_MAX_WATCHERS", 5000, ge=1)
    """Waiting polls and event streams this process holds at once."""

    def jwt_algorithm_list(self) -> list[str]:
        """The signatures that are believed."""
        return parts(self.jwt_algorithms)

    @model_validator(mode="after")
    def _tokens_can_be_checked(self) -> Self:
        if "jwt" not in self.auth:
            return self
        for name, value in (("ISSUER", self.jwt_issuer), ("AUDIENCE", self.jwt_audience)):
            if not value:
                raise ValueError(f"DARKROOM_AUTH with jwt needs DARKROOM_JWT_{name}")
        url, key = self.jwt_jwks_url, self.jwt_key
        if (url is None) == (key is None):
            raise ValueError("DARKROOM_AUTH with jwt needs one of DARKROOM_JWT_JWKS_URL and DARKROOM_JWT_KEY")
        if url and not re.match(r"https://|http://(localhost|127\.0\.0\.1|\[::1\])[:/]", url):
            raise ValueError("DARKROOM_JWT_JWKS_URL must begin with https://")
        algorithms = set(self.jwt_algorithm_list())
        if algorithms != {"HS256"} and not (algorithms and algorithms <= _PUBLIC_KEY_ALGORITHMS):
            raise ValueError(f"DARKROOM_JWT_ALGORITHMS: HS256, or some of {', '.join(sorted(_PUBLIC_KEY_ALGORITHMS))}")
        if algorithms == {"HS256"} and (key is None or len(key.get_secret_value()) < SHORTEST_SECRET):
            raise ValueError(f"HS256 needs a DARKROOM_JWT_KEY of at least {SHORTEST_SECRET} characters")
        return self

    @model_validator(mode="after")
    def _open_to_nobody_unknown(self) -> Self:
        if self.auth == "off" and not self.loopback:
            raise ValueError(
                "DARKROOM_AUTH=off is for a loopback address only: set DARKROOM_AUTH=keys, or unset DARKROOM_HOST"
            )
        return self


class CommandSettings(GatewaySettings):
    """`./darkroom`: the operator's commands. Of Common it needs the database only."""

    redis_url: SecretStr = variable("REDIS_URL", SecretStr("redis://unused"))
    log_level: Literal["debug", "info", "warning", "error"] = variable("DARKROOM_LOG_LEVEL", "warning")
