"""`python -m upload_service`."""

from shared.http.server import serve
from shared.observability import log
from shared.settings import UploadSettings, read
from upload_service.decoder import confined
from upload_service.main import build

confined.hide_memory()
settings = read(UploadSettings)
log.start("upload_service", settings)
serve(build(settings), settings)
