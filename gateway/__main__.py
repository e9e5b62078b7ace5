"""`python -m gateway`."""

from gateway.main import build
from shared.http.server import run
from shared.settings import GatewaySettings

run("gateway", GatewaySettings, build)
