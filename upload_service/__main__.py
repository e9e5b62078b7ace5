"""`python -m upload_service`."""

from shared.http.server import run
from shared.settings import UploadSettings
from upload_service.decoder import confined
from upload_service.main import build

confined.hide_memory()
run("upload_service", UploadSettings, build)
