"""Boundaries come in over approximate ones; approximate ones are drawn where real ones are missing."""

import json
from datetime import date

import numpy as np
import pytest
import shapely
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from shanzhi.base.access import SYSTEM
from shanzhi.base.access.capabilities import PLACE_MANAGE, PLACE_VIEW
from shanzhi.base.audit.models import AuditEntry
from shanzhi.city.compounds import actions
from shanzhi.city.compounds.models import Compound
from shanzhi.city.compounds.reading import read_cells
from shanzhi.city.people import actions as people
from shanzhi.city.places import actions as places
from shanzhi.city.places.models import Place
from shanzhi.core.documents import Feature
from shanzhi.core.kit.coordinates import wgs84_to_bd09, wgs84_to_gcj02
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused

TODAY = date(2026, 3, 9)
EAST = shapely.box(104.0, 30.0, 104.2, 30.1)
BOW = shapely.from_wkt("POLYGON((104 30, 104.1 30.1, 104.1 30, 104 30.1, 104 30))")


def feature(shape, row=1, **properties):
    return Feature(row, properties, json.loads(shapely.to_geojson(shape)))


def moved(shape, move):
    return shapely.transform(shape, lambda xy: np.column_stack(move(xy[:, 0].copy(), xy[:, 1].copy())))


def outline(code):
    one = Place.objects.get(code=code)
    return None if one.boundary is None else shapely.from_wkb(bytes(one.boundary))


@pytest.fixture
def take(town, at):
    """Import features, by default as they are."""
    return lambda *features, **more: actions.import_boundaries(
        list(features), **({"datum": "wgs84", "on": TODAY, "actor": SYSTEM, "at": at} | more)
    )


@pytest.fixture
def compounds(town, at):
    """Import a list of (name, community or street, lon, lat)."""

    def make(*lines, column="社区"):
        text = f"小区名称,区县,{column},经度,纬度\n" + "".join(
            f"{a},东区,{b},{x},{y}\n" for a, b, x, y in lines
        )
        report = actions.import_compounds(
            read_cells(text.encode()), source="甲", datum="wgs84", on=TODAY, actor=SYSTEM, at=at
        )
        assert report.errors == []

    return make


def test_by_code_by_name_and_united(take):
    half = shapely.box(104.1, 30.0, 104.2, 30.1)
    report, _ = take(
        feature(EAST, 1, adcode=900101.0, name="别的名字"),
        feature(half, 2, name="春风街道"),
        feature(shapely.box(104.0, 30.0, 104.1, 30.1), 3, 名称="长乐"),
        feature(shapely.box(104.1, 30.0, 104.15, 30.1), 4, 名称="长乐社区"),
        feature(half, 5, name="高新区"),
        feature(half, 6),
    )
    assert (report.rows, report.created, report.changed, report.unchanged, report.errors) == (6, 3, 0, 0, [])
    assert [one.row for one in report.unmatched] == [5, 6]
    assert outline("900101").equals(EAST)
    assert outline("900101001001").equals(shapely.box(104.0, 30.0, 104.15, 30.1))
    place = Place.objects.get(code="900101001")
    assert (place.approximate, half.contains(shapely.Point(place.lon, place.lat))) == (False, True)
    assert AuditEntry.objects.get(event="places.boundaries-imported").detail["created"] == 3


def test_a_grid_by_its_code(take, town, at):
    grid = places.create_grid(
        town["900101001001"], "900101001001001", "一网格", lon=104.1, lat=30.05, on=TODAY, actor=SYSTEM, at=at
    )
    report, _ = take(feature(EAST, code=grid.code), level="grid")
    assert (report.created, report.unmatched) == (1, [])
    assert outline(grid.code).equals(EAST)
    assert [one.row for one in take(feature(EAST, code=grid.code))[0].unmatched] == [1]


def test_again_changes_nothing_and_a_dry_run_neither(take):
    dry, _ = take(feature(EAST, name="东区"), dry_run=True)
    assert (dry.created, outline("900101")) == (1, None)
    take(feature(EAST, name="东区"))
    again, _ = take(feature(EAST, name="东区"))
    assert (again.created, again.changed, again.unchanged) == (0, 0, 1)
    other, _ = take(feature(shapely.box(104, 30, 104.3, 30.1), name="东区"))
    assert (other.created, other.changed, other.unchanged) == (0, 1, 0)


def test_invalid_polygons_are_repaired_and_listed(take):
    report, _ = take(feature(BOW, 7, name="东区"))
    assert [(one.row, one.field) for one in report.repaired] == [(7, "东区")]
    assert outline("900101").is_valid and outline("900101").area == pytest.approx(0.005)
    broken, _ = take(
        Feature(1, {"name": "东区"}, {"type": "Point", "coordinates": [1, 2]}), feature(EAST, 2, name="西区")
    )
    assert ([one.row for one in broken.errors], broken.created, outline("900102")) == ([1], 0, None)


@pytest.mark.parametrize(("datum", "move"), [("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09)])
def test_the_datum_is_stated_or_told_by_the_compounds(take, compounds, datum, move):
    edge = np.linspace(0.001, 0.099, 12)
    compounds(*[(f"院{n}", "长乐社区", 104.0005, 30 + y) for n, y in enumerate(edge)])
    compounds(*[(f"楼{n}", "长乐社区", 104.1995, 30 + y) for n, y in enumerate(edge)])
    drawn = feature(moved(EAST, move), name="东区")
    report, _ = take(drawn, datum="auto")
    assert (report.datum, report.finding.shares[report.datum]) == (datum, 1.0)
    assert outline("900101").equals_exact(EAST, 1e-7)
    unclear, _ = take(feature(EAST, name="西区"), datum="auto")
    assert [one.field for one in unclear.errors] == ["datum"]
    assert outline("900102") is None


def test_only_within_the_posts(take, town, post_at, at):
    east = post_at(town["900101"], PLACE_MANAGE)
    report, _ = take(feature(EAST, name="西区"), feature(EAST, 2, code="900102"), actor=east)
    assert ([one.row for one in report.unmatched], outline("900102")) == ([1, 2], None)
    for wrong in (
        {"actor": post_at(town["900101"], PLACE_VIEW)},
        {"actor": east, "under": town["900102"]},
        {"level": "castle"},
        {"on": date(2099, 1, 1)},
    ):
        with pytest.raises((Refused, NotFound, InvalidInput)):
            take(feature(EAST, name="东区"), **wrong)
    assert outline("900101") is None


def test_streets_then_communities_are_drawn_and_marked(take, compounds, town, at):
    take(feature(EAST, name="东区"))
    compounds(
        ("甲", "长乐社区", 104.02, 30.02),
        ("乙", "长乐社区", 104.03, 30.08),
        ("丙", "北门社区", 104.08, 30.05),
    )
    compounds(("丁", "安定街道", 104.15, 30.05), column="街道")
    dry = actions.draw_boundaries(town["900101"], "community", actor=SYSTEM, at=at, dry_run=True)
    assert (len(dry.drawn), outline("900101001")) == (4, None)
    done = actions.draw_boundaries(town["900101"], "community", actor=SYSTEM, at=at)
    # The two streets, and the two communities of which a compound is known.
    assert {Place.objects.get(id=one).name for one in done.drawn} == {
        "春风街道",
        "安定街道",
        "长乐社区",
        "北门社区",
    }
    assert [Place.objects.get(id=one).name for one in done.without_points] == ["安居社区"]
    marked = Place.objects.filter(approximate=True)
    assert {one.name for one in marked} == {"春风街道", "安定街道", "长乐社区", "北门社区"}
    streets = [outline("900101001"), outline("900101002")]
    assert shapely.union_all(streets).symmetric_difference(EAST).area < 1e-9
    assert streets[0].intersection(streets[1]).area < 1e-12
    # Halfway between 丙 and 丁 runs the border of the streets.
    assert streets[0].bounds[2] == pytest.approx(104.115, abs=1e-4)
    parts = [outline("900101001001"), outline("900101001002")]
    assert shapely.union_all(parts).symmetric_difference(streets[0]).area < 1e-9
    assert parts[0].covers(shapely.Point(104.02, 30.02)) and parts[1].covers(shapely.Point(104.08, 30.05))
    assert all(one.is_valid for one in (*streets, *parts))
    # A point is knowledge, and a drawing gives none.
    assert {(one.lon, one.lat) for one in marked} == {(None, None)}
    first = [bytes(one.boundary) for one in marked.order_by("code")]
    actions.draw_boundaries(town["900101"], "community", actor=SYSTEM, at=at)
    assert [bytes(one.boundary) for one in marked.order_by("code")] == first


def test_real_boundaries_stay_and_replace(take, compounds, town, at):
    real = shapely.box(104.0, 30.0, 104.05, 30.1)
    take(feature(EAST, name="东区"), feature(real, 2, code="900101001"))
    compounds(("甲", "长乐社区", 104.02, 30.02), ("乙", "安居社区", 104.15, 30.05))
    done = actions.draw_boundaries(town["900101"], "street", actor=SYSTEM, at=at)
    assert (done.kept, done.drawn) == ([town["900101001"]], [town["900101002"]])
    assert outline("900101001").equals(real)
    assert outline("900101002").symmetric_difference(EAST.difference(real)).area < 1e-9
    better = shapely.box(104.06, 30.0, 104.2, 30.1)
    report, _ = take(feature(better, code="900101002"))
    assert (report.changed, Place.objects.filter(approximate=True).exists()) == (1, False)
    assert outline("900101002").equals(better)


def test_compounds_settle_in_real_boundaries(take, compounds, town):
    compounds(("甲", "", 104.02, 30.02), ("乙", "北门社区", 104.03, 30.02))
    inside = shapely.box(104.0, 30.0, 104.1, 30.1)
    _, settled = take(feature(inside, name="长乐社区"))
    assert settled == 1
    assert dict(Compound.objects.values_list("name", "place__name")) == {"甲": "长乐社区", "乙": "北门社区"}


def test_what_cannot_be_drawn_is_refused(town, at, post_at, take):
    for place, level, error in (
        (town["900101"], "street", InvalidInput), (town["900101"], "grid", InvalidInput),
        (town["900101001"], "street", InvalidInput), (town["900102"], "street", NotFound),
    ):  # fmt: skip
        with pytest.raises(error):
            actions.draw_boundaries(place, level, actor=post_at(town["900101"], PLACE_MANAGE), at=at)
    take(feature(EAST, name="东区"))
    with pytest.raises(Refused):
        actions.draw_boundaries(town["900101"], "street", actor=post_at(town["900101"], PLACE_VIEW), at=at)
    nothing = actions.draw_boundaries(town["900101"], "community", actor=SYSTEM, at=at)
    assert (nothing.drawn, len(nothing.without_points), len(nothing.without_room)) == ([], 2, 3)
    assert not Place.objects.filter(approximate=True).exists()


@pytest.mark.once
def test_through_the_api(town, post_kinds, at):
    account = people.create_account("somebody", "某人", "Spring-2026", actor=SYSTEM, at=at)
    people.appoint(account.id, "system_admin", town["900101"], from_on=date(2025, 1, 1), actor=SYSTEM, at=at)
    client = Client()
    body = json.dumps({"username": "somebody", "password": "Spring-2026"})
    assert client.post("/api/session", body, content_type="application/json").status_code == 200
    shapes = [
        {"type": "Feature", "properties": {"区": "东区"}, "geometry": json.loads(shapely.to_geojson(BOW))}
    ]
    text = json.dumps({"type": "FeatureCollection", "features": shapes}).encode()

    def send(**form):
        file = SimpleUploadedFile("边界.geojson", text)
        return client.post("/api/places/boundaries/import", {"file": file, "datum": "wgs84"} | form)

    assert send().json()["unmatched"][0]["row"] == 1
    done = send(name="区", level="county").json()
    assert (done["created"], done["errors"], done["datum"]["used"]) == (1, [], "wgs84")
    assert done["repaired"][0]["name"] == "东区" and "已修复" in done["repaired"][0]["message_zh"]
    text = b'{"type": "Feature", "properties": {"name": "\xe4\xb8\x9c\xe5\x8c\xba"}, "geometry": null}'
    assert [(one["field"], one["code"]) for one in send().json()["errors"]] == [("boundary", "no-polygon")]
    assert send(level="castle").json()["error"]["field"] == "level"
    answer = client.post(
        "/api/places/boundaries/draw", json.dumps({"place_id": str(town["900101"]), "level": "street"}),
        content_type="application/json",
    ).json()  # fmt: skip
    assert (answer["drawn"], [one["name"] for one in answer["without_points"]]) == (
        0,
        ["春风街道", "安定街道"],
    )
