"""The real lists come in with row-level reports: Chengdu's compounds, Singapore's blocks, county polygons."""

import csv
import gzip
import io
from datetime import date

import pytest
import shapely

from shanzhi.base.access import SYSTEM
from shanzhi.city.compounds import actions
from shanzhi.city.compounds.models import Building, Compound, CompoundSource, Floor
from shanzhi.city.compounds.reading import read_cells
from shanzhi.city.places import actions as places
from shanzhi.city.places.boundaries import import_boundaries
from shanzhi.city.places.datum import Datum
from shanzhi.city.places.models import Place
from shanzhi.city.places.rows import DivisionRow, read_divisions
from shanzhi.core.documents import read_features

pytestmark = pytest.mark.once

ON = date(2022, 1, 1)
LIMITS = {"max_bytes": 10**7, "max_unpacked_bytes": 10**8, "max_features": 1000}


@pytest.fixture
def counties(db, at, shared_data):
    """The five cities down to the county."""
    rows = read_divisions((shared_data / "divisions" / "divisions_5cities_2022.csv.gz").read_bytes())
    rows = [row for row in rows if row.level in {"province", "city", "county"}]
    assert places.import_divisions(rows, on=ON, actor=SYSTEM, at=at).errors == []


@pytest.fixture
def polygons(counties, at, shared_data):
    """Their 53 polygons, stated to be GCJ-02."""
    content = (shared_data / "geometry" / "districts_5cities_gcj02.geojson.gz").read_bytes()
    return lambda **more: import_boundaries(
        read_features(content, **LIMITS), datum="gcj02", on=ON, actor=SYSTEM, at=at, **more
    )


def take(content, at, **more):
    return actions.import_compounds(read_cells(content), on=ON, actor=SYSTEM, at=at, **more)


def listed(shared_data, city, *sources):
    content = (shared_data / "compounds" / "compounds_chengdu_xuzhou_yangzhou.csv.gz").read_bytes()
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(content).decode())))
    rows = [row for row in rows if row["city"] == city and row["source"] in sources]
    made = io.StringIO()
    writer = csv.DictWriter(made, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return len(rows), made.getvalue().encode()


def test_county_polygons(polygons):
    report = polygons()
    assert (report.rows, report.created, report.errors, report.unmatched) == (53, 53, [], [])
    # Six are invalid as published.
    assert sorted(one.field for one in report.repaired) == sorted(
        ["郫都区", "蒲江县", "彭州市", "简阳市", "鼓楼区", "铜山区"]
    )
    assert all("无效" in one.message_zh and "已修复" in one.message_zh for one in report.repaired)
    shapes = shapely.from_wkb([bytes(one.boundary) for one in Place.objects.exclude(boundary=None)])
    assert shapely.is_valid(shapes).all()
    assert {shape.geom_type for shape in shapes} <= {"Polygon", "MultiPolygon"}
    again = polygons()
    assert (again.created, again.changed, again.unchanged) == (0, 0, 53)


def test_managing_areas_match_no_division(polygons, at, shared_data):
    polygons()
    path = shared_data / "geometry" / "chengdu_districts_24_incl_gaoxin_tianfu.geojson.gz"
    report = import_boundaries(
        read_features(path.read_bytes(), **LIMITS), level="county", datum="gcj02", on=ON, actor=SYSTEM, at=at,
        dry_run=True,
    )  # fmt: skip
    assert [one.message_zh.partition("不")[0] for one in report.unmatched] == [
        "“成都高新区”", "“成都高新区”", "“成都高新区”", "“成都天府新区”",
    ]  # fmt: skip
    assert report.changed == 20


def test_chengdu(polygons, at, shared_data):
    polygons()
    rows, content = listed(shared_data, "成都", "链家")
    blocked = take(content, at, datum="auto")
    assert (blocked.created, Compound.objects.count()) == (0, 0)
    report = take(content, at, datum="auto", partial=True)
    assert (report.rows, report.listed, report.created) == (2967, 2967, 2943)
    # 24 rows have neither a district nor a point.
    assert [one.code for one in report.errors] == ["no-place"] * 24
    assert report.datum is report.finding.found is Datum.BD09
    assert report.inside / report.counted >= 0.975
    assert report.counted == 2477
    named = [one.message_zh.split("”")[0] for one in report.warnings if one.code == "managing-area"]
    assert sorted(named) == ["“天府新区", "“天府新区南区", "“高新", "“高新西"]
    assert {one.code for one in report.wrong_points} == {"other-county", "other-datum"}
    # 2,945 state their households; two of them are among the 24.
    assert report.homes == sum(one.households or 0 for one in Compound.objects.all()) == 3_628_680
    stood = list(Compound.objects.order_by("id").values())
    again = take(content, at, datum="bd09", partial=True)
    assert (again.created, again.changed, again.merged, again.unchanged) == (0, 0, 0, 2943)
    assert list(Compound.objects.order_by("id").values()) == stood
    wrong = take(content, at, datum="gcj02", partial=True, dry_run=True)
    assert [one.code for one in wrong.warnings if one.field == "datum"] == ["datum-doubt"]
    assert wrong.inside / wrong.counted < 0.86
    assert sum(one.code == "other-datum" for one in wrong.wrong_points) > 100


def test_two_portals_of_one_city(polygons, at, shared_data):
    polygons()
    first = listed(shared_data, "徐州", "房产超市")[1]
    second = listed(shared_data, "徐州", "搜房")[1]
    alone = take(first, at, datum="auto", partial=True)
    assert (alone.merged, alone.datum) == (0, Datum.BD09)
    joined = take(second, at, datum="auto", partial=True)
    assert joined.merged > 700
    assert Compound.objects.count() == alone.created + joined.created
    assert CompoundSource.objects.count() == Compound.objects.count() + joined.merged
    assert Compound.objects.filter(conflict=True).exists()
    again = take(first, at, datum="auto", partial=True)
    assert (again.created, again.changed, again.merged) == (0, 0, 0)


def test_singapore(db, at, shared_data):
    rows = [
        DivisionRow(2, "990000", "甲国"), DivisionRow(3, "990100", "甲市"), DivisionRow(4, "990101", "甲区"),
    ]  # fmt: skip
    assert places.import_divisions(rows, on=ON, actor=SYSTEM, at=at).errors == []
    ground = Place.objects.get(code="990101").id
    content = (shared_data / "compounds" / "sg_hdb_blocks_half.csv.gz").read_bytes()
    blocks = [
        row for row in csv.DictReader(io.StringIO(gzip.decompress(content).decode())) if row["residential"] == "Y"
    ]  # fmt: skip
    report = take(content, at, place_id=ground)
    assert (report.rows, report.errors) == (6623, [])
    assert report.created == len({row["street"] for row in blocks}) == Compound.objects.count()
    assert report.homes == sum(int(row["total_dwelling_units"]) for row in blocks)
    assert Building.objects.count() == len(blocks)
    floors = Floor.objects.filter(estimated=True).count()
    assert floors == sum(int(row["max_floor_lvl"]) for row in blocks if int(row["max_floor_lvl"]) > 1)
    abroad = [
        number
        for number, row in enumerate(csv.DictReader(io.StringIO(gzip.decompress(content).decode())), start=2)
        if row["residential"] == "Y"
        and not (103.5 < float(row["longitude"]) < 104.2 and 1.1 < float(row["latitude"]) < 1.6)
    ]
    assert [one.row for one in report.wrong_points] == abroad
    assert {one.code for one in report.wrong_points} == {"stray"}
    assert not Building.objects.filter(lon__lt=103).exists()
    again = take(content, at, place_id=ground)
    assert (again.created, again.changed, again.unchanged) == (0, 0, report.created)
