"""Compounds through the API: in from a file, one page, choices with reasons, files out."""

import io
import json
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from python_calamine import CalamineWorkbook

from shanzhi.base.access import SYSTEM
from shanzhi.base.audit.models import AuditEntry
from shanzhi.city.compounds.models import Building, Compound, CompoundChoice, CompoundSource, Floor, Home
from shanzhi.city.people import actions as people

PASSWORD = "Spring-2026"
LIST = (
    "小区名称,区县,街道,社区,地址,经度,纬度,楼栋,单元,楼层,户数,备注\n"
    "甲乙花园,东,春风街道,长乐社区,春风路1号,104.0010,30.0010,1栋,1单元,1,2,旧\n"
    "甲乙花园,东,春风街道,长乐社区,春风路1号,104.0010,30.0010,1栋,1单元,2,3,旧\n"
    "甲乙花园,东,春风街道,长乐社区,春风路1号,104.0012,30.0012,2栋,,1-2,4,旧\n"
    "丙丁院落,东,春风街道,北门社区,北门街9号,104.0090,30.0090,,,,36,\n"
)


@pytest.fixture
def browser(town, post_kinds, at):
    """A signed-in browser of somebody in a post at a place."""

    def enter(kind, code, username="somebody"):
        account = people.create_account(username, "某人", PASSWORD, actor=SYSTEM, at=at)
        people.appoint(account.id, kind, town[code], from_on=date(2025, 1, 1), actor=SYSTEM, at=at)
        client = Client()
        body = json.dumps({"username": username, "password": PASSWORD})
        assert client.post("/api/session", body, content_type="application/json").status_code == 200
        return client

    return enter


@pytest.fixture
def rows():
    """What the tables of compounds hold: to show that nothing was written."""
    tables = (Compound, CompoundSource, CompoundChoice, Building, Floor, Home)
    return lambda: {table.__name__: list(table.objects.order_by("pk").values()) for table in tables}


def send(client, text, dry_run="", **fields):
    form = {
        "file": SimpleUploadedFile("清单.csv", text.encode(), "text/csv"),
        "source": "街道台账",
        "datum": "wgs84",
    }
    return client.post(f"/api/compounds/import?dry_run={dry_run}", form | fields)


def say(client, address, body):
    return client.post(address, json.dumps(body), content_type="application/json")


def counts(answer):
    body = answer.json()
    return {name: body[name] for name in ("created", "changed", "unchanged", "merged", "homes")}


def test_a_list_comes_in_is_read_and_comes_in_again(browser, rows):
    client = browser("system_admin", "900101")
    empty = rows()
    dry = send(client, LIST, "1")
    assert dry.status_code == 200 or dry.status_code == 201, dry.content
    assert counts(dry) == {"created": 2, "changed": 0, "unchanged": 0, "merged": 0, "homes": 45}
    assert dry.json()["unmapped"] == ["备注"]
    assert dry.json()["mapping"]["小区名称"] == "name"
    assert rows() == empty
    done = send(client, LIST)
    assert counts(done) == counts(dry)
    assert (done.json()["errors"], done.json()["warnings"], done.json()["wrong_points"]) == ([], [], [])
    stood = rows()
    assert counts(send(client, LIST)) == {
        "created": 0,
        "changed": 0,
        "unchanged": 2,
        "merged": 0,
        "homes": 45,
    }
    assert rows() == stood
    page = client.get("/api/compounds").json()
    assert (page["total"], page["households"], page["next"]) == (2, 45, "")
    assert [
        (one["name"], one["households"], one["buildings"], one["place"]["name"]) for one in page["items"]
    ] == [("丙丁院落", 36, None, "北门社区"), ("甲乙花园", 9, 2, "长乐社区")]
    found = page["items"][1]
    full = client.get(f"/api/compounds/{found['area']}/{found['id']}").json()
    assert [
        (
            building["name"],
            [
                (stair["name"], [(f["floor"], f["top"], f["homes"]) for f in stair["floors"]])
                for stair in building["stairwells"]
            ],
        )
        for building in full["buildings"]
    ] == [("1栋", [("1单元", [(1, 1, 2), (2, 2, 3)])]), ("2栋", [("", [(1, 2, 4)])])]
    assert (found["lon"], found["lat"]) in {(104.001, 30.001), (104.0012, 30.0012)}
    assert {one["field"]: one["why_zh"] for one in full["values"]}["households"] == "按已登记楼层合计"
    entry = AuditEntry.objects.get(event="compounds.imported")
    assert (entry.subject, entry.detail["created"]) == (done.json()["id"], 2)


@pytest.mark.once
def test_a_changed_row_changes_and_nothing_else(browser, rows):
    client = browser("system_admin", "900101")
    send(client, LIST, on="2026-01-05")
    before = {row["id"]: row for row in rows()["Floor"]}
    answer = send(client, LIST.replace("1单元,2,3,旧", "1单元,2,5,旧"))
    assert counts(answer) == {"created": 0, "changed": 1, "unchanged": 1, "merged": 0, "homes": 47}
    after = {row["id"]: row for row in rows()["Floor"]}
    assert after.keys() == before.keys()
    assert [(after[one]["homes"], before[one]["homes"]) for one in after if after[one] != before[one]] == [
        (5, 3)
    ]
    assert Compound.objects.get(name="甲乙花园").households == 11


def test_rows_gone_end_only_when_asked(browser):
    client = browser("system_admin", "900101")
    send(client, LIST)
    less = "\n".join(LIST.splitlines()[:3]) + "\n"
    assert send(client, less).json()["closed"] == 0
    assert (
        Compound.objects.filter(closed_on=None).count(),
        Building.objects.filter(closed_on=None).count(),
    ) == (2, 2)
    assert send(client, less, close="1").json()["closed"] == 1
    assert list(Compound.objects.filter(closed_on=None).values_list("name", flat=True)) == ["甲乙花园"]
    assert list(Building.objects.filter(closed_on=None).values_list("name", flat=True)) == ["1栋"]
    assert Compound.objects.get(closed_on=None).households == 5
    assert client.get("/api/compounds").json()["total"] == 1
    # It comes back as another compound, for the old one has ended.
    assert counts(send(client, LIST))["created"] == 1


@pytest.mark.once
def test_errors_block_everything_or_only_their_row(browser, rows):
    client = browser("system_admin", "900101")
    empty = rows()
    wrong = LIST + "戊己苑,西区,,,,,,,,,不详的,\n,东区,,,,,,,,,3,\n庚辛苑,,,,,,,,,,3,\n"
    blocked = send(client, wrong)
    assert [(one["row"], one["field"], one["code"]) for one in blocked.json()["errors"]] == [
        (6, "homes", "bad-number"), (7, "name", "no-name"), (8, "county", "no-place"),
    ]  # fmt: skip
    assert counts(blocked)["created"] == 0
    assert rows() == empty
    west = send(client, LIST + "戊己苑,西区,,,,,,,,,3,\n", partial="1")
    assert [(one["row"], one["code"]) for one in west.json()["errors"]] == [(6, "no-place")]
    assert (counts(west)["created"], Compound.objects.count()) == (2, 2)
    for text, fields, field in (
        ("编号\n1\n", {}, "file"), (LIST, {"datum": "mars"}, "datum"), (LIST, {"on": "2099-01-01"}, "on"),
        (LIST, {"mapping": "columns: {甲: 乙}"}, "mapping"), (LIST, {"mapping": "["}, "mapping"),
        (LIST, {"place": "x"}, "place"),
    ):  # fmt: skip
        refused = send(client, text, **fields)
        assert (refused.status_code in (404, 422), refused.json()["error"]["field"]) == (True, field)


@pytest.mark.once
def test_nobody_else_may(browser, town, rows):
    admin = browser("system_admin", "900101")
    send(admin, LIST)
    found = admin.get("/api/compounds").json()["items"][0]
    handle = f"/api/compounds/{found['area']}/{found['id']}"
    stood = rows()
    worker, west = browser("grid_worker", "900101001002", "worker"), browser("system_admin", "900102", "west")
    assert send(worker, LIST).status_code == 403
    assert say(worker, f"{handle}/edit", {"reason": "试", "name": "改名"}).status_code == 403
    assert worker.get(handle).status_code == 200
    assert [one["name"] for one in worker.get("/api/compounds").json()["items"]] == ["丙丁院落"]
    assert west.get(handle).status_code == 404
    assert west.get("/api/compounds").json()["total"] == 0
    assert west.get("/api/compounds", {"place": str(town["900101"])}).status_code == 404
    assert say(west, f"{handle}/edit", {"reason": "试", "name": "改名"}).status_code == 404
    body = {"source": "街道台账", "field": "name", "reason": "试"}
    assert say(west, f"{handle}/in-force", body).status_code == 404
    assert (
        say(
            west, "/api/places/boundaries/draw", {"place_id": str(town["900101"]), "level": "street"}
        ).status_code
        == 404
    )
    for address in ("/api/compounds", handle, "/api/compounds/export", "/api/compounds/template"):
        assert Client().get(address).status_code == 401
    assert rows() == stood


def test_sources_stand_side_by_side_and_a_person_may_choose(browser):
    client = browser("system_admin", "900101")
    send(
        client,
        "小区名称,区县,地址,经度,纬度,小区总户数\n甲乙小区,东区,春风路1号,104.001,30.001,300\n",
        source="甲平台",
        on="2026-01-05",
    )
    other = "小区名称,区县,地址,经度,纬度,小区总户数\n甲 乙（苑）,东区,春风路一号,104.002,30.001,200\n"
    merged = send(client, other, source="乙平台", on="2026-02-05")
    assert counts(merged) == {"created": 0, "changed": 0, "unchanged": 0, "merged": 1, "homes": 200}
    row = client.get("/api/compounds").json()["items"][0]
    assert (row["households"], row["sources"], row["conflict"]) == (200, 2, True)
    handle = f"/api/compounds/{row['area']}/{row['id']}"
    said = {one["source"]: one for one in client.get(handle).json()["sources"]}
    assert "households" in said["乙平台"]["in_force"] and said["甲平台"]["in_force"] == []
    assert "户数：最近一次导入" in said["乙平台"]["why_zh"]
    body = {"source": "甲平台", "field": "households", "reason": "已上门核对"}
    chosen = say(client, f"{handle}/in-force", body)
    assert (chosen.json()["households"], chosen.json()["conflict"]) == (300, False)
    assert {one["field"]: one["why_zh"] for one in chosen.json()["values"]}[
        "households"
    ] == "人工选定：已上门核对"
    history = CompoundChoice.objects.get()
    assert (history.was, history.became, history.reason) == ("200", "300", "已上门核对")
    shown = client.get(handle).json()["history"]
    assert [(one["field_zh"], one["was"], one["became"], one["by"]) for one in shown] == [
        ("户数", "200", "300", "某人")
    ]
    # The same file again does not undo what a person chose.
    assert counts(send(client, other, source="乙平台"))["unchanged"] == 1
    assert counts(send(client, other.replace("200", "210"), source="乙平台"))["changed"] == 1
    assert client.get(handle).json()["households"] == 300
    for wrong, code in (
        ({"source": "丙平台"}, "source-says-nothing"),
        ({"source": "甲平台", "field": "buildings"}, "source-says-nothing"),
        ({"field": "colour"}, "invalid-input"), ({"reason": " "}, "invalid-input"),
    ):  # fmt: skip
        refused = say(client, f"{handle}/in-force", body | wrong)
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, code)
    assert CompoundChoice.objects.count() == 1


def test_values_by_hand_stay_in_force(browser, town):
    client = browser("system_admin", "900101")
    send(client, LIST)
    row = client.get("/api/compounds", {"q": "bdyl"}).json()["items"][0]
    handle = f"/api/compounds/{row['area']}/{row['id']}"
    body = {
        "name": "丙丁小院", "kind": "courtyard", "households": 40, "lon": 104.008, "lat": 30.008,
        "place_id": str(town["900101002001"]), "reason": "社区来电",
    }  # fmt: skip
    answer = say(client, f"{handle}/edit", body).json()
    assert (answer["name"], answer["kind"], answer["households"], answer["lon"], answer["place"]["name"]) == (
        "丙丁小院", "courtyard", 40, 104.008, "安居社区",
    )  # fmt: skip
    again = say(client, f"{handle}/edit", {"households": 41, "reason": "再次来电"}).json()
    assert (again["name"], again["households"]) == ("丙丁小院", 41)
    assert counts(send(client, LIST))["unchanged"] == 2
    assert counts(send(client, LIST.replace(",36,", ",38,")))["changed"] == 1
    kept = client.get(handle).json()
    assert (kept["name"], kept["households"], kept["place"]["name"]) == ("丙丁小院", 41, "安居社区")
    assert [one.field for one in CompoundChoice.objects.order_by("id")] == [
        "name", "kind", "households", "position", "place", "households",
    ]  # fmt: skip
    for wrong, field in (
        ({"reason": ""}, "reason"), ({"reason": "试"}, "name"), ({"reason": "试", "kind": "castle"}, "kind"),
        ({"reason": "试", "lon": 104.0}, "lon"), ({"reason": "试", "households": -1}, "households"),
        ({"reason": "试", "name": " "}, "name"),
        ({"reason": "试", "place_id": str(town["900102001201"])}, "place_id"),
    ):  # fmt: skip
        refused = say(client, f"{handle}/edit", wrong)
        assert (refused.status_code in (404, 422), refused.json()["error"]["field"]) == (True, field)
    assert CompoundChoice.objects.count() == 6


def test_pages_search_and_days(browser, town):
    client = browser("system_admin", "900101")
    lines = [f"第{number:03}院,东区,春风街道,长乐社区,院落,{number}\n" for number in range(120)]
    send(client, "小区名称,区县,街道,社区,类型,小区总户数\n" + "".join(lines), on="2026-02-01")
    seen, cursor = [], ""
    while True:
        page = client.get("/api/compounds", {"cursor": cursor, "kind": "courtyard"}).json()
        seen += [one["name"] for one in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert (len(seen), len(set(seen)), page["total"], page["households"]) == (120, 120, 120, 7140)
    place = str(town["900101001001"])
    assert client.get("/api/compounds", {"place": place}).json()["total"] == 120
    assert client.get("/api/compounds", {"place": str(town["900101001002"])}).json()["total"] == 0
    assert client.get("/api/compounds", {"q": "第007"}).json()["total"] == 1
    assert client.get("/api/compounds", {"q": "100%"}).json()["total"] == 0
    assert client.get("/api/compounds", {"on": "2026-01-31"}).json()["total"] == 0
    assert client.get("/api/compounds", {"on": "2099-01-01"}).status_code == 422
    assert client.get("/api/compounds", {"cursor": "x"}).status_code == 422
    assert client.get("/api/compounds", {"kind": "castle"}).status_code == 422


def test_files_out(browser):
    client = browser("system_admin", "900101")
    send(client, LIST)
    book = CalamineWorkbook.from_filelike(io.BytesIO(client.get("/api/compounds/export").content))
    assert book.sheet_names == ["小区", "楼层"]
    listed = book.get_sheet_by_name("小区").to_python()
    assert [row[1] for row in listed] == ["名称", "丙丁院落", "甲乙花园"]
    floors = book.get_sheet_by_name("楼层").to_python()
    assert [row[:6] for row in floors[1:]] == [
        ["甲乙花园", "1栋", "1单元", 1.0, 1.0, 2.0], ["甲乙花园", "1栋", "1单元", 2.0, 2.0, 3.0],
        ["甲乙花园", "2栋", "", 1.0, 2.0, 4.0],
    ]  # fmt: skip
    found = client.get("/api/compounds/export", {"format": "geojson"}).json()
    assert [one["geometry"]["type"] for one in found["features"]] == ["Point", "Point"]
    # What goes out as GeoJSON comes in again.
    again = send(client, json.dumps(found), source="导出")
    assert (again.json()["errors"], counts(again)["merged"]) == ([], 2)
    assert client.get("/api/compounds/export", {"format": "pdf"}).status_code == 422
    book = CalamineWorkbook.from_filelike(io.BytesIO(client.get("/api/compounds/template").content))
    assert book.sheet_names == ["小区", "填写说明"]
    headings = book.get_sheet_by_name("小区").to_python()[0]
    blank = ["" for _ in headings]
    filled = dict(zip(headings, blank, strict=True)) | {"小区名称": "模板苑", "区县": "东区", "户数": "8"}
    text = ",".join(headings) + "\n" + ",".join(filled.values()) + "\n"
    answer = send(client, text, "1")
    assert (counts(answer)["created"], answer.json()["unmapped"]) == (1, [])
    assert AuditEntry.objects.filter(event="compounds.exported").count() == 2
