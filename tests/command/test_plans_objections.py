"""Objections: written without an account, answered in time by somebody else, read by whoever holds the link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils.timezone import localdate

from shanzhi.base.audit.models import AuditEntry
from shanzhi.base.clocks.actions import fire_due
from shanzhi.base.clocks.models import Clock
from shanzhi.base.outbox.models import OutboxRow
from shanzhi.base.retention.holdings import Scope
from shanzhi.city.places.models import Place
from shanzhi.command.plans import erasing
from shanzhi.command.plans.models import Notice, Objection, ObjectionEvent
from shanzhi.core.kit.clock import FixedClock

pytestmark = [pytest.mark.django_db, pytest.mark.once]
SignIn = Callable[[str], Any]
TEXT = "示例：我每周要去医院透析，封闭单元门后无法外出。"


@pytest.fixture
def number(installed: Any, sign_in: SignIn, plans: Place, clock: FixedClock) -> str:
    """The number of a live notice: proposed by the shift lead, approved by the commander."""
    body = {
        "level": 4, "place_ids": [str(plans.id)], "document": "示例汛〔2026〕3号",
        "last_on": (localdate(clock.now()) + timedelta(days=2)).isoformat(),
    }  # fmt: skip
    made = sign_in("zhibanzhang").post("/api/plans/flood/propose", body)[1]
    assert sign_in("zhihui").post(f"/api/responses/{made['id']}/approve", {})[0] == 200
    return str(Notice.objects.get().number)


@pytest.fixture
def objected(resident: Any, number: str) -> dict[str, Any]:
    status, receipt = resident.post(
        f"/api/notices/{number}/objections", {"id": str(uuid4()), "text": TEXT, "phone": "028-00000000"}
    )
    assert status == 201, receipt
    return receipt


def state() -> Any:
    return (
        list(Objection.objects.values("number", "state", "outcome", "answered_at")), ObjectionEvent.objects.count(),
        OutboxRow.objects.count(), AuditEntry.objects.filter(event__startswith="objection").count(),
    )  # fmt: skip


def test_it_is_answered_on_the_link(
    resident: Any, sign_in: SignIn, objected: dict[str, Any], clock: FixedClock
) -> None:
    assert objected["number"].startswith("YY510107260309-001")
    follow = f"/api/objections/follow/{objected['number']}"
    secret = {"X-Follow-Secret": objected["secret"]}
    status, mine = resident.get(follow, secret)
    assert (status, mine["text"], mine["state"], mine["answer"]) == (200, TEXT, "received", "")
    upper = sign_in("shangji")
    status, desk = upper.get("/api/objections")
    [row] = desk["items"]
    assert (desk["waiting"], row["may_answer"]) == (1, True)
    assert row["phone_masked"] and "00000000" not in row["phone_masked"]
    status, answered = upper.post(
        f"/api/objections/{row['area']}/{row['id']}/answer",
        {"outcome": "upheld", "answer": "已安排专车接送。"},
    )
    assert (status, answered["state"], answered["may_answer"]) == (200, "answered", False)
    mine = resident.get(follow, secret)[1]
    assert (mine["outcome_zh"], mine["answer"]) == ("予以支持", "已安排专车接送。")
    assert not Clock.objects.filter(name="objection").exclude(state="stopped").exists()


def test_nobody_answers_for_their_own_decision(sign_in: SignIn, objected: dict[str, Any]) -> None:
    row = Objection.objects.get()
    address = f"/api/objections/{row.area}/{row.id}/answer"
    before = state()
    status, refused = sign_in("zhihui").post(address, {"outcome": "rejected", "answer": "维持原措施。"})
    assert (status, refused["error"]["code"]) == (403, "objection-second-person")
    status, refused = sign_in("zhiban").post(address, {"outcome": "rejected", "answer": "维持原措施。"})
    assert (status, refused["error"]["code"]) == (403, "refused")
    assert sign_in("wangge").get("/api/objections")[0] == 403
    for body, field in (
        ({"outcome": "maybe", "answer": "好的"}, "outcome"),
        ({"outcome": "upheld", "answer": " "}, "answer"),
    ):
        status, refused = sign_in("shangji").post(address, body)
        assert (status, refused["error"]["field"]) == (422, field)
    assert state() == before
    [shown] = sign_in("zhihui").get("/api/objections")[1]["items"]
    assert not shown["may_answer"] and shown["why_not_zh"]


def test_a_wrong_secret_and_a_wrong_number_look_alike(resident: Any, objected: dict[str, Any]) -> None:
    follow = f"/api/objections/follow/{objected['number']}"
    answers = [
        resident.get(follow), resident.get(follow, {"X-Follow-Secret": "0" * 48}),
        resident.get("/api/objections/follow/YY510107260309-999", {"X-Follow-Secret": objected["secret"]}),
    ]  # fmt: skip
    assert {status for status, _ in answers} == {404}
    assert len({str(body) for _, body in answers}) == 1


def test_sent_twice_it_is_one(resident: Any, number: str) -> None:
    body = {"id": str(uuid4()), "text": TEXT}
    first = resident.post(f"/api/notices/{number}/objections", body)
    second = resident.post(f"/api/notices/{number}/objections", body)
    assert first == second and Objection.objects.count() == 1
    before = state()
    status, refused = resident.post(f"/api/notices/{number}/objections", body | {"text": "另一件事"})
    assert (status, refused["error"]["code"]) == (409, "objection-same-id")
    for wrong, field in (
        ({"text": " "}, "text"),
        ({"phone": "abc"}, "phone"),
        ({"text": "好" * 2001}, "text"),
    ):
        status, refused = resident.post(
            f"/api/notices/{number}/objections", body | {"id": str(uuid4())} | wrong
        )
        assert (status, refused["error"]["field"]) == (422, field)
    assert resident.post("/api/notices/GG-1/objections", body)[0] == 404
    assert state() == before


def test_the_clock_of_the_plan_runs(resident: Any, sign_in: SignIn, objected: Any, clock: FixedClock) -> None:
    row = Objection.objects.get()
    assert row.due_at - row.made_at == timedelta(days=5)
    clock.advance(timedelta(days=5, minutes=1))
    fire_due(clock.now())
    fire_due(clock.now())
    assert OutboxRow.objects.filter(topic="clocks", event="breach", subject_id=row.id).count() == 1
    desk = sign_in("shangji").get("/api/objections")[1]
    assert desk["overdue"] == 1 and desk["items"][0]["is_overdue"]


def test_long_after_its_end_it_is_for_the_telephone(
    resident: Any, sign_in: SignIn, number: str, clock: FixedClock
) -> None:
    row = Notice.objects.get()
    sign_in("zhihui").post(f"/api/responses/{row.activation_id}/end", {"reason": "雨停"})
    clock.advance(timedelta(days=61))
    assert not resident.get(f"/api/notices/{number}")[1]["may_object"]
    status, refused = resident.post(f"/api/notices/{number}/objections", {"id": str(uuid4()), "text": TEXT})
    assert (status, refused["error"]["code"]) == (422, "notice-over")
    assert Objection.objects.count() == 0


def test_words_and_telephone_lie_encrypted_and_are_destroyed(
    sign_in: SignIn, objected: Any, resident: Any
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT text, phone FROM plans_objection")
        [(text, phone)] = cursor.fetchall()
    assert TEXT.encode() not in bytes(text) and b"00000000" not in bytes(phone)
    row = Objection.objects.select_related("notice").get()
    scope = Scope(activation_id=row.notice.activation_id)
    assert erasing.count(scope) == 0  # it waits for its answer
    address = f"/api/objections/{row.area}/{row.id}"
    upper = sign_in("shangji")
    status, refused = upper.post(f"{address}/phone", {"reason": " "})
    assert (status, refused["error"]["field"]) == (422, "reason")
    assert upper.post(f"{address}/phone", {"reason": "电话沟通"}) == (200, {"phone": "028-00000000"})
    assert AuditEntry.objects.filter(event="reveal", subject=str(row.id)).count() == 1
    upper.post(f"{address}/answer", {"outcome": "upheld", "answer": "已安排。"})
    assert erasing.count(scope) == 1
    gone = erasing.destroy(scope)
    assert gone.rows == 1 and len(gone.digest) == 64
    row.refresh_from_db()
    assert (row.text or "", row.phone or "", row.answer or "", row.outcome) == ("", "", "", "upheld")
    assert erasing.destroy(scope).rows == 0
