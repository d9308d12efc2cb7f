"""A town that can be drawn: squares for places, grids, compounds with floors."""

from datetime import timedelta

import pytest
import shapely
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.city.compounds.bulk import BulkRows
from shanzhi.city.compounds.models import Floor, Membership
from shanzhi.city.maps import archive, queries
from shanzhi.city.places import actions as places
from shanzhi.city.places import store

WEST, SOUTH, SIDE = 104.0, 30.0, 0.04
GRIDS = {
    "900101001001001": "东一网格", "900101001001001001": "东一微网格", "900101001001001002": "东二微网格",
    "900102001201001": "西一网格", "900102001201001001": "西一微网格",
}  # fmt: skip
# Columns and rows of squares of which each place is made: the two districts lie side by side.
SQUARES = {
    "900101": (0, 0, 4, 4), "900101001": (0, 0, 4, 2), "900101002": (0, 2, 4, 4), "900101001001": (0, 0, 2, 2),
    "900101001002": (2, 0, 4, 2), "900101002001": (0, 2, 4, 4), "900102": (4, 0, 8, 4),
    "900102001": (4, 0, 8, 4), "900102001201": (4, 0, 8, 4), "900101001001001": (0, 0, 2, 2),
    "900101001001001001": (0, 0, 1, 2), "900101001001001002": (1, 0, 2, 2), "900102001201001": (4, 0, 8, 4),
    "900102001201001001": (4, 0, 8, 4),
}  # fmt: skip


def degrees(column, row):
    return WEST + column * SIDE / 4, SOUTH + row * SIDE / 4


@pytest.fixture
def drawn(town, at, rows_of):
    """The town with boundaries everywhere, two grids, three micro-grids, two compounds with floors."""
    archive.forget()
    queries._file_of.cache_clear()
    on = localdate(at) - timedelta(days=300)
    report = places.import_divisions(rows_of(*GRIDS.items()), on=on, actor=SYSTEM, at=at)
    assert report.errors == []
    ids = dict(town) | {code: places.queries.by_code(code, on).id for code in GRIDS}
    shapes = []
    for code, (west, south, east, north) in SQUARES.items():
        shape = shapely.box(*degrees(west, south), *degrees(east, north))
        shapes.append((ids[code], shapely.to_wkb(shape), len(code) > 12, *shape.centroid.coords[0]))
    store.set_shapes(shapes)
    rows = BulkRows()
    for code, microgrid, name, spot in (
        ("900101001001", "900101001001001002", "示例东苑", (1.5, 1)),
        ("900102001201", "900102001201001001", "示例西苑", (6, 2)),
    ):
        compound = rows.compound(code[:6], "compound", name, ids[code], *degrees(*spot), 24, 1, on)
        block = rows.building(code[:6], compound, "1栋", *degrees(*spot), on)
        floors = [rows.floor(code[:6], block, "", n, n, 10 + n, 0, on) for n in (1, 2)]
        rows.write()
        for floor in floors:
            Membership.objects.create(area=code[:6], floor_id=floor, place_id=ids[microgrid], from_on=on)
    assert Floor.objects.count() == 4
    return ids
