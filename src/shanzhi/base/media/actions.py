"""Receiving photos: at once, or in pieces over a bad line."""

import hashlib
from datetime import datetime

from shanzhi.base.media import files
from shanzhi.base.media.errors import HashMismatch, WrongOffset
from shanzhi.base.media.models import MediaFile


def store(content: bytes, at: datetime) -> MediaFile:
    """Keep a photo (照片存证) under its hash; once it returns the bytes are on disk.

    Raises NotAPhoto, FileTooLarge. The same photo again returns what is there.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    known = MediaFile.objects.filter(sha256=sha256).first()
    if known is not None:
        return known
    found, width, height, shown, thumbnail = files.examine(content)
    # Bytes first, row last: a row never names what is not there.
    for variant, data in (("original", content), ("shown", shown), ("thumbnail", thumbnail)):
        files.write(files.path_of(sha256, variant), data)
    stored, _ = MediaFile.objects.get_or_create(
        sha256=sha256,
        defaults={"size": len(content), "type": found, "width": width, "height": height, "received_at": at},
    )
    return stored


def received(sha256: str) -> int:
    """How many bytes of an upload are here: where it goes on after a break."""
    known = MediaFile.objects.filter(sha256=sha256).first()
    if known is not None:
        return known.size
    part = files.part_of(sha256)
    return part.stat().st_size if part.exists() else 0


def append(sha256: str, offset: int, content: bytes, size: int, at: datetime) -> tuple[int, MediaFile | None]:
    """Add a piece; bytes received so far, and the file when it is whole.

    Raises WrongOffset (with the right one), FileTooLarge, HashMismatch, NotAPhoto; after the last two the upload
    begins anew.
    """
    if size > files.MAX_BYTES or offset + len(content) > size:
        raise files.too_large()
    has = received(sha256)
    known = MediaFile.objects.filter(sha256=sha256).first()
    if known is not None:
        return known.size, known
    if offset != has:
        raise WrongOffset(field="Upload-Offset", offset=has)
    part = files.part_of(sha256)
    part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with part.open("ab") as made:
        made.write(content)
    has += len(content)
    if has < size:
        return has, None
    whole = part.read_bytes()
    part.unlink()
    if hashlib.sha256(whole).hexdigest() != sha256:
        raise HashMismatch(field="photos")
    return has, store(whole, at)
