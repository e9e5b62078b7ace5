"""What a stranger does with the client that was generated: upload, generate, poll, list by cursor, delete."""

import sys
import time
from io import BytesIO
from pathlib import Path

from darkroom_client import Client
from darkroom_client.api.generation import generate_image, get_job
from darkroom_client.api.library import delete_image, list_images
from darkroom_client.api.uploads import upload_image
from darkroom_client.models import GenerateRequest, UploadImageBody
from darkroom_client.types import File

client = Client(base_url=sys.argv[1], raise_on_unexpected_status=True)
picture = File(payload=BytesIO(Path(sys.argv[2]).read_bytes()), file_name="a.png", mime_type="image/png")
uploaded = upload_image.sync(client=client, body=UploadImageBody(file=picture), business_id=1)

job = generate_image.sync(client=client, body=GenerateRequest(prompt="a red fox", business_id=1))
until = time.monotonic() + 60
while job.finished_at is None and time.monotonic() < until:
    job = get_job.sync(job_id=job.job_id, client=client, prefer="wait=5")
assert (job.status, job.cost.charged) == ("succeeded", True), job

found, cursor = [], None
while cursor or not found:
    page = list_images.sync(client=client, business_id=1, page_size=1, **({"cursor": cursor} if cursor else {}))
    found += [image.id for image in page.items]
    cursor = page.next_cursor
assert found == [job.image.id, uploaded.id], found

gone = [delete_image.sync(image_id=image, client=client) for image in found]
assert all(image.deleted_at for image in gone), gone
assert list_images.sync(client=client, business_id=1).total == 0
