"""An invented town for a demo district: where its communities lie, and what stands in them.

The codes and names of divisions are real, their boundaries here are not: a chequered plan along a Hilbert curve, so
that what follows in the list lies side by side. All of it is marked approximate (近似).
"""

import math
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from django.conf import settings
from django.db import transaction

from shanzhi.city.compounds.bulk import BulkRows
from shanzhi.city.places import store
from shanzhi.city.places.models import Place
from shanzhi.core.geometry import Metres, voronoi_cells
from shanzhi.core.kit.yaml_files import read_yaml

# The south-west corner of the plan and the size of a square, in degrees; the plan is so many squares wide.
ORIGIN = (104.042, 30.60)
SQUARE = (0.0070, 0.0060)
WIDTH = 64
_TURN = math.pi * (3 - math.sqrt(5))


@dataclass(frozen=True)
class Style:
    """A type of compound."""

    kind: str
    suffix: str
    buildings: tuple[int, int]
    stairwells: tuple[int, int]
    floors: tuple[int, int]
    homes: tuple[int, int]
    spacing: float
    occupied: float


def hilbert(step: int, width: int = WIDTH) -> tuple[int, int]:
    """Column and row of a step along the Hilbert curve. Source: the usual bit-wise form (Wikipedia)."""
    x = y = 0
    size, rest = 1, step
    while size < width:
        right, up = 1 & (rest // 2), 1 & (rest ^ (rest // 2))
        if up == 0:
            if right == 1:
                x, y = size - 1 - x, size - 1 - y
            x, y = y, x
        x, y = x + size * right, y + size * up
        rest //= 4
        size *= 2
    return x, y


def lay_out(district: str, order: list[str], on: date) -> int:
    """Boundaries, compounds, buildings and floors for a district's communities; how many floors.

    `order` lists the codes of all communities of the plan: their place along the curve. Nothing happens where a
    compound stands already.
    """
    from shanzhi.city.compounds.models import Compound

    if Compound.objects.filter(area=district).exists():
        return 0
    pack = read_yaml(settings.PACKS / "demo" / "compounds.yaml")
    places = {place.code: place for place in Place.objects.filter(area=district, closed_on=None)}
    mine = [code for code in order if code in places]
    steps = {code: number for number, code in enumerate(order)}
    drawn = _boundaries(mine, steps) | _of_grids(places, mine)
    with transaction.atomic():
        _draw(places, drawn)
        rows, floors = BulkRows(), 0
        for code in mine:
            chance = np.random.default_rng([int(district), int(code[6:])])
            floors += _build(rows, places[code].id, district, code, drawn[code], pack, chance, on)
        rows.write()
    return floors


def _boundaries(codes: list[str], steps: dict[str, int]) -> dict[str, Any]:
    corners = {code: hilbert(steps[code]) for code in codes}
    boxes = [
        shapely.box(
            ORIGIN[0] + x * SQUARE[0], ORIGIN[1] + y * SQUARE[1],
            ORIGIN[0] + (x + 1) * SQUARE[0], ORIGIN[1] + (y + 1) * SQUARE[1],
        )
        for x, y in corners.values()
    ]  # fmt: skip
    spots = np.array([[box.centroid.x, box.centroid.y] for box in boxes])
    shift = np.array([_noise(int(code)) for code in codes])
    spots += shift * np.array(SQUARE) * 0.3
    plane = Metres.about(*spots.T)
    clip = shapely.set_precision(shapely.union_all(boxes), 1e-9)
    cells = voronoi_cells(plane.from_degrees(spots), plane.shapes_from_degrees(np.array([clip])).item())
    return dict(zip(codes, plane.shapes_to_degrees(cells), strict=True))


def _of_grids(places: dict[str, Place], codes: list[str]) -> dict[str, Any]:
    """A community whose grids are drawn already is as large as they are."""
    found: dict[str, Any] = {}
    for code in codes:
        grids = [
            p.boundary for p in places.values() if p.level == "grid" and p.code[:12] == code and p.boundary
        ]
        if grids:
            found[code] = shapely.union_all(shapely.from_wkb([bytes(grid) for grid in grids]))
    return found


def _noise(code: int) -> tuple[float, float]:
    """Two numbers from -1 to 1 that hang on the code alone."""
    chance = np.random.default_rng(code)
    return float(chance.uniform(-1, 1)), float(chance.uniform(-1, 1))


def _draw(places: dict[str, Place], drawn: dict[str, Any]) -> None:
    """Communities, and street offices and the district as what they add up to; real boundaries stay."""
    whole = dict(drawn)
    for length in (9, 6):
        parts: dict[str, list[Any]] = {}
        for code, shape in drawn.items():
            parts.setdefault(code[:length], []).append(shape)
        whole |= {code: shapely.union_all(shapes) for code, shapes in parts.items()}
    shapes = []
    for code, shape in whole.items():
        place = places.get(code)
        if place is not None and (place.boundary is None or place.approximate):
            inside = shape.representative_point()
            shapes.append((place.id, shapely.to_wkb(shape), True, inside.x, inside.y))
    store.set_shapes(shapes)


def _build(
    rows: BulkRows,
    place: UUID,
    area: str,
    code: str,
    cell: Any,
    pack: dict[str, Any],
    chance: np.random.Generator,
    on: date,
) -> int:
    sort = "village" if code[9:] >= "200" else "town" if code[6:9] >= "100" else "street"
    plan = pack["communities"][sort]
    styles = {
        name: Style(**{key: _pair(value) for key, value in given.items()})
        for name, given in pack["types"].items()
    }
    count = int(np.clip(chance.lognormal(math.log(plan["compounds"]) - 0.18, 0.6), 1, 90))
    chosen = chance.choice(list(plan["mix"]), size=count, p=list(plan["mix"].values()))
    middle = cell.representative_point()
    plane = Metres(middle.x, middle.y)
    used, written = 0.0, 0
    for number, name in enumerate(chosen):
        style = styles[str(name)]
        houses = int(chance.integers(*style.buildings, endpoint=True))
        room = houses * style.spacing**2
        far, angle = math.sqrt((used + room / 2) / math.pi), number * _TURN
        used += room * 1.25
        spot = np.array([far * math.cos(angle), far * math.sin(angle)])
        written += _compound(rows, place, area, pack, style, number, houses, spot, plane, chance, on)
    return written


def _pair(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _compound(
    rows: BulkRows,
    place: UUID,
    area: str,
    pack: dict[str, Any],
    style: Style,
    number: int,
    houses: int,
    spot: Any,
    plane: Metres,
    chance: np.random.Generator,
    on: date,
) -> int:
    stems, branches = pack["names"]["stems"], pack["names"]["branches"]
    name = (
        stems[number % 10]
        + branches[number % 12]
        + style.suffix
        + (str(number // 60 + 1) if number >= 60 else "")
    )
    storeys = int(chance.integers(*style.floors, endpoint=True))
    doors = int(chance.integers(*style.homes, endpoint=True))
    shop = style.kind == "shops"
    planned: list[tuple[str, Any, list[tuple[str, int, int, int]]]] = []
    for house in range(houses):
        turn = house * _TURN
        at = spot + style.spacing * 0.6 * math.sqrt(house) * np.array([math.cos(turn), math.sin(turn)])
        floors: list[tuple[str, int, int, int]] = []
        stairs = int(chance.integers(*style.stairwells, endpoint=True))
        for stair in range(stairs):
            counts = chance.binomial(doors, style.occupied, size=storeys)
            counts[0] = max(counts[0], 1)
            called = f"{stair + 1}单元" if stairs > 1 else ""
            floors += [(called, *band) for band in _bands(counts.tolist(), pack["band"])]
        planned.append((f"{house + 1}{'段' if shop else '栋'}", at, floors))
    total = sum(homes for _, _, floors in planned for *_, homes in floors)
    lon, lat = plane.to_degrees(spot[None])[0].tolist()
    compound = rows.compound(area, style.kind, name, place, lon, lat, total, houses, on, datum="wgs84")
    written = 0
    for called, at, floors in planned:
        east, north = plane.to_degrees(at[None])[0].tolist()
        building = rows.building(area, compound, called, east, north, on)
        for stair, low, top, homes in floors:
            rows.floor(area, building, stair, low, top, 0 if shop else homes, homes if shop else 0, on)
            written += 1
    return written


def _bands(counts: list[int], most: int) -> list[tuple[int, int, int]]:
    """Storeys gathered from below, up to `most` homes: (lowest, highest, homes), none of them empty."""
    bands: list[tuple[int, int, int]] = []
    for storey, homes in enumerate(counts, start=1):
        if not homes:
            continue
        if bands and bands[-1][2] + homes <= most:
            low, _, held = bands[-1]
            bands[-1] = (low, storey, held + homes)
        else:
            bands.append((storey, storey, homes))
    return bands
