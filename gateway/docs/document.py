"""`GET /openapi.json`: one document for the whole API, whoever answers.

It is the file beside this one, made of the code by `make openapi`; what is filled in here is of this installation: its
address, and whether it asks who asks.
"""

from pathlib import Path

import orjson

from gateway.static.files import StaticFile, page
from shared.settings import GatewaySettings

FILE = Path(__file__).parent / "openapi.json"


def document(settings: GatewaySettings) -> StaticFile:
    """As this installation sends it."""
    whole = orjson.loads(FILE.read_bytes())
    whole["servers"] = [{"url": settings.public_url}]
    if settings.auth != "off":
        whole["security"] = [{"key": []}]
    return page(orjson.dumps(whole), "application/json")
