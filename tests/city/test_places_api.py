"""Places through the API."""

import json
from datetime import date
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import localdate
from python_calamine import CalamineWorkbook

from shanzhi.base.access import SYSTEM
from shanzhi.base.audit.models import AuditEntry
from shanzhi.city.people import actions as people
from shanzhi.city.places import changes
from shanzhi.city.places.models import Place
from shanzhi.city.places.wishes import Change

PASSWORD = "Spring-2026"


@pytest.fixture
def browser(town, post_kinds, at):
    """A signed-in browser of somebody in a post at a place."""

    def enter(kind, code, username="somebody", name="某人"):
        account = people.create_account(username, name, PASSWORD, actor=SYSTEM, at=at)
        people.appoint(account.id, kind, town[code], from_on=date(2025, 1, 1), actor=SYSTEM, at=at)
        client = Client()
        body = json.dumps({"username": username, "password": PASSWORD})
        assert client.post("/api/session", body, content_type="application/json").status_code == 200
        return client

    return enter


def brief(answer):
    return [(item["level"], item["code"], item["name"], item["has_children"]) for item in answer.json()]


def table(text):
    return {"file": SimpleUploadedFile("列表.csv", text.encode(), "text/csv")}


@pytest.mark.once
def test_the_tree_begins_at_the_posts_of_the_caller(town, browser):
    client = browser("grid_worker", "900101001")
    roots = client.get("/api/places")
    assert brief(roots) == [("street", "900101001", "春风街道", True)]
    assert {key: roots.json()[0][key] for key in ("id", "level_zh", "level_en")} == {
        "id": str(town["900101001"]), "level_zh": "街道", "level_en": "street office",
    }  # fmt: skip
    below = client.get("/api/places", {"parent": str(town["900101001"])})
    assert brief(below) == [
        ("community", "900101001002", "北门社区", False),
        ("community", "900101001001", "长乐社区", False),
    ]
    assert brief(client.get("/api/places", {"q": "bm"})) == [("community", "900101001002", "北门社区", False)]
    assert brief(client.get("/api/places", {"q": "河湾"})) == []
    for parent in (str(town["900102"]), "00000000-0000-0000-0000-000000000001", "x"):
        refused = client.get("/api/places", {"parent": parent})
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not-found")


def test_one_place_with_its_posts_and_no_names(town, browser):
    client = browser("grid_worker", "900101001", name="王小明")
    answer = client.get(f"/api/places/{town['900101001']}")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["code"], body["name"], [above["name"] for above in body["ancestors"]]) == (
        "900101001", "春风街道", ["甲省", "乙市", "东区"],
    )  # fmt: skip
    assert body["posts"] == [
        {
            "kind": "grid_worker",
            "kind_zh": "专职网格员",
            "kind_en": "Grid worker",
            "unit_name": "",
            "count": 1,
        }
    ]
    assert "王小明" not in answer.content.decode()
    assert client.get(f"/api/places/{town['900101']}").status_code == 404


@pytest.mark.once
def test_import_with_dry_run_errors_and_success(town, browser, counted):
    client = browser("system_admin", "900101")
    before = counted()
    good = "代码,名称\n900101001,春晖街道\n900101003,新街道\n"
    dry = client.post("/api/places/import?dry_run=1", table(good))
    assert (dry.status_code in (200, 201), dry.json()) == (
        True,
        {"dry_run": True, "rows": 2, "created": 1, "changed": 1, "unchanged": 0, "closed": 0, "errors": []},
    )
    wrong = client.post("/api/places/import", table(good + "900199001,某街道\n"))
    assert wrong.json()["errors"] == [
        {
            "row": 4, "field": "parent", "message_zh": "没有代码为 900199 的上级区划。",
            "message_en": "there is no place above with code 900199.",
        }
    ]  # fmt: skip
    assert client.post("/api/places/import?on=2099-01-01", table(good)).status_code == 422
    assert client.post("/api/places/import?on=soon", table(good)).json()["error"]["field"] == "on"
    assert client.post("/api/places/import", table("编号\n1\n")).json()["error"]["field"] == "file"
    assert counted() == before
    done = client.post("/api/places/import?on=2025-07-01", table(good))
    assert (done.json()["created"], done.json()["changed"]) == (1, 1)
    assert Place.objects.get(code="900101003").opened_on == date(2025, 7, 1)


@pytest.mark.parametrize("kind", ["grid_worker", "security_admin", "audit_admin"])
def test_import_is_refused_to_other_posts(town, browser, counted, kind):
    client = browser(kind, "900101")
    before = counted()
    answer = client.post("/api/places/import", table("代码,名称\n900101003,新街道\n"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "refused")
    assert counted() == before


def test_nobody_sees_nothing(town):
    for address in ("/api/places", f"/api/places/{town['900101']}"):
        assert Client().get(address).status_code == 401
    assert Client().post("/api/places/import", table("代码,名称\n")).status_code == 401


def test_the_journal_to_take_along(town, browser, at):
    east, spring = town["900101"], town["900101001"]
    Place.objects.filter(id=spring).update(lon=104.0, lat=30.0)
    done = changes.make(
        Change("rename", localdate(at), "试一试", place_id=spring, name="新名街道"), actor=SYSTEM, at=at
    )
    client = browser("grid_worker", "900101")

    def sheets(**given):
        content = client.get("/api/places/changes/export", given).content
        book = CalamineWorkbook.from_filelike(BytesIO(content))
        return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]

    [head, *listed], [row_head, *rows] = sheets(place=str(east))
    first = dict(zip(head, listed[0], strict=True))
    assert (first["方式"], first["原因"], first["是否撤回"]) == ("更名", "试一试", "")
    shown = client.get("/api/places/changes", {"place": str(east)}).json()["items"]
    assert [row[2] for row in listed] == [one["summary_zh"] for one in shown]
    told = dict(zip(row_head, rows[0], strict=True))
    assert (told["变化"], told["原名称"], told["现名称"], told["级别"]) == (
        "更名",
        "春风街道",
        "新名街道",
        "街道",
    )
    [feature] = [
        one
        for one in client.get(
            "/api/places/changes/export", {"place": str(spring), "format": "geojson"}
        ).json()["features"]
        if one["properties"]["kind"] == "rename"
    ]
    assert feature["geometry"] == {"type": "Point", "coordinates": [104.0, 30.0]}
    assert feature["properties"]["name_before"] == "春风街道"
    changes.undo(done.change_id, "弄错了", actor=SYSTEM, at=at)
    [head, *listed], _ = sheets(place=str(east), lang="en")
    assert [dict(zip(head, row, strict=True))["Taken back"] for row in listed][:2] == ["", "taken back"]
    assert AuditEntry.objects.filter(event="places.changes.exported").count() == 3
    assert client.get("/api/places/changes/export", {"place": str(town["900102"])}).status_code == 404
    wrong = client.get("/api/places/changes/export", {"format": "pdf"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "format")
    assert AuditEntry.objects.filter(event="places.changes.exported").count() == 3
