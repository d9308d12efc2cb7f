"""The real lists come in with row-level reports: Chengdu's compounds, Singapore's blocks, county polygons."""

import csv
import gzip
import io
from datetime import date

import pytest
import shapely

from shanzhi.base.access import SYSTEM
from shanzhi.city.compounds import actions
from shanzhi.city.compounds.mapping import pack
from shanzhi.city.compounds.models import Building, Compound, CompoundSource, Floor
from shanzhi.city.compounds.reading import read_cells
from shanzhi.city.places import actions as places
from shanzhi.city.places.boundaries import import_boundaries
from shanzhi.city.places.models import Place
from shanzhi.city.places.rows import DivisionRow, read_divisions
from shanzhi.core.documents import read_features

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
    print(report.unmatched, report.errors)
    assert (report.rows, report.created, report.errors) == (53, 53, [])
    assert len(report.repaired) == 6
    again = polygons()
    assert (again.created, again.changed, again.unchanged) == (0, 0, 53)


def test_chengdu(polygons, at, shared_data):
    polygons()
    rows, content = listed(shared_data, "成都", "链家")

    def take(**more):
        return actions.import_compounds(read_cells(content), on=ON, actor=SYSTEM, at=at, **more)

    import time

    t = time.time()
    report = take(datum="auto", partial=True)
    print(time.time() - t)
    print(
        report.created,
        report.changed,
        report.merged,
        report.unchanged,
        report.homes,
        report.datum,
        report.finding.shares,
        report.finding.counted,
    )
    print(report.inside / report.counted, report.counted)
    print(
        len(report.errors),
        report.errors[:3],
        len(report.warnings),
        report.warnings,
        len(report.wrong_points),
        report.wrong_points[:10],
    )
    t = time.time()
    again = take(datum="auto", partial=True)
    print(time.time() - t)
    print(again.created, again.changed, again.merged, again.unchanged)
    assert 0
