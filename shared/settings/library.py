"""The settings of the library service."""

from pydantic import Field

from shared.settings.every_process import InnerSettings, variable


class LibrarySettings(InnerSettings):
    """The library service."""

    port: int = Field(8012, ge=0, le=65535, validation_alias=variable("DARKROOM_PORT"))
