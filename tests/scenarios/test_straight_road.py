"""One report from a resident's phone to the rating, through the API, by those who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import localdate

from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7

pytestmark = pytest.mark.django_db

ROAD = [
    ("accept", "shouli", "accepted"),
    ("file", "zhibanzhang", "filed"),
    ("dispatch", "paiqian", "dispatched"),
    ("sign", "chuzhi", "signed"),
    ("handle", "chuzhi", "handled"),
    ("feed_back", "chuzhi", "inspecting"),
    ("inspect", "wangge", "inspected"),
    ("close", "zhibanzhang", "closed"),
]
EVERYBODY = {"shouli", "zhibanzhang", "paiqian", "chuzhi", "wangge", "zhihui", "xitong", "anquan", "shenji"}


def _address(receipt: dict[str, Any]) -> str:
    return f"/api/cases/{receipt['area']}/{receipt['id']}"


def _given(verb: str, seen: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"version": seen["version"]}
    if verb == "file":
        body["condition_id"] = seen["conditions"][-1]["id"]
    if verb == "dispatch":
        body["unit_id"] = seen["suggestion"]["unit_id"]
    if verb in {"handle", "feed_back"}:
        body["note"] = "已更换灯泡"
    return body


def _walk(receipt: dict[str, Any], sign_in: Callable[..., Any], until: str) -> None:
    for verb, who, _ in ROAD:
        if verb == until:
            return
        status, seen = sign_in(who).get(_address(receipt))
        assert status == 200, (verb, seen)
        status, body = sign_in(who).post(f"{_address(receipt)}/actions/{verb}", _given(verb, seen))
        assert status == 200, (verb, body)


def test_the_whole_road(
    report: Callable[..., Any], sign_in: Callable[..., Any], resident: Any, clock: FixedClock
) -> None:
    receipt = report()
    secret = {"X-Follow-Secret": receipt["secret"]}
    assert receipt["number"].startswith("510107260309")
    steps = []
    for verb, who, state in ROAD:
        clock.advance(timedelta(minutes=1))
        status, seen = sign_in(who).get(_address(receipt))
        assert status == 200
        assert verb in [item["verb"] for item in seen["allowed_actions"]]
        status, after = sign_in(who).post(f"{_address(receipt)}/actions/{verb}", _given(verb, seen))
        assert (status, after.get("state")) == (200, state), after
        assert after["version"] == seen["version"] + 1
        steps.append(resident.get(f"/api/follow/{receipt['number']}", secret)[1]["step"])
    assert steps == [1, 2, 2, 3, 3, 4, 4, 5]

    status, followed = resident.get(f"/api/follow/{receipt['number']}", secret)
    assert followed["state_public_zh"] == "已办结"
    assert followed["allowed_actions"] == ["rate"]
    assert "处理结果：已更换灯泡" in [event["text_zh"] for event in followed["timeline"]]
    assert not any("甲" in event["text_zh"] for event in followed["timeline"])
    status, rated = resident.post(
        f"/api/follow/{receipt['number']}/rate", {"solved": True, "stars": 5, "text": "很快"}, secret
    )
    assert (status, rated["rated"], rated["allowed_actions"]) == (200, True, [])
    status, seen = sign_in("zhibanzhang").get(_address(receipt))
    assert [event["verb"] for event in seen["timeline"]] == ["report", *(verb for verb, _, _ in ROAD), "rate"]
    assert seen["rating"]["stars"] == 5
    assert {clock["name"]: clock["state"] for clock in seen["clocks"]} == {
        "accept": "stopped", "dispatch": "stopped", "handle": "stopped", "inspect": "stopped",
    }  # fmt: skip


@pytest.mark.parametrize(("verb", "who", "state"), ROAD, ids=[verb for verb, _, _ in ROAD])
def test_nobody_else_may(
    verb: str, who: str, state: str, report: Callable[..., Any], sign_in: Callable[..., Any]
) -> None:
    receipt = report()
    _walk(receipt, sign_in, verb)
    _, before = sign_in(who).get(_address(receipt))
    may = {who} | ({"chuzhi"} if who == "chuzhi" else set())
    for other in sorted(EVERYBODY - may):
        status, answer = sign_in(other).post(f"{_address(receipt)}/actions/{verb}", _given(verb, before))
        assert status in (403, 404), (other, answer)
        assert answer["error"]["message_zh"]
    _, after = sign_in(who).get(_address(receipt))
    assert after == before


@pytest.mark.parametrize(
    ("verb", "field"),
    [("file", "condition_id"), ("dispatch", "unit_id"), ("handle", "note"), ("feed_back", "note")],
)
def test_what_a_verb_needs_is_named(
    verb: str, field: str, report: Callable[..., Any], sign_in: Callable[..., Any]
) -> None:
    receipt = report()
    _walk(receipt, sign_in, verb)
    who = next(name for found, name, _ in ROAD if found == verb)
    _, before = sign_in(who).get(_address(receipt))
    status, answer = sign_in(who).post(
        f"{_address(receipt)}/actions/{verb}", {"version": before["version"], "note": "  "}
    )
    assert (status, answer["error"]["code"], answer["error"]["field"]) == (422, "missing-input", field)
    assert sign_in(who).get(_address(receipt))[1] == before


def test_a_photo_is_needed_where_the_rule_asks_for_one(
    report: Callable[..., Any], sign_in: Callable[..., Any]
) -> None:
    receipt = report(kind="020113", text="路面有坑")
    _walk(receipt, sign_in, "handle")
    _, seen = sign_in("chuzhi").get(_address(receipt))
    assert seen["allowed_actions"][0]["requires"] == ["note", "photos"]
    body = {"version": seen["version"], "note": "已补平"}
    status, answer = sign_in("chuzhi").post(f"{_address(receipt)}/actions/handle", body)
    assert (status, answer["error"]["field"]) == (422, "photos")
    status, answer = sign_in("chuzhi").post(
        f"{_address(receipt)}/actions/handle", body | {"photos": ["0" * 64]}
    )
    assert (status, answer["error"]["code"]) == (422, "unknown-photo")


def test_a_stale_page_is_told_who_changed_what(
    report: Callable[..., Any], sign_in: Callable[..., Any]
) -> None:
    receipt = report()
    _, seen = sign_in("shouli").get(_address(receipt))
    assert sign_in("shouli").post(f"{_address(receipt)}/actions/accept", {"version": 1})[0] == 200
    status, answer = sign_in("shouli").post(f"{_address(receipt)}/actions/accept", {"version": 1})
    assert (status, answer["error"]["code"]) == (409, "version-conflict")
    assert "受理员甲" in answer["error"]["message_zh"] and "待立案" in answer["error"]["message_zh"]


def test_the_same_request_twice_is_done_once(report: Callable[..., Any], sign_in: Callable[..., Any]) -> None:
    receipt = report()
    key = {"Idempotency-Key": str(uuid7())}
    first = sign_in("shouli").post(f"{_address(receipt)}/actions/accept", {"version": 1}, key)
    second = sign_in("shouli").post(f"{_address(receipt)}/actions/accept", {"version": 1}, key)
    assert (first[0], second[0]) == (200, 200)
    assert first[1]["version"] == second[1]["version"] == 2


def test_a_report_sent_twice_is_one_case(resident: Any, sign_in: Callable[..., Any]) -> None:
    body = {"id": str(uuid7()), "kind": "010137", "text": "路灯不亮", "lon": 104.031, "lat": 30.631}
    first, second = resident.post("/api/reports", body), resident.post("/api/reports", body)
    assert (first[0], second[0]) == (201, 200)
    assert first[1] == second[1]
    status, answer = resident.post("/api/reports", body | {"text": "别的内容"})
    assert (status, answer["error"]["code"]) == (409, "same-id-other-content")
    queues = {queue["code"]: queue["count"] for queue in sign_in("shouli").get("/api/queues")[1]}
    assert queues["reported"] == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "", "text": "", "photos": []}, "text"),
        ({"lon": 104.0, "lat": None}, "lon"),
        ({"lat": 91.0}, "lon"),
        ({"kind": "999999"}, "kind"),
        ({"address": "路" * 201}, "address"),
        ({"text": "话" * 2001}, "text"),
        ({"phone": "abc"}, "phone"),
        ({"photos": ["0" * 64]}, "photos"),
        ({"happened_at": "2020-01-01T00:00:00Z"}, "happened_at"),
        ({"id": "not-a-uuid"}, "id"),
    ],
)
def test_bad_input_names_its_field_and_makes_nothing(
    changes: dict[str, Any], field: str, resident: Any
) -> None:
    from shanzhi.work.cases.models import Case

    body = {"id": str(uuid7()), "kind": "010137", "text": "路灯", "lon": 104.031, "lat": 30.631} | changes
    status, answer = resident.post("/api/reports", body)
    assert status in (404, 422), answer
    assert answer["error"]["field"] == field
    assert answer["error"]["message_zh"] and answer["error"]["message_en"]
    assert Case.objects.count() == 0


def test_a_secret_opens_its_own_case_only(report: Callable[..., Any], resident: Any) -> None:
    one, other = report(), report()
    for secret in ("", "0" * 48, other["secret"]):
        status, answer = resident.get(f"/api/follow/{one['number']}", {"X-Follow-Secret": secret})
        assert (status, answer["error"]["code"]) == (404, "not-found")
    assert resident.get(f"/api/follow/{one['number']}", {"X-Follow-Secret": one["secret"]})[0] == 200


def test_the_number_is_masked_and_its_reveal_recorded(
    report: Callable[..., Any], sign_in: Callable[..., Any]
) -> None:
    from shanzhi.base.audit.models import AuditEntry

    receipt = report(phone="13800000000")
    _, seen = sign_in("shouli").get(_address(receipt))
    assert seen["phone_masked"] == "138****0000"
    status, answer = sign_in("shouli").post(f"{_address(receipt)}/reveal", {"reason": " "})
    assert (status, answer["error"]["field"]) == (422, "reason")
    assert AuditEntry.objects.filter(event="reveal").count() == 0
    status, answer = sign_in("shouli").post(f"{_address(receipt)}/reveal", {"reason": "回访"})
    assert (status, answer) == (200, {"phone": "13800000000"})
    assert AuditEntry.objects.filter(event="reveal").count() == 1
    assert sign_in("chuzhi").post(f"{_address(receipt)}/reveal", {"reason": "回访"})[0] == 403


def test_the_handler_may_not_inspect(
    report: Callable[..., Any], sign_in: Callable[..., Any], clock: FixedClock
) -> None:
    from shanzhi.base.access import SYSTEM
    from shanzhi.city.people import actions as people
    from shanzhi.city.people.models import Account
    from shanzhi.city.places.models import Place

    receipt = report()
    _walk(receipt, sign_in, "inspect")
    handler = Account.objects.get(username="chuzhi")
    people.appoint(
        account_id=handler.id, kind="grid_worker", place_id=Place.objects.get(code="510107").id,
        unit_id=None, from_on=localdate(clock.now()), actor=SYSTEM, at=clock.now(),
    )  # fmt: skip
    _, seen = sign_in("chuzhi").get(_address(receipt))
    assert seen["allowed_actions"] == []
    status, answer = sign_in("chuzhi").post(
        f"{_address(receipt)}/actions/inspect", {"version": seen["version"]}
    )
    assert (status, answer["error"]["code"]) == (403, "same-person")
    assert sign_in("chuzhi").get(_address(receipt))[1]["state"] == "inspecting"


def test_a_unit_sees_its_own_cases_only(report: Callable[..., Any], sign_in: Callable[..., Any]) -> None:
    receipt = report()
    _walk(receipt, sign_in, "dispatch")
    assert sign_in("chuzhi").get(_address(receipt))[0] == 404
    assert sign_in("chuzhi").get("/api/cases?queue=open")[1]["items"] == []
    assert sign_in("xitong").get(_address(receipt))[0] == 403
    assert sign_in("xitong").get("/api/queues")[0] == 403


def test_the_list_is_sorted_by_remaining_time_and_paged(
    report: Callable[..., Any], sign_in: Callable[..., Any], clock: FixedClock
) -> None:
    numbers = []
    for _ in range(5):
        numbers.append(report()["number"])
        clock.advance(timedelta(minutes=4))
    got, cursor = [], ""
    for _ in range(3):
        _, page = sign_in("shouli").get(f"/api/cases?queue=reported&limit=2&cursor={cursor}")
        got += [item["number"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert (got, cursor) == (numbers, "")
    _, page = sign_in("shouli").get("/api/cases?queue=overdue")
    assert [item["number"] for item in page["items"]] == numbers[:2]
    assert all(item["clock"]["breached"] for item in page["items"])
    _, page = sign_in("shouli").get(f"/api/cases?queue=open&q={numbers[3]}")
    assert [item["number"] for item in page["items"]] == [numbers[3]]
    assert sign_in("shouli").get("/api/cases?cursor=xx")[1]["error"]["field"] == "cursor"
    assert sign_in("shouli").get("/api/cases?queue=none")[1]["error"]["field"] == "queue"
