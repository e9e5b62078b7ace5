"""`python -m library_service`."""

from library_service.main import build
from shared import log
from shared.serve import serve
from shared.settings import LibrarySettings, read

settings = read(LibrarySettings)
log.start("library_service", settings)
serve(build(settings), settings)
