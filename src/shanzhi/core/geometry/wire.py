"""The bytes of a vector tile: Mapbox Vector Tile specification 2.1 over protocol buffers, whole arrays at once.

Everything in a feature is a varint, so the features of a layer, over all tiles of a zoom, are one array of
numbers that is written in one go and cut at the tiles.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from struct import pack

import numpy as np
from numpy.typing import NDArray

EXTENT = 4096
POINT, POLYGON = 1, 3
MOVE_TO, CLOSE = 9, 15  # each once
Ints = NDArray[np.int64]
Value = str | bool | int | float | None

_FEATURE, _TAGS, _TYPE, _GEOMETRY = 0x12, 0x12, 0x18, 0x22  # field number and wire type
_TAIL = b"\x28\x80\x20\x78\x02"  # extent 4096, version 2


def zigzag(values: Ints) -> Ints:
    """Signed numbers as unsigned ones, small staying small."""
    return (values << 1) ^ (values >> 63)


def line_to(count: Ints) -> Ints:
    """The command that draws to `count` further points."""
    return (count << 3) | 2


def varint_sizes(values: Ints) -> Ints:
    """How many bytes each number (n,), from 0 to 2^35, takes."""
    return 1 + np.searchsorted([1 << 7, 1 << 14, 1 << 21, 1 << 28], values, side="right").astype(np.int64)


def varints(values: Ints, sizes: Ints) -> bytes:
    """Numbers (n,) one after another, each in groups of seven bits, the lowest first."""
    start = np.cumsum(sizes) - sizes
    made = np.empty(int(sizes.sum()), np.uint8)
    for group in range(int(sizes.max(initial=0))):
        there = np.flatnonzero(sizes > group)
        more = (sizes[there] > group + 1).astype(np.int64) << 7
        made[start[there] + group] = (values[there] >> (7 * group)) & 0x7F | more
    return made.tobytes()


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


def _field(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + _varint(len(content)) + content


def _value(value: Value) -> bytes:
    if isinstance(value, str):
        text = value.encode()
        if len(text) < 126:  # nearly all: both lengths are one byte
            return bytes((0x22, len(text) + 2, 0x0A, len(text))) + text
        content = _field(0x0A, text)
    elif isinstance(value, bool):
        content = bytes([0x38, value])
    elif isinstance(value, float):
        content = b"\x19" + pack("<d", value)
    else:
        assert value is not None
        content = b"\x28" + _varint(value) if value >= 0 else b"\x30" + _varint(-2 * value - 1)
    return _field(0x22, content)


@dataclass(frozen=True)
class Properties:
    """Properties of the features of a layer: `at` (n, keys) numbers the values, -1 where there is none."""

    keys: bytes
    values: list[bytes]
    at: Ints

    @classmethod
    def of(cls, columns: Mapping[str, Sequence[Value]], count: int) -> "Properties":
        """From columns of `count` values each; None is left out. Raises ValueError for another length."""
        at = np.full((count, len(columns)), -1, np.int64)
        known: dict[tuple[type, Value], int] = {}
        for number, (key, column) in enumerate(columns.items()):
            if len(column) != count:
                raise ValueError(f"{key} has {len(column)} values for {count} features")
            at[:, number] = [
                -1 if value is None else known.setdefault((type(value), value), len(known))
                for value in column
            ]  # fmt: skip
        keys = b"".join(_field(0x1A, key.encode()) for key in columns)
        return cls(keys, [_value(value) for _, value in known], at)


def layers(
    name: str, kind: int, tile: Ints, row: Ints, geometry: Ints, lengths: Ints, properties: Properties
) -> Iterator[tuple[int, bytes]]:
    """One layer of each tile, as (number of the tile, bytes that stand in the tile one after another).

    `tile` (f,), ascending, `row` (f,) of `properties` and `lengths` (f,) say of each feature where it lies,
    what it is, and how many of the numbers in `geometry` are its commands; `kind` is POINT or POLYGON.
    """
    if not len(tile):
        return
    tiles, first = np.unique(tile, return_index=True)
    tags, tag_counts, values = _tags(np.searchsorted(tiles, tile), len(tiles), row, properties)
    stream, sizes, feature_start = _features(kind, geometry, lengths, tags, tag_counts)
    content = varints(stream, sizes)
    offset = np.append(0, np.cumsum(sizes))[np.append(feature_start[first], len(stream))]
    named = _field(0x0A, name.encode())
    for at, number in enumerate(tiles.tolist()):
        body = b"".join(
            [named, content[offset[at] : offset[at + 1]], properties.keys]
            + [properties.values[value] for value in values[at]]
        )
        yield number, _field(0x1A, body + _TAIL)


def _tags(at: Ints, count: int, row: Ints, properties: Properties) -> tuple[Ints, Ints, list[list[int]]]:
    """Pairs of key and value of each feature, how many numbers they are, and the values of each tile."""
    many = max(len(properties.values), 1)
    used = properties.at[row]
    there = used >= 0
    keyed = (at[:, None] * many + used)[there]
    distinct, local = np.unique(keyed, return_inverse=True)
    bounds = np.searchsorted(distinct, np.arange(count + 1) * many)
    feature, key = np.nonzero(there)
    tags = np.column_stack([key, local - bounds[at[feature]]]).ravel()
    values = [(distinct[low:high] % many).tolist() for low, high in zip(bounds, bounds[1:], strict=False)]
    return tags, 2 * there.sum(1), values


def _sums(sizes: Ints, counts: Ints) -> Ints:
    ends = np.append(0, np.cumsum(sizes))[np.append(0, np.cumsum(counts))]
    return np.diff(ends)


def _features(
    kind: int, geometry: Ints, lengths: Ints, tags: Ints, tag_counts: Ints
) -> tuple[Ints, Ints, Ints]:
    """All features as numbers, how many bytes each number takes, and where the features begin."""
    geometry_sizes, tag_sizes = varint_sizes(geometry), varint_sizes(tags)
    geometry_bytes, tag_bytes = _sums(geometry_sizes, lengths), _sums(tag_sizes, tag_counts)
    whole = 4 + tag_bytes + geometry_bytes + varint_sizes(tag_bytes) + varint_sizes(geometry_bytes)
    counts = 8 + tag_counts + lengths
    start = np.cumsum(counts) - counts
    stream = np.empty(int(counts.sum()), np.int64)
    behind = start + 4 + tag_counts
    for place, content in (
        (start, _FEATURE), (start + 1, whole), (start + 2, _TAGS), (start + 3, tag_bytes),
        (behind, _TYPE), (behind + 1, kind), (behind + 2, _GEOMETRY), (behind + 3, geometry_bytes),
    ):  # fmt: skip
        stream[place] = content
    stream[_spread(start + 4, tag_counts)] = tags
    stream[_spread(behind + 4, lengths)] = geometry
    return stream, varint_sizes(stream), start


def _spread(start: Ints, counts: Ints) -> Ints:
    """The numbers start, start + 1, … of each run, one run after another."""
    return np.repeat(start - (np.cumsum(counts) - counts), counts) + np.arange(int(counts.sum()))
