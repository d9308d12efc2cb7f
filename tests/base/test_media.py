"""Photos: told by content, shown without position, received in pieces, kept under their hash."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import pytest
from PIL import Image

from shanzhi.base.media import actions, files, queries
from shanzhi.base.media.errors import FileTooLarge, HashMismatch, NotAPhoto, WrongOffset
from shanzhi.base.media.models import MediaFile
from shanzhi.core.kit.clock import FixedClock

pytestmark = pytest.mark.django_db
GPS = 0x8825
ORIENTATION = 0x0112


def photo(
    size: tuple[int, int] = (640, 480), kind: str = "JPEG", exif: bool = False, colour: int = 90
) -> bytes:
    image = Image.new("RGB", size, (colour, 120, 60))
    made = io.BytesIO()
    options: dict[str, Any] = {}
    if exif:
        data = Image.Exif()
        data[ORIENTATION] = 6
        data.get_ifd(GPS).update({1: "N", 2: (30.0, 38.0, 0.0), 3: "E", 4: (104.0, 2.0, 0.0)})
        options["exif"] = data
    image.save(made, kind, **options)
    return made.getvalue()


def test_a_photo_is_shown_upright_and_without_its_position(clock: FixedClock) -> None:
    content = photo(exif=True)
    assert Image.open(io.BytesIO(content)).getexif().get_ifd(GPS)
    stored = actions.store(content, clock.now())
    assert (stored.sha256, stored.type, stored.width, stored.height) == (
        hashlib.sha256(content).hexdigest(), "jpeg", 640, 480,
    )  # fmt: skip
    for variant, size in (("shown", (480, 640)), ("thumbnail", (360, 480))):
        image = Image.open(io.BytesIO(queries.read(stored.sha256, variant)))
        assert (image.size, len(image.getexif()), image.info.get("exif")) == (size, 0, None)
    assert files.path_of(stored.sha256, "original").read_bytes() == content
    assert actions.store(content, clock.now()) == stored
    assert MediaFile.objects.count() == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_type_is_told_by_content(kind: str, clock: FixedClock) -> None:
    assert actions.store(photo(kind=kind), clock.now()).type == kind.lower()


@pytest.mark.parametrize(
    "content",
    [b"", b"<svg onload='x'/>", b"GIF89a" + bytes(40), photo()[:200], b"\xff\xd8\xff\xe0" + bytes(99)],
)
def test_what_is_no_photo_is_refused(content: bytes, clock: FixedClock) -> None:
    with pytest.raises(NotAPhoto):
        actions.store(content, clock.now())
    assert MediaFile.objects.count() == 0
    assert not files.path_of(hashlib.sha256(content).hexdigest(), "original").exists()


def test_too_many_pixels_are_refused(clock: FixedClock) -> None:
    with pytest.raises(FileTooLarge):
        actions.store(photo((9000, 7000), "PNG"), clock.now())


def test_an_upload_goes_on_where_it_stopped(clock: FixedClock) -> None:
    content = photo((1200, 900))
    sha256, size = hashlib.sha256(content).hexdigest(), len(content)
    assert actions.append(sha256, 0, content[:1000], size, clock.now()) == (1000, None)
    assert actions.received(sha256) == 1000
    with pytest.raises(WrongOffset) as wrong:
        actions.append(sha256, 0, content[:1000], size, clock.now())
    assert wrong.value.params["offset"] == 1000
    has, stored = actions.append(sha256, 1000, content[1000:], size, clock.now())
    assert (has, stored and stored.sha256) == (size, sha256)
    assert actions.append(sha256, 0, content[:10], size, clock.now())[1] == stored
    assert not files.part_of(sha256).exists()


def test_a_damaged_upload_begins_anew(clock: FixedClock) -> None:
    content = photo()
    with pytest.raises(HashMismatch):
        actions.append("0" * 64, 0, content, len(content), clock.now())
    assert actions.received("0" * 64) == 0
    with pytest.raises(FileTooLarge):
        actions.append("0" * 64, 0, b"x", files.MAX_BYTES + 1, clock.now())


def test_through_the_interface(client: Any) -> None:
    content = photo(exif=True)
    answer = client.post("/api/media", content, content_type="image/jpeg")
    assert answer.status_code == 201, answer.content
    sha256 = json.loads(answer.content)["sha256"]
    shown = client.get(f"/api/media/{sha256}/thumbnail")
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    assert "immutable" in shown["Cache-Control"] and shown["X-Content-Type-Options"] == "nosniff"
    for variant in ("original", "../../secret_key", "shown.txt"):
        assert client.get(f"/api/media/{sha256}/{variant}").status_code == 404
    answer = client.post("/api/media", b"not a photo", content_type="image/jpeg")
    assert (answer.status_code, json.loads(answer.content)["error"]["code"]) == (422, "not-a-photo")
    other = photo(colour=10)
    address = f"/api/media/{hashlib.sha256(other).hexdigest()}"
    headers = {"Upload-Offset": "0", "Upload-Length": str(len(other))}
    answer = client.put(address, other[:100], content_type="application/octet-stream", headers=headers)
    assert (answer.status_code, json.loads(answer.content)) == (200, {"received": 100, "media": None})
    assert json.loads(client.get(address).content)["received"] == 100
    headers["Upload-Offset"] = "100"
    answer = client.put(address, other[100:], content_type="application/octet-stream", headers=headers)
    assert json.loads(answer.content)["media"]["width"] == 640
    assert client.get("/api/media/xyz").status_code == 422
