"""Tiles on disk: one MBTiles file (SQLite) a set, written whole or not at all, read-only ever after.

MBTiles 1.3 counts rows from the south; here, as in addresses, they are counted from the north.
"""

import json
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

KEPT_TILES = 2048
_KEPT_FILES = 16
_TABLES = """
CREATE TABLE metadata (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tiles (
  zoom_level INTEGER NOT NULL, tile_column INTEGER NOT NULL, tile_row INTEGER NOT NULL, tile_data BLOB NOT NULL,
  PRIMARY KEY (zoom_level, tile_column, tile_row)
);
"""


@dataclass(frozen=True)
class Written:
    """What went into a file."""

    tiles: int
    size_bytes: int


def path_of(file_name: str) -> Path:
    """Where a file lies."""
    folder: Path = settings.SHANZHI_TILES_DIR
    return folder / file_name


def write(
    file_name: str, tiles: Iterable[tuple[int, int, int, bytes]], metadata: Mapping[str, object]
) -> Written:
    """Write (zoom, column, row, gzipped tile) under a temporary name, then give it the right one."""
    path = path_of(file_name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    try:
        count = _fill(name, tiles, metadata)
        with open(name, "rb") as made:
            os.fsync(made.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    return Written(count, path.stat().st_size)


def _fill(name: str, tiles: Iterable[tuple[int, int, int, bytes]], metadata: Mapping[str, object]) -> int:
    made = sqlite3.connect(name, isolation_level=None)
    try:
        # A file that is not whole is thrown away: no journal, no waiting for the disk in between.
        made.execute("PRAGMA journal_mode = OFF")
        made.execute("PRAGMA synchronous = OFF")
        made.executescript(_TABLES)
        made.execute("BEGIN")
        written = made.executemany(
            "INSERT INTO tiles VALUES (?, ?, ?, ?)",
            ((zoom, column, (1 << zoom) - 1 - row, tile) for zoom, column, row, tile in tiles),
        )
        texts = [
            (key, value if isinstance(value, str) else json.dumps(value)) for key, value in metadata.items()
        ]
        made.executemany("INSERT INTO metadata VALUES (?, ?)", texts)
        made.execute("COMMIT")
        return max(written.rowcount, 0)
    finally:
        made.close()


def remove(file_name: str) -> None:
    """Delete a file that no row names any more."""
    path_of(file_name).unlink(missing_ok=True)


_open = threading.local()


def _connection(path: str) -> sqlite3.Connection:
    """A connection of this thread to a file that never changes."""
    known: dict[str, sqlite3.Connection] = _open.__dict__.setdefault("files", {})
    if path not in known:
        if len(known) >= _KEPT_FILES:
            known.pop(next(iter(known))).close()
        known[path] = sqlite3.connect(f"{Path(path).as_uri()}?mode=ro&immutable=1", uri=True)
    return known[path]


def read(file_name: str, zoom: int, column: int, row: int) -> bytes | None:
    """A gzipped tile; None where there is nothing. Raises FileNotFoundError when the file is not there."""
    return _read(str(path_of(file_name)), zoom, column, row)


@lru_cache(maxsize=KEPT_TILES)
def _read(path: str, zoom: int, column: int, row: int) -> bytes | None:
    try:
        found = _connection(path).execute(
            "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?",
            [zoom, column, (1 << zoom) - 1 - row],
        ).fetchone()  # fmt: skip
    except sqlite3.OperationalError as error:
        raise FileNotFoundError(path) from error
    return None if found is None else bytes(found[0])


def forget() -> None:
    """Forget the tiles kept in memory and close the files of this thread."""
    _read.cache_clear()
    for opened in _open.__dict__.pop("files", {}).values():
        opened.close()
