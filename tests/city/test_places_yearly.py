"""Street offices year by year: who is who, what each year's tree adds up to, and what stays unsure."""

from __future__ import annotations

import csv
import gzip
from datetime import date

import pytest
from django.db import connection

from shanzhi.base.access import SYSTEM
from shanzhi.city.places import actions, queries, yearly
from shanzhi.city.places.models import Place
from shanzhi.city.places.rows import DivisionRow
from shanzhi.core.kit.errors import InvalidInput

pytestmark = pytest.mark.once

HEAD = "年份,代码,名称,区县代码\n"
OLD = "2017,900101001,春风街道办事处,900101\n2017,900101002,安定镇,900101\n2017,900101003,旧街道,900101\n"


def listed(*lines: str) -> bytes:
    return (HEAD + "\n".join(lines) + "\n").encode()


@pytest.fixture
def county(db, at):
    rows = [
        DivisionRow(row=1, code="900000", name="甲省"), DivisionRow(row=2, code="900100", name="乙市"),
        DivisionRow(row=3, code="900101", name="东区"), DivisionRow(row=4, code="900102", name="西县"),
    ]  # fmt: skip
    assert not actions.import_divisions(rows, on=date(2016, 1, 1), actor=SYSTEM, at=at).errors


def streets(on: date, county: str = "900101") -> dict[str, str]:
    return {node.code: node.name for node in queries.children(queries.by_code(county, on).id, on)}


def run(content: bytes, at, **options):
    report = yearly.import_years(content, actor=SYSTEM, at=at, **options)
    assert not report.errors, report.errors
    with connection.cursor() as cursor:
        # What a server does by itself a minute after an import.
        cursor.execute("ANALYZE places_place, places_placeversion, places_placeclosure")
        cursor.execute("DISCARD PLANS")
    return report


def test_names_and_codes_change_hands(county, at):
    first = [
        "2017,900101001,春风街道办事处,900101", "2017,900101101,新市镇,900101", "2017,900101003,十里街道,900101",
        "2017,900101004,出江镇,900101", "2017,900101005,甲街道,900101",
    ]  # fmt: skip
    later = [
        "2018,900101001,春风街道,900101", "2018,900101003,新市街道,900101", "2018,900101101,杨家镇,900101",
        "2018,900101004,?江镇,900101", "2018,900101005,乙街道,900101",
    ]  # fmt: skip
    before = run(listed(*first), at)
    assert (before.years[0].created, before.years[0].total) == (5, 5)
    ids = {place.code: place.id for place in Place.objects.filter(level="street")}
    year = run(listed(*first, *later), at).years[-1]
    assert (year.total, year.created, year.renamed, year.recoded, year.closed) == (5, 1, 3, 1, 1)
    assert len(year.unsure) == 1 and "甲街道 → 乙街道" in year.unsure[0][0]
    assert streets(date(2017, 6, 1)) == {line.split(",")[1]: line.split(",")[2] for line in first}
    assert streets(date(2018, 6, 1)) == {
        "900101001": "春风街道", "900101003": "新市街道", "900101101": "杨家镇", "900101004": "出江镇",
        "900101005": "乙街道",
    }  # fmt: skip
    assert queries.by_code("900101003", date(2018, 6, 1)).id == ids["900101101"]
    assert Place.objects.get(id=ids["900101003"]).closed_on == date(2018, 1, 1)


def test_a_county_with_another_code_takes_its_streets_along(county, at):
    first = ["2017,900102001,桥头镇,900102", "2017,900102002,河湾乡,900102"]
    later = ["2018,900103001,桥头街道,900103", "2018,900103002,河湾镇,900103"]
    run(listed(*first), at)
    west = queries.by_code("900102", date(2017, 6, 1)).id
    year = run(listed(*first, *later), at).years[-1]
    assert (year.counties, year.created, year.closed, year.renamed) == (1, 0, 0, 2)
    assert queries.by_code("900103", date(2018, 6, 1)).id == west
    assert streets(date(2018, 6, 1), "900103") == {"900103001": "桥头街道", "900103002": "河湾镇"}


def test_again_changes_nothing_and_a_try_writes_nothing(county, at):
    content = listed("2017,900101001,春风街道,900101", "2018,900101002,春风街道,900101")
    run(content, at, dry_run=True)
    assert not Place.objects.filter(level="street").exists()
    run(content, at)
    assert Place.objects.filter(level="street").count() == 1


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("前年,900101001,春风街道,900101", "year"),
        ("2017,9001,春风街道,900101", "code"),
        ("2017,900101001,,900101", "code"),
    ],
)
def test_a_bad_line_is_named(county, at, line, field):
    with pytest.raises(InvalidInput) as refused:
        yearly.import_years(listed(line), actor=SYSTEM, at=at)
    assert refused.value.field == field and "第 2 行" in refused.value.sentence("zh")


def test_an_unknown_county_is_an_error(county, at):
    report = yearly.import_years(listed("2017,910101001,春风街道,910101"), actor=SYSTEM, at=at)
    assert report.errors and not Place.objects.filter(level="street").exists()


def test_chengdu_from_375_to_261(db, at, shared_data):
    rows = [
        DivisionRow(row=0, code="510000", name="四川省"),
        DivisionRow(row=0, code="510100", name="成都市"),
    ]
    with gzip.open(shared_data / "divisions/divisions_5cities_2022.csv.gz", "rt", encoding="utf-8") as lines:
        counties = {
            line["county_code"][:6]: line["county"]
            for line in csv.DictReader(lines)
            if line["city_code"][:4] == "5101"
        }
    # What is Xinjin District since 2020 was a county with a code of its own.
    counties["510132"] = counties.pop("510118")
    rows += [DivisionRow(row=0, code=code, name=name) for code, name in counties.items()]
    assert not actions.import_divisions(rows, on=date(2016, 1, 1), actor=SYSTEM, at=at).errors
    with gzip.open(
        shared_data / "divisions/streets_5cities_2017_2022.csv.gz", "rt", encoding="utf-8"
    ) as lines:
        head, *rest = lines.read().splitlines()
    content = "\n".join([head, *(line for line in rest if line.endswith(",5101"))]).encode()
    report = run(content, at)
    by_year = {year.year: year for year in report.years}
    assert [by_year[year].total for year in range(2017, 2023)] == [375, 375, 375, 261, 261, 261]
    # Until then they only changed their names: nothing began or ended.
    assert [(by_year[year].created, by_year[year].closed) for year in (2018, 2019, 2021, 2022)] == [
        (0, 0)
    ] * 4
    change = by_year[2020]
    assert change.counties == 1 and change.closed - change.created == 375 - 261
    for year, wanted in ((2017, 375), (2019, 375), (2020, 261), (2022, 261)):
        on = date(year, 6, 1)
        city = queries.by_code("510100", on)
        per_county = {
            node.code: len([s for s in queries.children(node.id, on) if s.level == "street"])
            for node in queries.children(city.id, on)
        }
        assert sum(per_county.values()) == wanted and len(per_county) == 20
        standing = Place.objects.filter(
            level="street", id__in=queries.ids_below([city.id], on), opened_on__lte=on
        )
        assert standing.exclude(closed_on__lte=on).count() == wanted
    # No code has two holders on any day, and the same file again changes nothing.
    again = run(content, at)
    assert [(y.created, y.closed, y.renamed) for y in again.years[-1:]] == [(0, 0, 0)]


def test_five_cities_add_up_by_county_in_every_year(db, at, shared_data):
    """As of each year every county has what its list says, by code, and they add up to the file."""
    with gzip.open(shared_data / "divisions/divisions_5cities_2022.csv.gz", "rt", encoding="utf-8") as lines:
        above = {}
        for line in csv.DictReader(lines):
            above[line["city_code"][:2] + "0000"] = line["province"]
            above[line["city_code"][:6]] = line["city"]
            above[line["county_code"][:6]] = line["county"]
    above["510132"] = above.pop("510118")
    rows = [DivisionRow(row=0, code=code, name=name) for code, name in above.items()]
    assert not actions.import_divisions(rows, on=date(2016, 1, 1), actor=SYSTEM, at=at).errors
    content = (shared_data / "divisions/streets_5cities_2017_2022.csv.gz").read_bytes()
    report = run(content, at)
    assert report.rows == sum(year.total for year in report.years) == 5312
    wanted: dict[tuple[int, str], set[str]] = {}
    for line in csv.DictReader(gzip.decompress(content).decode().splitlines()):
        wanted.setdefault((int(line["year"]), line["areaCode"]), set()).add(line["code"])
    for year in range(2017, 2023):
        on = date(year, 7, 1)
        found = {}
        for province in queries.children(None, on):
            for city in queries.children(province.id, on):
                for county in queries.children(city.id, on):
                    streets = {node.code for node in queries.children(county.id, on)}
                    if streets:
                        found[year, county.code] = streets
        assert found == {key: codes for key, codes in wanted.items() if key[0] == year}


def test_over_the_interface(sign_in, clock):
    from django.core.files.uploadedfile import SimpleUploadedFile

    from shanzhi.city.people import actions as people
    from shanzhi.city.people.models import Account

    rows = [DivisionRow(row=1, code="510199", name="试验区")]
    assert not actions.import_divisions(rows, on=date(2025, 4, 1), actor=SYSTEM, at=clock.now()).errors
    people.appoint(
        Account.objects.get(username="xitong").id, "system_admin", queries.by_code("510199", date(2026, 1, 1)).id,
        from_on=date(2025, 4, 1), actor=SYSTEM, at=clock.now(),
    )  # fmt: skip
    browser = sign_in("xitong")
    content = listed("2026,510199901,试验街道,510199")
    for dry_run in ("1", ""):
        response = browser.client.post(
            f"/api/places/successions?dry_run={dry_run}", {"file": SimpleUploadedFile("a.csv", content)},
            headers={"X-CSRFToken": browser.client.cookies["csrftoken"].value},
        )  # fmt: skip
        assert response.status_code in (200, 201), response.content
        body = response.json()
        assert (body["created"], body["years"][0]["total"], body["errors"]) == (1, 1, [])
        assert Place.objects.filter(code="510199901").exists() is (not dry_run)
