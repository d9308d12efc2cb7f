"""The bytes on disk: the original as evidence (never served), what is shown, and a thumbnail."""

import io
import os
import tempfile
from pathlib import Path

from django.conf import settings
from PIL import Image, ImageOps, UnidentifiedImageError

from shanzhi.base.media.errors import FileTooLarge, NotAPhoto

MAX_BYTES = 12 * 1024 * 1024
MAX_PIXELS = 60_000_000
SHOWN_PIXELS = 2048
THUMBNAIL_PIXELS = 480
VARIANTS = ("shown", "thumbnail")
_TYPES = {"JPEG": "jpeg", "PNG": "png", "WEBP": "webp"}


def too_large() -> FileTooLarge:
    """The error, with the limits in words."""
    return FileTooLarge(field="photos", megabytes=MAX_BYTES // 1024**2, megapixels=MAX_PIXELS // 10**6)


def path_of(sha256: str, variant: str) -> Path:
    """Where a variant lies."""
    folder: Path = settings.SHANZHI_MEDIA_DIR
    return folder / sha256[:2] / sha256[2:4] / f"{sha256}.{variant}"


def part_of(sha256: str) -> Path:
    """Where an upload under way lies."""
    folder: Path = settings.SHANZHI_MEDIA_DIR
    return folder / "parts" / sha256


def write(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, and survives a power cut."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as made:
        made.write(content)
        made.flush()
        os.fsync(made.fileno())
    os.replace(name, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _as_jpeg(image: Image.Image, most: int, quality: int) -> bytes:
    """Upright, no larger than `most`, and without any metadata: position, device and time are left behind."""
    upright = ImageOps.exif_transpose(image)
    small = upright.convert("RGB")
    small.thumbnail((most, most))
    clean = Image.new("RGB", small.size)
    clean.paste(small)
    made = io.BytesIO()
    clean.save(made, "JPEG", quality=quality, optimize=True)
    return made.getvalue()


def examine(content: bytes) -> tuple[str, int, int, bytes, bytes]:
    """Type, width and height of a photo, and its two variants. Raises NotAPhoto, FileTooLarge."""
    if len(content) > MAX_BYTES:
        raise too_large()
    try:
        with Image.open(io.BytesIO(content), formats=list(_TYPES)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise too_large()
            found = _TYPES[image.format or ""]
            image.load()
            shown = _as_jpeg(image, SHOWN_PIXELS, 85)
            thumbnail = _as_jpeg(image, THUMBNAIL_PIXELS, 75)
            return found, image.width, image.height, shown, thumbnail
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise NotAPhoto(field="photos") from error
