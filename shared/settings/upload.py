"""The settings of the upload service."""

from typing import Self

from pydantic import model_validator

from shared.settings.checks import HostAndPort, Listed
from shared.settings.every_process import InnerSettings, Seconds, variable


class UploadSettings(InnerSettings):
    """The upload service."""

    port: int = variable("DARKROOM_PORT", 8011, ge=0, le=65535)
    store_threads: int = variable("DARKROOM_STORE_THREADS", 4, ge=1, le=64)
    """Fewer than elsewhere: each is a thread that reads and sends, beside those that receive and decode. One of them is
    for others than who has all the rest."""
    max_file: int = variable("DARKROOM_MAX_FILE_BYTES", 10 * 1024 * 1024, ge=1024)
    """Largest picture, in bytes. Cloudinary's free plan has the same limit."""
    temp_bytes: int = variable("DARKROOM_TEMP_BYTES", 3 * 1024**3, ge=1024)
    """Bytes of files that come in and are looked at in this process, together."""
    max_pixels: int = variable("DARKROOM_MAX_PIXELS", 25_000_000, ge=10_000)
    """Most pixels over all frames of one picture."""
    decoders: int | None = variable("DARKROOM_DECODERS", None, ge=1, le=64)
    """Most processes that decode pictures. Default: one for each core that this process may use."""
    decode_timeout: Seconds = variable("DARKROOM_DECODE_TIMEOUT", 20.0)
    """Seconds after which a decoder that has not answered is ended. The picture is not blamed: it may be sent again."""
    decode_cpu: Seconds = variable("DARKROOM_DECODE_CPU", 10.0)
    """Seconds of a processor that one picture may take; a picture that takes more is refused."""
    decode_queue: int = variable("DARKROOM_DECODE_QUEUE", 400, ge=1)
    """Pictures that may wait for a decoder."""
    decode_places: int = variable("DARKROOM_DECODE_PLACES", 100, ge=1)
    """Pictures of one key, and of one business, that may wait or be decoded at once."""
    decode_wait: Seconds = variable("DARKROOM_DECODE_WAIT", 60.0)
    """Seconds a picture may wait for a decoder; less than the gateway waits for an answer."""
    decode_seconds: Seconds = variable("DARKROOM_DECODE_SECONDS", 60.0)
    """Seconds of a processor that the pictures of one key, and of one business, may take in a minute."""
    probe_timeout: Seconds = variable("DARKROOM_PROBE_TIMEOUT", 10.0)
    """Seconds a look at a picture's public address may take in all, redirects included."""
    probes: int = variable("DARKROOM_PROBES", 16, ge=1, le=1000)
    """Looks at public addresses at once; a share of them of one key, and of one business."""
    probes_queue: int = variable("DARKROOM_PROBES_QUEUE", 100, ge=1)
    """Looks that wait for that; a share of so many of one key, and of one business."""
    probes_wait: Seconds = variable("DARKROOM_PROBES_WAIT", 20.0)
    """Seconds a look may wait; with the look itself less than the gateway waits for an answer."""
    probe_allow: Listed[HostAndPort] | None = variable("DARKROOM_PROBE_ALLOW", None)
    """`host:port` with commas between, which is fetched from even though it is not public. Anybody who may probe can
    then make the upload service ask there: never name a host that trusts its network."""

    @model_validator(mode="after")
    def _a_share_holds_a_picture(self) -> Self:
        if self.share * self.temp_bytes < self.max_file:
            raise ValueError("DARKROOM_SHARE of DARKROOM_TEMP_BYTES must hold DARKROOM_MAX_FILE_BYTES")
        return self

    @property
    def probe_allowed(self) -> frozenset[tuple[str, int]]:
        """`probe_allow` as pairs."""
        return frozenset(self.probe_allow or ())
