"""`python -m gateway`."""

from gateway.main import build
from shared.http.server import serve
from shared.observability import log
from shared.settings import GatewaySettings, read

settings = read(GatewaySettings)
log.start("gateway", settings)
gateway = build(settings)
serve(gateway, settings, gateway.stop)
