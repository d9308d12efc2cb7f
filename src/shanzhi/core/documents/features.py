"""Reading map features (GeoJSON 要素), plain, in .gz or in .zip, told apart by content."""

import gzip
import io
import json
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

from shanzhi.core.documents.tables import check_size
from shanzhi.core.kit.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature: its number in the file from 1, its properties as written, its GeoJSON geometry."""

    row: int
    properties: dict[str, Any]
    geometry: dict[str, Any] | None


def is_geojson(content: bytes) -> bool:
    """Whether a file, unpacked, begins as JSON does."""
    return content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def unpacked(content: bytes, *, max_bytes: int, max_unpacked_bytes: int) -> bytes:
    """The file inside a .gz, or the GeoJSON inside a .zip; anything else (an Excel file too) as it is.

    Raises InvalidInput on field `file` for what is too large or cannot be unpacked.
    """
    check_size(len(content), max_bytes)
    try:
        if content[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
                content = packed.read(max_unpacked_bytes + 1)
        elif content[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                names = [
                    item for item in archive.infolist()
                    if item.filename.lower().endswith((".geojson", ".json"))
                ]  # fmt: skip
                if not names:
                    return content
                with archive.open(names[0]) as packed_file:
                    content = packed_file.read(max_unpacked_bytes + 1)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise _bad("无法解压该文件。", "The file cannot be unpacked.") from error
    if len(content) > max_unpacked_bytes:
        raise _bad("文件解压后过大。", "The file is too large when unpacked.")
    return content


def read_features(
    content: bytes, *, max_bytes: int, max_unpacked_bytes: int, max_features: int
) -> list[Feature]:
    """The features of a GeoJSON file (RFC 7946): a collection, or one feature alone.

    Raises InvalidInput on field `file` for what is too large, empty or no GeoJSON.
    """
    plain = unpacked(content, max_bytes=max_bytes, max_unpacked_bytes=max_unpacked_bytes)
    try:
        found = json.loads(plain)
    except (ValueError, RecursionError) as error:
        raise _bad("文件不是有效的 GeoJSON。", "The file is not valid GeoJSON.") from error
    listed = found.get("features", [found]) if isinstance(found, dict) else None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise _bad("文件不是有效的 GeoJSON。", "The file is not valid GeoJSON.")
    if not listed:
        raise _bad("文件为空。", "The file is empty.")
    if len(listed) > max_features:
        raise _bad(f"最多 {max_features} 个要素。", f"At most {max_features} features.")
    return [
        Feature(row, _mapping(one.get("properties")) or {}, _mapping(one.get("geometry")))
        for row, one in enumerate(listed, start=1)
    ]


def _mapping(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _bad(zh: str, en: str) -> InvalidInput:
    return InvalidInput(field="file", reason_zh=zh, reason_en=en)
