"""`python -m library_service`."""

from library_service.main import build
from shared.http.server import serve
from shared.observability import log
from shared.settings import LibrarySettings, read

settings = read(LibrarySettings)
log.start("library_service", settings)
serve(build(settings), settings)
