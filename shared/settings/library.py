"""The settings of the library service."""

from shared.settings.every_process import InnerSettings, Seconds, variable


class LibrarySettings(InnerSettings):
    """The library service."""

    keep_prompts: int | None = variable("DARKROOM_KEEP_PROMPTS_DAYS", None, ge=1, le=36_500)
    """Days after its job's end that a prompt is kept; then it is erased wherever it is. Default: without end."""
    keep_jobs: int | None = variable("DARKROOM_KEEP_JOBS_DAYS", None, ge=1, le=36_500)
    """Days after its end that a job is kept; its prompt goes with it at the latest. Default: without end."""
    keep_ledger: int | None = variable("DARKROOM_KEEP_LEDGER_DAYS", None, ge=7, le=36_500)
    """Days that the row of a vendor call is kept; the sums of its day stay. Default: without end."""
    copies: int = variable("DARKROOM_COPIES", 8, ge=1, le=1000)
    """Copies in a platform's shape that are made at once, and are in memory; a share of them of one business."""
    copies_queue: int = variable("DARKROOM_COPIES_QUEUE", 200, ge=1)
    """Copies that wait to be made; a share of so many of one business."""
    copies_wait: Seconds = variable("DARKROOM_COPIES_WAIT", 60.0)
    """Seconds a copy may wait to be made; less than the gateway waits for an answer."""
    purges_queue: int = variable("DARKROOM_PURGES_QUEUE", 200, ge=1)
    """Pictures that wait to be destroyed now; a share of so many of one business."""
    purges_wait: Seconds = variable("DARKROOM_PURGES_WAIT", 25.0)
    """Seconds a picture may wait to be destroyed now; with the call less than the gateway waits for an answer."""
    port: int = variable("DARKROOM_PORT", 8012, ge=0, le=65535)
