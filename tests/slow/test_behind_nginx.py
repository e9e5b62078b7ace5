"""Behind a proxy that packs answers and so weakens their tags: what was said of a version is still understood."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests import pictures
from tests.servers import ValkeyServer
from tests.slow.nginx import PREFIX, nginx
from tests.stack import Stack


@pytest.fixture
def url(database: str, tmp_path: Path) -> Iterator[str]:
    with (
        ValkeyServer() as queue,
        Stack(tmp_path, database_url=database, redis_url=queue.url, workers=0) as stack,
        nginx(tmp_path / "nginx", stack.url) as url,
    ):
        yield url


def test_versions_are_known_again_behind_nginx(url: str) -> None:
    images = f"{url}/api/v1/images"
    with httpx2.Client(headers={"Accept-Encoding": "gzip"}) as client:
        made = client.post(
            f"{images}/upload", params={"business_id": 1}, files={"file": ("a.png", pictures.png(50, 50))}
        )
        path = f"{images}/{made.json()['id']}"
        first = client.get(path)
        tag = first.headers["etag"]
        assert (first.headers["content-encoding"], tag[:2]) == ("gzip", "W/")

        assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")

        changed = client.patch(path, json={"alt_text": "a square"}, headers={"If-Match": tag})
        assert changed.status_code == 200
        late = client.patch(path, json={"alt_text": "a circle"}, headers={"If-Match": tag})
        assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")

        sizes = client.get(f"{images}/generate/sizes")
        again = client.get(f"{images}/generate/sizes", headers={"If-None-Match": sizes.headers["etag"]})
        assert again.status_code == 304


def test_a_picture_of_the_largest_size_goes_through(url: str) -> None:
    largest = pictures.jpeg(800, 600) + bytes(10 * 1024 * 1024 - 100_000 - len(pictures.jpeg(800, 600)))
    for prefix in ("", PREFIX):
        sent = httpx2.post(
            f"{url}{prefix}/api/v1/images/validate", files={"file": ("a.jpg", largest)}, data={"platform": "instagram"}
        )
        assert sent.status_code in (200, 422), sent.text
        assert "nginx" not in sent.text
