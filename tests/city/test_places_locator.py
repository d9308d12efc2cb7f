"""Which place a point lies in."""

import math

import numpy as np
import pytest
import shapely

from shanzhi.base.access import SYSTEM
from shanzhi.base.access.capabilities import PLACE_MANAGE, PLACE_VIEW
from shanzhi.city.places import actions, queries
from shanzhi.city.places.errors import BadBoundary, OutsideYourPlaces
from shanzhi.city.places.locator import shape_of
from shanzhi.city.places.models import Place
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused

pytestmark = pytest.mark.once


def square(west, south, east, north):
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.fixture
def shaped(town, at):
    """District, street office and one community with boundaries; one village with a point only."""
    for code, boundary in (
        ("900101", square(104.0, 30.0, 104.2, 30.2)),
        ("900101001", square(104.0, 30.0, 104.1, 30.1)),
        ("900101001001", square(104.0, 30.0, 104.01, 30.01)),
    ):
        actions.set_shape(town[code], boundary=boundary, actor=SYSTEM, at=at)
    actions.set_shape(town["900102001201"], lon=105.0, lat=30.0, actor=SYSTEM, at=at)
    return town


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        (104.005, 30.005, "900101001001"),
        (104.05, 30.05, "900101001"),
        (104.15, 30.15, "900101"),
        (104.01, 30.01, "900101001001"),  # on the edge
        (105.0, 30.0, "900102001201"),
        (105.0, 30.0269, "900102001201"),  # 2,991 m away
        (105.0, 30.0271, None),  # 3,013 m away
        (105.031, 30.0, "900102001201"),  # 2,985 m: a degree of longitude is shorter here
        (105.0313, 30.0, None),
        (100.0, 20.0, None),
        (500.0, 20.0, None),
    ],
)
def test_the_deepest_boundary_then_the_nearest_point(shaped, lon, lat, code):
    assert queries.locate(lon, lat) == (shaped[code] if code else None)


def test_a_change_is_seen_at_once(shaped, at):
    assert queries.locate(104.105, 30.105) == shaped["900101"]
    actions.set_shape(shaped["900101002"], boundary=square(104.1, 30.1, 104.2, 30.2), actor=SYSTEM, at=at)
    assert queries.locate(104.105, 30.105) == shaped["900101002"]
    grid = actions.create_grid(
        shaped["900101001001"], "900101001001001", "第一网格", boundary=square(104.0, 30.0, 104.005, 30.005),
        on=at.date(), actor=SYSTEM, at=at,
    )  # fmt: skip
    assert queries.locate(104.001, 30.001) == grid.id
    actions.close(grid.id, on=at.date(), actor=SYSTEM, at=at)
    assert queries.locate(104.001, 30.001) == shaped["900101001001"]


def test_points_against_brute_force(town, at):
    random = np.random.default_rng(20260309)
    points = {}
    for number in range(1, 41):
        code = f"900101001001{number:03}"
        lon, lat = 104 + random.uniform(0, 0.2), 30 + random.uniform(0, 0.2)
        points[actions.create_grid(
            town["900101001001"], code, f"网格{number}", lon=lon, lat=lat, on=at.date(), actor=SYSTEM, at=at
        ).id] = (lon, lat)  # fmt: skip

    def metres(here, there):
        (lon1, lat1), (lon2, lat2) = (tuple(map(math.radians, point)) for point in (here, there))
        cosine = math.sin(lat1) * math.sin(lat2) + math.cos(lat1) * math.cos(lat2) * math.cos(lon1 - lon2)
        return 6_371_008.8 * math.acos(min(1.0, cosine))

    for _ in range(200):
        here = (104 + random.uniform(-0.05, 0.25), 30 + random.uniform(-0.05, 0.25))
        distance, nearest = min((metres(here, there), place) for place, there in points.items())
        assert queries.locate(*here) == (nearest if distance <= 3000 else None)


@pytest.mark.parametrize(
    "boundary",
    [
        {}, [], None, "x", {"type": "Point", "coordinates": [104, 30]},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
        square(179, 30, 181, 31),
        square(104, 30, 104, 31),
    ],
)  # fmt: skip
def test_a_boundary_must_enclose_something_on_the_earth(boundary):
    assert shape_of(boundary) is None


def test_shapes_are_set_by_whoever_manages_the_place(town, at, post_at, counted):
    before = counted()
    east = post_at(town["900101"], PLACE_MANAGE)
    good = square(104.0, 30.0, 104.01, 30.01)
    with pytest.raises(OutsideYourPlaces):
        actions.set_shape(town["900102001"], boundary=good, actor=east, at=at)
    with pytest.raises(Refused):
        actions.set_shape(town["900101"], boundary=good, actor=post_at(town["900101"], PLACE_VIEW), at=at)
    with pytest.raises(BadBoundary):
        actions.set_shape(town["900101"], boundary=square(104, 30, 104, 31), actor=east, at=at)
    with pytest.raises(InvalidInput):
        actions.set_shape(town["900101"], lon=104.0, lat=95.0, actor=east, at=at)
    assert counted() == before
    place = actions.set_shape(town["900101"], boundary=good, actor=east, at=at)
    assert shapely.from_wkb(place.boundary).equals(shape_of(good)) and not place.approximate


def test_the_place_of_a_report(shaped):
    def code(*arguments):
        found = queries.place_of_report(*arguments)
        return found and (Place.objects.get(id=found.id).code, found.area)

    assert code(None, 104.005, 30.005) == ("900101001001", "900101")
    assert code(shaped["900102001"], 104.005, 30.005) == ("900102001", "900102")
    # A city says too little: the point decides.
    assert code(shaped["900100"], 104.005, 30.005) == ("900101001001", "900101")
    assert code(shaped["900100"], None, None) is None
    assert code(None, 100.0, 20.0) is None
    assert code(None, None, None) is None
    with pytest.raises(NotFound):
        queries.place_of_report(shaped["900100"].__class__(int=1), None, None)
