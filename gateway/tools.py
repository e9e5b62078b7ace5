"""What the gateway is built of, made once."""

from dataclasses import dataclass

from gateway.watch import Watch
from shared.catalogue import Catalogue
from shared.db import Pool
from shared.doorbell import Doorbell
from shared.settings import GatewaySettings


@dataclass(frozen=True, slots=True)
class Tools:
    """Handed to every route as `request.app.state.tools`."""

    settings: GatewaySettings
    db: Pool
    bell: Doorbell
    catalogue: Catalogue
    watch: Watch
