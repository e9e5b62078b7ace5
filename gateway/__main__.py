"""`python -m gateway`."""

from gateway.main import build
from shared import log
from shared.serve import serve
from shared.settings import GatewaySettings, read

settings = read(GatewaySettings)
log.start("gateway", settings)
gateway = build(settings)
serve(gateway, settings, gateway.stop)
