"""The settings of the library service."""

from pydantic import Field

from shared.settings.every_process import InnerSettings, variable


class LibrarySettings(InnerSettings):
    """The library service."""

    keep_prompts: int | None = Field(None, ge=1, le=36_500, validation_alias=variable("DARKROOM_KEEP_PROMPTS_DAYS"))
    """Days after its job's end that a prompt is kept; then it is erased wherever it is. Default: without end."""
    keep_jobs: int | None = Field(None, ge=1, le=36_500, validation_alias=variable("DARKROOM_KEEP_JOBS_DAYS"))
    """Days after its end that a job is kept; its prompt goes with it at the latest. Default: without end."""
    keep_ledger: int | None = Field(None, ge=7, le=36_500, validation_alias=variable("DARKROOM_KEEP_LEDGER_DAYS"))
    """Days that the row of a vendor call is kept; the sums of its day stay. Default: without end."""
    port: int = Field(8012, ge=0, le=65535, validation_alias=variable("DARKROOM_PORT"))
