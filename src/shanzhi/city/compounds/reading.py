"""Read a file of compounds (CSV, Excel, GeoJSON) into cells by field. Nothing here touches the database."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from shanzhi.city.compounds.fields import BLANK_WORDS
from shanzhi.city.compounds.mapping import Reading, fields_of, guess
from shanzhi.core.documents import is_geojson, read_features, read_table, unpacked
from shanzhi.core.kit.errors import InvalidInput

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_UNPACKED_BYTES = 400 * 1024 * 1024
MAX_ROWS = 1_500_000


@dataclass
class Cells:
    """A file as read: rows of (number in the file, text by field), and polygons by row number.

    `mapping` is heading -> field as used, `unmapped` the headings that nothing was read from, `skipped` how many
    rows the mapping leaves out. `lines` can be gone through once.
    """

    lines: Iterator[tuple[int, dict[str, str]]]
    rows: int
    mapping: dict[str, str]
    unmapped: list[str]
    reading: Reading
    shapes: dict[int, dict[str, Any]] = field(default_factory=dict)
    skipped: int = 0


def read_cells(content: bytes, reading: Reading | None = None) -> Cells:
    """The cells of a file, told apart by content; `reading`, or what it is silent about, is guessed.

    Raises InvalidInput on field `file` for what cannot be read or has no column for the name.
    """
    plain = unpacked(content, max_bytes=MAX_FILE_BYTES, max_unpacked_bytes=MAX_UNPACKED_BYTES)
    shapes: dict[int, dict[str, Any]] = {}
    if is_geojson(plain):
        table, first = _features(plain, shapes), 1
    else:
        table = read_table(
            plain, max_bytes=MAX_UNPACKED_BYTES, max_unpacked_bytes=MAX_UNPACKED_BYTES, max_rows=MAX_ROWS
        )
        first = 2
    headings = table[0]
    used = guess(headings) if reading is None else reading.over(guess(headings))
    at, mapping, unmapped = fields_of(used, headings)
    if "name" not in at and "name" not in used.constants:
        raise InvalidInput(
            field="file", reason_zh="缺少列：小区名称", reason_en="Missing column: the name of the compound"
        )
    cells = Cells(iter(()), len(table) - 1, mapping, unmapped, used, shapes)
    cells.lines = _lines(table, first, at, headings, cells)
    return cells


def _lines(
    table: list[list[str]], first: int, at: dict[str, int], headings: list[str], cells: Cells
) -> Iterator[tuple[int, dict[str, str]]]:
    reading = cells.reading
    only = [(headings.index(head), values) for head, values in reading.only.items() if head in headings]
    known: dict[str, str] = {}
    table.reverse()
    table.pop()
    row = first - 1
    while table:
        # A large file is let go of as it is read.
        line = table.pop()
        row += 1
        if not any(line):
            continue
        width = len(line)
        if any(index >= width or line[index] not in values for index, values in only):
            cells.skipped += 1
            continue
        found = dict(reading.constants)
        for name, index in at.items():
            if index < width and line[index] and line[index].lower() not in BLANK_WORDS:
                found[name] = known.setdefault(line[index], line[index])
        yield row, found


def _features(content: bytes, shapes: dict[int, dict[str, Any]]) -> list[list[str]]:
    """Features as a table: their properties, and the point as lon and lat; polygons go to `shapes`."""
    features = read_features(
        content, max_bytes=MAX_UNPACKED_BYTES, max_unpacked_bytes=MAX_UNPACKED_BYTES, max_features=MAX_ROWS
    )
    headings: dict[str, None] = {}
    for one in features:
        headings.update(dict.fromkeys(map(str, one.properties)))
    points = [_point(one.geometry) for one in features]
    names = [name for name in headings if not (any(points) and name in {"lon", "lat"})]
    table = [[*names, "lon", "lat"]]
    for one, point in zip(features, points, strict=True):
        if one.geometry is not None and one.geometry.get("type") in {"Polygon", "MultiPolygon"}:
            shapes[one.row] = one.geometry
        own = [_text(one.properties.get(name)) for name in ("lon", "lat")]
        table.append([*(_text(one.properties.get(name)) for name in names), *(point or own)])
    return table


def _point(geometry: dict[str, Any] | None) -> list[str] | None:
    if geometry is None or geometry.get("type") != "Point":
        return None
    at = geometry.get("coordinates")
    if not isinstance(at, list) or len(at) < 2 or not all(isinstance(one, int | float) for one in at[:2]):
        return None
    return [repr(float(one)) for one in at[:2]]


def _text(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return str(int(value))
    return str(value).strip()
