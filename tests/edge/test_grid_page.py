"""The page of a grid: counts of what stands there, who answers for it, what is open."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.utils.timezone import localdate
from python_calamine import CalamineWorkbook

from shanzhi.base.access import SYSTEM
from shanzhi.base.audit.models import AuditEntry
from shanzhi.city.compounds import totals
from shanzhi.city.compounds.bulk import BulkRows
from shanzhi.city.gridding import actions as gridding
from shanzhi.city.gridding import publishing
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Account
from shanzhi.city.places.models import Place

pytestmark = pytest.mark.once


@pytest.fixture
def divided(city, clock):
    """The first community of the demo district with one compound, divided."""
    on = localdate(clock.now()) - timedelta(days=10)
    place = Place.objects.filter(level="community", area="510107").order_by("code")[0]
    rows = BulkRows()
    rows.compound("510107", "compound", "示例苑", place.id, 104.032, 30.632, 200, 2, on)
    rows.compound("510107", "shops", "示例街商铺", place.id, 104.033, 30.632, 40, 1, on)
    rows.write()
    made = gridding.create(gridding.NewProposal("", [place.id], 30, 100, 63), actor=SYSTEM, at=clock.now())
    made = gridding.work_out(made.id, at=clock.now())
    today = localdate(clock.now())
    made = gridding.begin_publishing(
        made.id, made.version, on=today, reason="试", actor=SYSTEM, at=clock.now()
    )
    publishing.publish(made.id, on=today, reason="试", actor=SYSTEM, at=clock.now())
    return place


def test_the_counts_add_up_from_micro_grid_to_community(divided, sign_in, report):
    report(lon=104.032, lat=30.632)
    desk = sign_in("zhihui")
    status, page = desk.get(f"/api/grids/{divided.id}")
    assert status == 200, page
    assert (page["households"], page["shops"], page["compounds"], page["buildings"]) == (200, 40, 2, 3)
    assert page["microgrids"]["count"] == len(page["microgrids"]["items"]) >= 3
    assert sum(one["households"] for one in page["microgrids"]["items"]) == 200
    assert page["cases"]["open"] == 1 == len(page["cases"]["recent"])
    assert page["ancestors"][-1]["level"] == "street"
    each = [desk.get(f"/api/grids/{one['id']}")[1] for one in page["microgrids"]["items"]]
    assert sum(one["households"] + one["shops"] for one in each) == 240
    assert sum(one["cases"]["open"] for one in each) == 1
    status, listed = desk.get(f"/api/cases?queue=open&place={divided.id}")
    assert [row["number"] for row in listed["items"]] == [page["cases"]["recent"][0]["number"]]
    other = Place.objects.filter(level="community", area="510107").order_by("code")[1]
    assert desk.get(f"/api/cases?queue=open&place={other.id}")[1]["items"] == []


def test_city_and_province_count_what_their_districts_count(divided, sign_in, clock):
    on = localdate(clock.now())
    rows = BulkRows()
    other = Place.objects.filter(level="community", area="510107").order_by("code")[1]
    rows.compound("510107", "compound", "示例无楼栋小区", other.id, 104.04, 30.64, 70, 2, on)
    rows.compound("510107", "compound", "示例无户数小区", other.id, 104.04, 30.64, None, None, on)
    rows.write()
    city, province, district = (Place.objects.get(code=code) for code in ("510100", "510000", "510107"))
    below = sign_in("zhihui").get(f"/api/grids/{district.id}")[1]
    assert (below["households"], below["shops"], below["compounds"]) == (270, 40, 4)
    at_district = totals.doors(district.id, "county", on)
    assert at_district.homes == 270
    account = Account.objects.get(username="zhihui")
    people.appoint(account.id, "grid_worker", province.id, from_on=on, actor=SYSTEM, at=clock.now())
    for place in (city, province):
        status, page = sign_in("zhihui").get(f"/api/grids/{place.id}")
        assert status == 200
        assert [page[key] for key in ("households", "shops", "compounds", "buildings")] == [
            below[key] for key in ("households", "shops", "compounds", "buildings")
        ]
        assert page["microgrids"] == below["microgrids"]
        assert totals.doors(place.id, place.level, on) == at_district
        assert totals.microgrid_count(place.id, on) == below["microgrids"]["count"] >= 3
        listed = totals.microgrids(place.id, on, 2)
        assert [one.code for one in listed] == [one["code"] for one in below["microgrids"]["items"]][:2]
        assert [one.homes for one in listed] == [one["households"] for one in below["microgrids"]["items"]][
            :2
        ]


def test_a_past_day_has_no_micro_grids_yet(divided, sign_in, clock):
    desk = sign_in("zhihui")
    before = (localdate(clock.now()) - timedelta(days=1)).isoformat()
    status, page = desk.get(f"/api/grids/{divided.id}?on={before}")
    assert status == 200 and page["microgrids"]["count"] == 0 and page["cases"] is None
    assert desk.get(f"/api/grids/{divided.id}?on=2999-01-01")[0] == 422


def test_people_are_counted_and_named_at_the_place(divided, sign_in):
    status, page = sign_in("zhihui").get(f"/api/grids/{Place.objects.get(code='510107').id}")
    assert status == 200
    workers = next(held for held in page["people"] if held["kind"] == "grid_worker")
    assert workers["count"] == 2 and workers["names"] == ["网格员子", "网格员戊"]


def test_the_number_of_people_opens_their_list(divided, sign_in, clock):
    desk, district = sign_in("zhihui"), Place.objects.get(code="510107")
    page = desk.get(f"/api/grids/{district.id}")[1]
    for held in page["people"]:
        status, listed = desk.get(f"/api/grids/{district.id}/people?kind={held['kind']}")
        assert (status, listed["total"], len(listed["items"])) == (200, held["count"], held["count"])
        assert {one["kind"] for one in listed["items"]} == {held["kind"]}
    everybody = desk.get(f"/api/grids/{district.id}/people")[1]
    assert everybody["total"] == sum(held["count"] for held in page["people"])
    first = next(one for one in everybody["items"] if one["kind"] == "grid_worker")
    assert (first["name"], first["place_name"]) == ("网格员子", "武侯区") and "phone" not in first
    before = (localdate(clock.now()) - timedelta(days=10_000)).isoformat()
    assert desk.get(f"/api/grids/{district.id}/people?on={before}")[1] == {"total": 0, "items": []}
    assert desk.get(f"/api/grids/{district.id}/people?on=2999-01-01")[0] == 422
    content = desk.client.get(f"/api/grids/{district.id}/people/export?kind=grid_worker").content
    [head, *rows] = (
        CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("在岗人员").to_python()
    )
    assert head[:3] == ["岗位", "姓名", "区划代码"] and sorted(row[1] for row in rows) == [
        "网格员子",
        "网格员戊",
    ]
    assert AuditEntry.objects.filter(event="people.exported", subject=str(district.id)).count() == 1
    for address in ("people", "people/export"):
        assert sign_in("anquan").get(f"/api/grids/{divided.id}/{address}")[0] == 403
        above = Place.objects.get(code="510000").id
        assert desk.get(f"/api/grids/{above}/{address}")[0] == 404


def test_micro_grids_and_proposals_to_take_along(divided, sign_in):
    desk = sign_in("zhihui")
    page = desk.get(f"/api/grids/{divided.id}")[1]
    [head, *rows] = sheet(desk, f"/api/grids/{divided.id}/microgrids/export", "微网格")
    assert head == ["代码", "名称", "住户", "商铺"]
    assert [tuple(row) for row in rows] == [
        (one["code"], one["name"], one["households"], one["shops"]) for one in page["microgrids"]["items"]
    ]
    assert sheet(desk, f"/api/grids/{divided.id}/microgrids/export?on=2020-01-01", "微网格")[1:] == []
    proposal = desk.get("/api/proposals")[1]["items"][0]
    [head, row] = sheet(desk, "/api/proposals/export?lang=en", "Proposals")
    told = dict(zip(head, row, strict=True))
    assert (told["State"], told["Most households"], told["Micro-grids"]) == ("published", 100, len(rows))
    whole = f"/api/proposals/{proposal['id']}/export"
    assert sheet(desk, f"{whole}?place={divided.id}", "划分方案") == sheet(desk, whole, "划分方案")
    other = Place.objects.filter(level="community", area="510107").order_by("code")[1]
    assert desk.get(f"{whole}?place={other.id}")[0] == 404
    assert sign_in("anquan").get(f"/api/grids/{divided.id}/microgrids/export")[0] == 403
    above = Place.objects.get(code="510000").id
    assert desk.get(f"/api/grids/{above}/microgrids/export")[0] == 404


def sheet(desk, address, title):
    answer = desk.client.get(address)
    assert answer.status_code == 200, answer.content
    return CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_name(title).to_python()


def test_only_in_the_own_places(divided, sign_in):
    assert sign_in("anquan").get(f"/api/grids/{divided.id}")[0] == 403
    assert sign_in("zhihui").get(f"/api/grids/{Place.objects.get(code='510000').id}")[0] == 404
