"""`python -m library_service`."""

from library_service.main import build
from shared.http.server import run
from shared.settings import LibrarySettings

run("library_service", LibrarySettings, build)
