"""From a plan to a response through the interface, and everything that is refused on the way."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils.timezone import localdate
from python_calamine import CalamineWorkbook

from shanzhi.base.audit.models import AuditEntry
from shanzhi.city.modes.models import Activation, ActivationEvent
from shanzhi.city.places.models import Place
from shanzhi.command.plans.models import Notice
from shanzhi.core.kit.clock import FixedClock

pytestmark = [pytest.mark.django_db, pytest.mark.once]
SignIn = Callable[[str], Any]


@pytest.fixture
def body(plans: Place, clock: FixedClock) -> Callable[..., dict[str, Any]]:
    def make(**changes: Any) -> dict[str, Any]:
        return {
            "level": 4, "place_ids": [str(plans.id)], "document": "示例汛〔2026〕3号",
            "last_on": (localdate(clock.now()) + timedelta(days=2)).isoformat(),
        } | changes  # fmt: skip

    return make


@pytest.fixture
def live(installed: Any, sign_in: SignIn, body: Any) -> Callable[..., dict[str, Any]]:
    def make(code: str = "flood", **changes: Any) -> dict[str, Any]:
        status, made = sign_in("zhibanzhang").post(f"/api/plans/{code}/propose", body(**changes))
        assert status == 201, made
        status, done = sign_in("zhihui").post(f"/api/responses/{made['id']}/approve", {})
        assert status == 200, done
        return done

    return make


def counted() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Activation, ActivationEvent, Notice))


def test_a_flood_from_warning_to_all_clear(
    sign_in: SignIn, resident: Any, live: Any, installed: Any, clock: FixedClock
) -> None:
    done = live()
    row, lead, boss = done["row"], sign_in("zhibanzhang"), sign_in("zhihui")
    assert (row["state"], row["numeral"], row["level_zh"], row["title"]) == (
        "live", "Ⅳ", "蓝色", "城市防汛应急响应",
    )  # fmt: skip
    made = done["events"][-1]["made"]
    assert [line["part"] for line in made] == ["notices", "limits", "screens", "orders"]
    # The notice is public, without an account.
    number = made[0]["address"].rsplit("/", 1)[1]
    status, notice = resident.get(f"/api/notices/{number}")
    assert status == 200 and notice["exit_phone"] == "120" and notice["may_object"]
    for said in (
        "示例汛〔2026〕3号",
        "2026年3月11日",
        "12345",
        "120",
        row["places"][0]["name"],
    ):
        assert said in notice["text_zh"], said
    assert "{" not in notice["text_zh"] + notice["text_en"]
    assert [one["number"] for one in resident.get("/api/notices")[1]] == [number]
    # The band is there for a grid worker, who may not open the response.
    [band] = sign_in("wangge").get("/api/responses/banners")[1]
    assert (band["numeral"], band["may_open"], band["opens"]) == ("Ⅳ", False, "")
    assert boss.get("/api/responses/banners")[1][0]["opens"] == "/responses"
    assert sign_in("wangge").get("/api/responses")[0] == 403
    # Raise: a preview first, then by the second person.
    status, preview = boss.get(f"/api/responses/{row['id']}/preview?level=2")
    assert status == 200 and not preview["wrong"]
    assert {line["part"] for line in preview["begins"]} >= {"sweeps", "recut", "rosters"}
    assert [line["part"] for line in preview["stays"]] == ["limits"]
    status, refused = lead.post(f"/api/responses/{row['id']}/raise", {"reason": "雨势增强", "level": 2})
    assert (status, refused["error"]["code"]) == (403, "refused")
    status, refused = boss.post(f"/api/responses/{row['id']}/raise", {"level": 2})
    assert (status, refused["error"]["field"]) == (422, "reason")
    clock.advance(timedelta(minutes=30))
    status, raised = boss.post(f"/api/responses/{row['id']}/raise", {"reason": "雨势增强", "level": 2})
    assert status == 200 and raised["row"]["numeral"] == "Ⅱ"
    [newest] = resident.get("/api/notices")[1]
    assert "橙色" in newest["title_zh"] and newest["number"] != number
    assert resident.get(f"/api/notices/{number}")[1]["row"]["ended_at"]
    # End; finishing waits for the reports upward, which are not written yet.
    status, ended = boss.post(f"/api/responses/{row['id']}/end", {"reason": "雨停水退"})
    assert status == 200 and ended["row"]["state"] == "standing_down"
    assert resident.get("/api/notices")[1] == sign_in("wangge").get("/api/responses/banners")[1] == []
    assert all(not part.live for code, part in installed.items() if code not in {"notices", "screens"})
    status, over = boss.post(f"/api/responses/{row['id']}/finish", {})
    assert (status, over["error"]["code"]) == (409, "response-still-open")
    assert all(said in over["error"]["message_zh"] for said in ("终报报送", "总结报告签发", "销毁计划"))
    assert boss.get(f"/api/responses/{row['id']}")[1]["row"]["state"] == "standing_down"


def test_the_preview_says_everything_and_writes_nothing(sign_in: SignIn, installed: Any, body: Any) -> None:
    before = counted()
    status, preview = sign_in("zhibanzhang").post("/api/plans/flood/preview", body(level=1))
    assert status == 200, preview
    assert not preview["wrong"] and preview["limit_on"] == "2026-03-13"
    assert {line["part"] for line in preview["lines"]} == {
        "notices", "limits", "kinds", "recut", "screens", "rosters", "stock", "sweeps", "orders",
    }  # fmt: skip
    assert "Ⅰ级" in preview["notices"][0]["title_zh"] and "{" not in preview["notices"][0]["text_zh"]
    assert counted() == before


def test_what_is_not_installed_stops_the_approval(
    sign_in: SignIn, plans: Any, body: Any, monkeypatch: Any
) -> None:
    from shanzhi.city.modes import parts

    only = {code: part for code, part in parts.known().items() if code in {"notices", "screens"}}
    monkeypatch.setattr(parts._PARTS, "by_code", only)
    status, preview = sign_in("zhibanzhang").post("/api/plans/flood/preview", body())
    assert status == 200 and preview["wrong"]
    assert [line["zh"] for line in preview["lines"] if line["wrong"]] == [
        "处置时限：本系统未装此项", "指令：本系统未装此项",
    ]  # fmt: skip
    status, made = sign_in("zhibanzhang").post("/api/plans/flood/propose", body())
    before = counted()
    status, refused = sign_in("zhihui").post(f"/api/responses/{made['id']}/approve", {})
    assert (status, refused["error"]["code"]) == (422, "response-parts-wrong")
    assert counted() == before and Activation.objects.get().state == "proposed"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"document": ""}, "invalid-input", "document"),
        ({"last_on": "2026-03-08"}, "response-last-day-early", "last_on"),
        ({"last_on": "2026-03-16"}, "response-last-day", "last_on"),
        ({"level": 5}, "not-found", "level"),
        ({"place_ids": []}, "invalid-input", "place_ids"),
        ({"place_ids": ["00000000-0000-7000-8000-000000000000"]}, "not-found", "place_ids"),
    ],
)
def test_what_a_proposal_may_not_be(
    changes: Any, code: str, field: str, sign_in: SignIn, installed: Any, body: Any
) -> None:
    before = counted()
    status, refused = sign_in("zhibanzhang").post("/api/plans/flood/propose", body(**changes))
    assert status in (404, 422), refused
    assert (refused["error"]["code"], refused["error"]["field"]) == (code, field)
    assert counted() == before


@pytest.mark.once
def test_responses_of_before_get_their_english_titles(live: Any) -> None:
    usual, own = live()["row"]["id"], live("heat", title="示例大院响应")["row"]["id"]
    Activation.objects.update(title_en="")
    fill = import_module("shanzhi.command.plans.migrations.0002_english_titles").FILL
    with connection.cursor() as cursor:
        cursor.execute(fill)
    told = dict(Activation.objects.values_list("id", "title_en"))
    assert told == {UUID(usual): "Flood response", UUID(own): ""}


def test_both_lists_are_taken_along_by_who_sees_them_and_that_is_recorded(sign_in: SignIn, live: Any) -> None:
    row = live()["row"]
    live(is_drill=True)

    def sheet(address: str, name: str) -> list[dict[str, Any]]:
        content = sign_in("zhihui").client.get(address).content
        found = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(name).to_python()
        return [dict(zip(found[0], line, strict=True)) for line in found[1:]]

    [told] = sheet("/api/responses/export?state=live&drills=0", "应急响应")
    assert (told["编号"], told["级别"], told["文号"]) == (row["number"], "Ⅳ 蓝色", "示例汛〔2026〕3号")
    assert [one["Drill"] for one in sheet("/api/responses/export?state=live&lang=en", "Responses")] == [
        "yes",
        "",
    ]
    plans = {one["代码"]: one for one in sheet("/api/plans/export", "预案")}
    assert {code: one["响应中"] for code, one in plans.items()} == {
        "epidemic": 0, "flood": 2, "gas": 0, "heat": 0,
    }  # fmt: skip
    assert plans["flood"]["级别"].startswith("Ⅳ 蓝色、Ⅲ 黄色")
    taken = AuditEntry.objects.filter(event__in=["responses.exported", "plans.exported"])
    assert sorted((one.event, one.detail["rows"]) for one in taken) == [
        ("plans.exported", 4), ("responses.exported", 1), ("responses.exported", 2),
    ]  # fmt: skip
    for address in ("/api/responses/export", "/api/plans/export"):
        assert sign_in("anquan").get(address)[0] == 403
    assert taken.count() == 3


def test_a_drill_is_the_same_with_a_watermark_and_is_not_listed(
    resident: Any, live: Any, installed: Any
) -> None:
    done = live(is_drill=True)
    told = installed["orders"].calls[0][1][1]
    assert told.is_drill and done["row"]["is_drill"]
    notice = Notice.objects.get()
    assert notice.title_zh.startswith("【演练】") and notice.title_en.startswith("[DRILL]")
    assert resident.get("/api/notices")[1] == []
    assert resident.get(f"/api/notices/{notice.number}")[1]["row"]["is_drill"]
