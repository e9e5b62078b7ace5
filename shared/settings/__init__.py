"""The only reader of the environment: one frozen class per process, handed in as a value.

Every field says its unit. docs/configuration.md lists each one; a test compares the two.
"""

from shared.settings.every_process import SANDBOX_WORD, Common, InnerSettings, StoreSettings, read
from shared.settings.gateway import CommandSettings, GatewaySettings
from shared.settings.library import LibrarySettings
from shared.settings.upload import UploadSettings
from shared.settings.worker import WorkerSettings

__all__ = [
    "SANDBOX_WORD",
    "CommandSettings",
    "Common",
    "GatewaySettings",
    "InnerSettings",
    "LibrarySettings",
    "StoreSettings",
    "UploadSettings",
    "WorkerSettings",
    "read",
]
