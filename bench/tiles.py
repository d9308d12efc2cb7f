"""Polygons and vector tiles of a whole city, beside the encoder of mapbox-vector-tile.

    python bench/tiles.py [seed]

Needs ../shared/bench/microgrid (the generator); without mapbox-vector-tile the peer is left out.

Measured on 2 cores shared with other work, seed 7 (3,044 communities, 384,572 buildings, 8.48 M households; community
areas are cells of compounds in the city's hull; 16 districts, 256 street offices, 28,901 grids, 139,544 micro-grids):

    areas of communities                 1.0 CPU s
    polygons of micro-grids             14.3          none empty, all valid, areas add up to 2e-15
    tiles, all levels and zooms         22.1          2,567 tiles, 38.2 MB, the largest 142 kB
    writing                              0.05
    read from disk, opened anew         p50 0.61 ms  p95 2.95 ms  (pages dropped before each)
    read from memory                    p50 0.02 ms  p95 0.03 ms

    CPU ms for a tile of zoom 13 or 14   encoding   all in all
      shapely, mapbox-vector-tile            20.6         25.0    (not simplified)
      ours, with all zooms, simplified        2.1          8.8
      times ours                              9.8          2.9    (bytes 1.00 of the peer's)
"""

from __future__ import annotations

import gzip
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from django.conf import settings

from shanzhi.city.maps import archive
from shanzhi.core.geometry import Layer, Metres, from_mercator, grid_polygons, pyramid, tiles
from shanzhi.core.planning import partition

SHARED = Path(__file__).resolve().parents[2] / "shared" / "bench" / "microgrid"
CENTRE = Metres(104.06, 30.66)
COUNTIES, STREETS, A_GRID = 20, 261, 5
READS, PEER_TILES = 2000, 40
FILE = "city.mbtiles"
Arrays = dict[str, Any]


def timed(what: str, work: Callable[[], Any]) -> Any:
    begun, at = time.process_time(), time.perf_counter()
    result = work()
    print(f"{what:34} {time.process_time() - begun:7.2f} CPU s {time.perf_counter() - at:7.2f} s")
    return result


def middles(of: np.ndarray, xy: np.ndarray) -> np.ndarray:
    count = np.bincount(of)
    return np.stack([np.bincount(of, xy[:, axis]) / count for axis in (0, 1)], axis=1)


def communities(city: Arrays) -> np.ndarray:
    """Areas of the communities: the cells of their compounds in the city's hull."""
    compound = middles(city["comp"], city["xyz"][:, :2].astype(float))
    of = np.zeros(len(compound), np.int64)
    of[city["comp"]] = city["community"]
    hull = shapely.MultiPoint(compound).convex_hull.buffer(300)
    return grid_polygons(compound, hull, np.arange(len(compound)), of, np.ones(len(compound)))[1]


def cells(city: Arrays, clips: np.ndarray, label: np.ndarray) -> list[np.ndarray]:
    """The micro-grids of each community."""
    spot = middles(city["bld"], city["xyz"][:, :2].astype(float))
    made = []
    for number, clip in enumerate(clips):
        span = slice(city["noff"][number], city["noff"][number + 1])
        house, building = np.unique(city["bld"][span], return_inverse=True)
        made.append(grid_polygons(spot[house], clip, building, label[span], city["hh"][span])[1])
    return made


def judged(made: list[np.ndarray], clips: np.ndarray) -> str:
    whole = all(shapely.coverage_is_valid(shapes) and shapely.is_valid(shapes).all() for shapes in made)
    empty = sum(int(shapely.is_empty(shapes).sum()) for shapes in made)
    apart = max(
        abs(shapely.area(shapes).sum() / clip.area - 1) for shapes, clip in zip(made, clips, strict=True)
    )
    return f"{sum(map(len, made))} polygons, {empty} empty, coverages valid: {whole}, area off by at most {apart:.0e}"


def joined(shapes: np.ndarray, group: np.ndarray) -> np.ndarray:
    order = np.argsort(group, kind="stable")
    bounds = np.flatnonzero(np.diff(group[order])) + 1
    return np.array([shapely.coverage_union_all(part) for part in np.split(shapes[order], bounds)], object)


def bands(shapes: np.ndarray, count: int) -> np.ndarray:
    """A group for each shape: vertical strips, cut across, about `count` in all."""
    spot = shapely.get_coordinates(shapely.centroid(shapes))
    strips = max(1, round(count**0.5))
    strip = np.argsort(np.argsort(spot[:, 0])) * strips // len(spot)
    group = np.zeros(len(spot), np.int64)
    for number in range(strips):
        here = np.flatnonzero(strip == number)
        rank = np.argsort(np.argsort(spot[here, 1]))
        group[here] = number * strips + rank * strips // max(len(here), 1)
    return group


def layers(made: list[np.ndarray], clips: np.ndarray) -> list[Layer]:
    """All levels, in degrees, with properties as long as real ones."""
    micro = np.concatenate(made)
    grids = np.concatenate([joined(shapes, bands(shapes, -(-len(shapes) // A_GRID))) for shapes in made])
    levels = [
        ("county", joined(clips, bands(clips, COUNTIES)), 5), ("street", joined(clips, bands(clips, STREETS)), 8),
        ("community", clips, 10), ("grid", grids, 12), ("microgrid", micro, 13),
    ]  # fmt: skip
    chance = np.random.default_rng(1)

    def properties(count: int) -> dict[str, list[Any]]:
        return {
            "id": [str(UUID(bytes=chance.bytes(16))) for _ in range(count)],
            "code": [f"{510100000000000000 + number}" for number in range(count)],
            "name": [f"示例{number % 97 + 1}栋{number % 5 + 1}单元" for number in range(count)],
            "approx": [True] * count,
            "households": chance.integers(30, 100, count).tolist(),
        }

    return [
        Layer(name, CENTRE.shapes_to_degrees(shapes), properties(len(shapes)), zoom)
        for name, shapes, zoom in levels
    ]


def percentiles(what: str, took: list[float]) -> None:
    p50, p95, p99 = np.percentile(np.array(took) * 1000, [50, 95, 99])
    print(f"{what:34} p50 {p50:7.3f} ms  p95 {p95:7.3f} ms  p99 {p99:7.3f} ms")


def reads(keys: list[tuple[int, int, int]]) -> None:
    """Each tile by a reader that has not opened the file, its pages dropped; then again from memory."""
    chance = np.random.default_rng(2)
    chosen = [keys[at] for at in chance.integers(0, len(keys), READS).tolist()]
    cold, warm = [], []
    file = os.open(archive.path_of(FILE), os.O_RDONLY)
    for key in chosen:
        archive.forget()
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        begun = time.perf_counter()
        archive.read(FILE, *key)
        between = time.perf_counter()
        archive.read(FILE, *key)
        warm.append(time.perf_counter() - between)
        cold.append(between - begun)
    os.close(file)
    percentiles("read from disk, opened anew", cold)
    percentiles("read from memory", warm)


def encoding(drawn: list[Layer]) -> tuple[float, float]:
    """CPU seconds of all zooms for each tile of zoom 13 and 14, and of it for numbers, bytes and gzip."""
    spent = 0.0

    def watched(work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any, **named: Any) -> Any:
            nonlocal spent
            begun = time.process_time()
            result = work(*given, **named)
            if isinstance(result, Iterator):
                result = iter(list(result))
            spent += time.process_time() - begun
            return result

        return run

    places = [(tiles, "commands"), (tiles.wire, "layers"), (tiles.gzip, "compress")]
    kept = [getattr(*place) for place in places]
    for place, work in zip(places, kept, strict=True):
        setattr(*place, watched(work))
    begun = time.process_time()
    made = sum(zoom >= 13 for zoom, *_ in pyramid(drawn))
    whole = time.process_time() - begun
    for place, work in zip(places, kept, strict=True):
        setattr(*place, work)
    return whole / made, spent / made


def peer(drawn: list[Layer], keys: list[tuple[int, int, int]]) -> None:
    """shapely and mapbox-vector-tile, tile by tile: features found and cut, then encoded; without simplifying."""
    if importlib.util.find_spec("mapbox_vector_tile") is None:
        print("mapbox-vector-tile: not installed")
        return
    import mapbox_vector_tile

    chance = np.random.default_rng(3)
    wanted = [key for key in keys if key[0] >= 13]
    found, took, size, ours, same = 0.0, 0.0, 0, 0, 0
    trees = [shapely.STRtree(layer.shapes) for layer in drawn]
    for zoom, column, row in (wanted[at] for at in chance.integers(0, len(wanted), PEER_TILES).tolist()):
        edge = 64 / 4096
        start = time.process_time()
        corners = from_mercator(
            np.array([[column - edge, row + 1 + edge], [column + 1 + edge, row - edge]]) / (1 << zoom)
        )
        cut = shapely.box(*corners.ravel())
        given = []
        for layer, tree in zip(drawn, trees, strict=True):
            at = np.sort(tree.query(cut, predicate="intersects"))
            shapes = shapely.intersection(layer.shapes[at], cut)
            given.append(
                {
                    "name": layer.name,
                    "features": [
                        {
                            "geometry": shape,
                            "properties": {key: column[i] for key, column in layer.properties.items()},
                        }
                        for i, shape in zip(at.tolist(), shapes, strict=True)
                    ],
                }
            )
        west, south, east, north = cut.bounds
        begun = time.process_time()
        made = mapbox_vector_tile.encode(
            given, default_options={"quantize_bounds": (west, south, east, north), "extents": 4096}
        )
        packed = gzip.compress(made, 6)
        found += begun - start
        took += time.process_time() - begun
        size += len(packed)
        own = archive.read(FILE, zoom, column, row) or b""
        ours += len(own)
        count = sum(
            len(layer["features"]) for layer in mapbox_vector_tile.decode(gzip.decompress(own)).values()
        )
        same += abs(count - sum(len(layer["features"]) for layer in given)) <= 0.02 * count + 1
    whole, encoded = encoding(drawn)
    theirs, all_theirs = took / PEER_TILES, (found + took) / PEER_TILES
    print("CPU ms for a tile of zoom 13 or 14   encoding   all in all")
    print(f"  shapely, mapbox-vector-tile        {theirs * 1000:8.1f} {all_theirs * 1000:12.1f}")
    print(f"  ours, with all zooms, simplified   {encoded * 1000:8.1f} {whole * 1000:12.1f}")
    print(f"  times ours                         {theirs / encoded:8.1f} {all_theirs / whole:12.1f}")
    print(
        f"  bytes: ours {ours / size:.2f} of the peer's; as many features, within 2 %: {same} of {PEER_TILES}"
    )


def run(city: Arrays) -> None:
    city["community"] = np.repeat(np.arange(len(city["noff"]) - 1), np.diff(city["noff"]))
    label = partition(
        city["hh"], city["E"][:, :2], city["E"][:, 2], city["xyz"][:, :2], compound=city["comp"],
        building=city["bld"], stairwell=city["unit"],
    ).label  # fmt: skip
    clips = timed("areas of communities", lambda: communities(city))
    made = timed("polygons of micro-grids", lambda: cells(city, clips, label))
    print(judged(made, clips))
    drawn = layers(made, clips)
    print(", ".join(f"{layer.name} {len(layer.shapes)}" for layer in drawn))
    packed = timed("tiles, all levels and zooms", lambda: list(pyramid(drawn)))
    timed("  of micro-grids alone", lambda: sum(1 for _ in pyramid(drawn[-1:])))
    written = timed("writing", lambda: archive.write(FILE, packed, {"name": "bench", "format": "pbf"}))
    largest = max(len(tile) for *_, tile in packed)
    print(f"{written.tiles} tiles, {written.size_bytes / 1e6:.1f} MB, the largest {largest / 1000:.0f} kB")
    keys = [(zoom, column, row) for zoom, column, row, _ in packed]
    reads(keys)
    peer(drawn, keys)


def main() -> None:
    if not SHARED.is_dir():
        print("skipped: needs ../shared/bench/microgrid")
        return
    seed = sys.argv[1] if len(sys.argv) > 1 else "7"
    with tempfile.TemporaryDirectory() as folder:
        settings.configure(SHANZHI_TILES_DIR=Path(folder))
        path = Path(folder) / "city.npz"
        subprocess.run([sys.executable, str(SHARED / "generate.py"), str(path), "3044", seed], check=True)
        run(dict(np.load(path)))


if __name__ == "__main__":
    main()
