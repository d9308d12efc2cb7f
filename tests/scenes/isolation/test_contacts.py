"""The fenced store of contacts: 30 days, one hop, no export, no join, readers shown; on invented households."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.utils import DatabaseError, IntegrityError
from django.urls import get_resolver
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.base.audit.models import AuditEntry
from shanzhi.base.retention.holdings import Scope
from shanzhi.base.retention.holdings import known as holdings
from shanzhi.city.modes.parts import known
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7
from shanzhi.scenes.isolation import contacts_actions, contacts_queries
from shanzhi.scenes.isolation.models import (
    ContactFact,
    ContactPerson,
    ContactRead,
    ContactTask,
    Isolation,
    IsolationEvent,
)

from .conftest import live_of

pytestmark = pytest.mark.django_db
TABLES = ("contacts_task", "contacts_person", "contacts_fact", "contacts_read")


def fact(kind: str, value: str, on_day: str | None = None) -> dict[str, Any]:
    return {"kind": kind, "value": value, "on_day": on_day}


@pytest.fixture
def person(clock: FixedClock) -> Callable[..., dict[str, Any]]:
    def make(name: str = "示例甲", **changes: Any) -> dict[str, Any]:
        on = localdate(clock.now()).isoformat()
        return {"id": str(uuid7()), "name": name, "last_exposed_on": on, "facts": []} | changes

    return make


@pytest.fixture
def task(sign_in: Any, response: Any, community: Place, person: Any) -> dict[str, Any]:
    """A task around a case with a household, a door and a lunch."""
    response()
    case = person(
        "示例病例",
        facts=[
            fact("household", "示例户一"),
            fact("door", "示例小区 3-502"),
            fact("session", "示例食堂午餐", "2026-03-07"),
        ],
    )
    status, made = sign_in("liudiao").post("/api/tracing", {"community_id": str(community.id), "case": case})
    assert status == 201, made
    return {**made, "case": case["id"]}


def add(browser: Any, task: dict[str, Any], body: dict[str, Any]) -> tuple[int, Any]:
    answer: tuple[int, Any] = browser.post(f"/api/tracing/{task['area']}/{task['id']}/people", body)
    return answer


def test_the_schema_stands_alone() -> None:
    """No foreign key leaves the store and none enters it; no column names a home, an account, a finer place."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f' "
            "AND (conrelid::regclass::text LIKE 'contacts\\_%' OR confrelid::regclass::text LIKE 'contacts\\_%')"
        )
        pairs = set(cursor.fetchall())
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND (column_name LIKE '%%contact%%person%%' OR column_name LIKE '%%contacts%%')"
        )
        outside = [row for row in cursor.fetchall() if row[0] not in TABLES]
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_name = ANY(%s)",
            [list(TABLES)],
        )
        columns = cursor.fetchall()
    assert pairs and all(one in TABLES and other in TABLES for one, other in pairs)
    assert outside == []
    words = (
        "home",
        "account",
        "floor",
        "building",
        "compound",
        "micro",
        "grid",
        "place",
        "isolation",
        "phone_digest",
    )
    assert [row for row in columns if any(word in row[1] for word in words)] == []
    for model in (ContactTask, ContactPerson, ContactFact, ContactRead):
        related = {field.related_model for field in model._meta.get_fields() if field.related_model}
        assert related <= {ContactTask, ContactPerson, ContactFact, ContactRead}
    for model in apps.get_models():
        if model._meta.db_table not in TABLES:
            assert not [f for f in model._meta.local_fields if getattr(f.related_model, "__name__", "") in (
                "ContactTask", "ContactPerson", "ContactFact", "ContactRead")]  # fmt: skip


def test_there_is_no_way_to_export() -> None:
    import inspect

    from shanzhi.scenes.isolation import contacts_api

    names = [name for name in get_resolver().reverse_dict if isinstance(name, str)]
    assert not [
        n for n in names if n.startswith(("tracing", "contact")) and re.search("export|xlsx|pdf|file", n)
    ]
    text = "".join(inspect.getsource(module) for module in (contacts_api, contacts_actions, contacts_queries))
    for word in ("write_workbook", "Paper(", "content_type", "Content-Disposition", "csv"):
        assert word not in text


def test_households_and_sessions_one_hop(task: dict[str, Any], sign_in: Any, person: Any) -> None:
    tracer = sign_in("liudiao")
    # Facts alone find through whom: blanks, width and case do not count.
    status, wife = add(tracer, task, person("示例乙", facts=[fact("household", "示例户 一")]))
    assert (status, wife["degree_zh"], wife["found_through"]) == (201, "密接", task["case"])
    status, friend = add(
        tracer,
        task,
        person(
            "示例丙", facts=[fact("session", "示例食堂午餐", "2026-03-07"), fact("door", "示例小区 9-101")]
        ),
    )
    assert (status, friend["degree"]) == (201, 1)
    # Another day is another session.
    status, refused = add(
        tracer, task, person("示例丁", facts=[fact("session", "示例食堂午餐", "2026-03-06")])
    )
    assert (status, refused["error"]["field"]) == (422, "found_through")
    status, child = add(tracer, task, person("示例戊", facts=[fact("door", "示例小区9－101")]))
    assert (status, child["degree_zh"], child["found_through"]) == (201, "次密接", friend["id"])
    # Nobody beyond: not by naming, not by facts, not by asking.
    before = ContactPerson.objects.count()
    status, refused = add(tracer, task, person("示例己", found_through=child["id"]))
    assert (status, refused["error"]["code"]) == (422, "contact-one-hop")
    base = f"/api/tracing-people/{task['area']}"
    assert tracer.get(f"{base}/{child['id']}/links")[1]["error"]["code"] == "contact-one-hop"
    assert ContactPerson.objects.count() == before
    links = tracer.get(f"{base}/{task['case']}/links")[1]
    assert {(one["person"]["id"], tuple(one["kinds_zh"])) for one in links} == {
        (wife["id"], ("同住家庭",)), (friend["id"], ("同场（某日某处）",)),
    }  # fmt: skip
    links = tracer.get(f"{base}/{friend['id']}/links")[1]
    assert {one["person"]["id"] for one in links} == {task["case"], child["id"]}
    with pytest.raises(IntegrityError), transaction.atomic():
        ContactPerson.objects.filter(id=child["id"]).update(degree=3)


def test_the_same_facts_in_two_tasks_cannot_be_matched(
    task: dict[str, Any], sign_in: Any, person: Any, community: Place
) -> None:
    case = person("示例他", facts=[fact("household", "示例户一")])
    other = sign_in("liudiao").post("/api/tracing", {"community_id": str(community.id), "case": case})[1]
    marks = list(ContactFact.objects.filter(kind="household").values_list("mark", flat=True))
    assert len(marks) == len(set(marks)) == 2
    assert sign_in("liudiao").get(f"/api/tracing-people/{other['area']}/{case['id']}/links")[1] == []


def test_readers_are_shown_to_the_person(
    task: dict[str, Any], sign_in: Any, person: Any, resident: Any, clock: FixedClock
) -> None:
    tracer = sign_in("liudiao")
    one = add(tracer, task, person("示例乙", phone="19900004321", found_through=task["case"]))[1]
    page = f"/api/tracing/{task['area']}/{task['id']}"
    assert ContactRead.objects.count() == 0
    tracer.get("/api/tracing")  # counts alone read nobody
    assert ContactRead.objects.count() == 0
    status, shown = tracer.get(page)
    assert [(row["name"], row["phone"]) for row in shown["people"][1:]] == [("示*", "199****4321")]
    clock.advance(timedelta(minutes=5))
    base = f"/api/tracing-people/{task['area']}/{one['id']}"
    for body, field in (
        ({"purpose": "x", "reason": "y"}, "purpose"),
        ({"purpose": "inform", "reason": " "}, "reason"),
    ):
        status, refused = tracer.post(f"{base}/reveal", body)
        assert (status, refused["error"]["field"]) == (422, field)
    status, found = tracer.post(f"{base}/reveal", {"purpose": "inform", "reason": "电话告知"})
    assert (status, found["phone"]) == (200, "19900004321")
    assert AuditEntry.objects.filter(event="reveal", subject=one["id"]).count() == 1
    secret = found["link"].rsplit("/", 1)[1]
    assert len(secret) * 4 >= 128
    status, mine = resident.get(f"/api/contact/{one['number']}", {"X-Follow-Secret": secret})
    assert status == 200
    assert [(row["post_zh"], row["purpose_zh"]) for row in mine["readers"]] == [
        ("流调员", "告知本人"), ("流调员", "核对信息"),
    ]  # fmt: skip
    assert mine["readers"][0]["at"] > mine["readers"][1]["at"]
    assert "流调员辰" not in str(mine) and "found_through" not in mine
    assert resident.get(f"/api/contact/{one['number']}", {"X-Follow-Secret": "0" * 48})[0] == 404
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ContactRead.objects.all().delete()


def test_only_tracers_and_only_where_a_response_is_live(
    sign_in: Any, community: Place, person: Any, district: Place, response: Any
) -> None:
    given = {"community_id": str(community.id), "case": person()}
    status, refused = sign_in("liudiao").post("/api/tracing", given)
    assert (status, refused["error"]["code"]) == (422, "contact-no-activation")
    response(is_compulsory=False, basis="", document="", last_on=None)
    assert sign_in("liudiao").post("/api/tracing", given)[0] == 422
    response()
    for who in ("yiwu", "zhiban", "zhihui", "wangge", "shenji"):
        assert sign_in(who).get("/api/tracing")[0] == 403
        assert sign_in(who).post("/api/tracing", given)[0] == 403
    status, refused = sign_in("liudiao").post("/api/tracing", given | {"community_id": str(district.id)})
    assert (status, refused["error"]["field"]) == (422, "community_id")
    assert sign_in("liudiao").post("/api/tracing", given | {"community_id": str(uuid4())})[0] == 404
    assert ContactTask.objects.count() == ContactPerson.objects.count() == 0


def test_thirty_days_by_query_by_night_and_by_the_database(
    task: dict[str, Any], sign_in: Any, person: Any, clock: FixedClock, resident: Any
) -> None:
    tracer = sign_in("liudiao")
    for days, field in ((31, "last_exposed_on"), (-1, "last_exposed_on"), (15, "last_exposed_on")):
        day = (localdate(clock.now()) - timedelta(days=days)).isoformat()
        status, refused = add(tracer, task, person(last_exposed_on=day, found_through=task["case"]))
        assert (status, refused["error"]["field"]) == (422, field)
    day = (localdate(clock.now()) - timedelta(days=4)).isoformat()
    one = add(tracer, task, person("示例乙", last_exposed_on=day, found_through=task["case"]))[1]
    row = ContactPerson.objects.get(id=one["id"])
    assert row.observe_until_on == localdate(clock.now()) + timedelta(days=10)
    for table in ("contacts_person", "contacts_task"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET destroy_at = destroy_at + interval '31 days'")
    # On its day it is out of sight before any job ran; the case stays, its own day is later.
    clock.advance(timedelta(days=10))
    people = sign_in("liudiao").get(f"/api/tracing/{task['area']}/{task['id']}")[1]["people"]
    assert [p["id"] for p in people] == [task["case"]]
    base = f"/api/tracing-people/{task['area']}/{one['id']}"
    assert sign_in("liudiao").post(f"{base}/reveal", {"purpose": "check", "reason": "x"})[0] == 404
    secret = contacts_queries.link_of(row).rsplit("/", 1)[1]
    assert resident.get(f"/api/contact/{one['number']}", {"X-Follow-Secret": secret})[0] == 404
    gone = contacts_actions.destroy_due(clock.now())
    assert gone.rows == 1 and re.fullmatch("[0-9a-f]{64}", gone.digest)
    assert AuditEntry.objects.get(event="contacts.destroyed").detail["digest"] == gone.digest
    clock.advance(timedelta(days=30))
    contacts_actions.destroy_due(clock.now())
    assert ContactPerson.objects.count() == ContactTask.objects.count() == ContactFact.objects.count() == 0
    assert contacts_actions.destroy_due(clock.now()).rows == 0


def test_referred_by_one_begun_by_another_and_no_row_refers_to_the_other(
    task: dict[str, Any], sign_in: Any, person: Any, body: Any, one_address: Any
) -> None:
    tracer = sign_in("liudiao")
    one = add(tracer, task, person("示例乙", phone="19900004321", found_through=task["case"]))[1]
    base = f"/api/tracing-people/{task['area']}/{one['id']}"
    assert Isolation.objects.count() == 0
    status, made = tracer.post(f"{base}/refer", {})
    assert status == 200
    isolation = Isolation.objects.get(number=made["number"])
    assert (isolation.state, isolation.name, isolation.document) == ("referred", "示例乙", "示例〔2026〕1号")
    values = " ".join(str(getattr(isolation, f.attname)) for f in Isolation._meta.local_fields)
    assert one["id"] not in values and task["id"] not in values and one["number"] not in values
    assert tracer.post(f"{base}/refer", {})[1]["error"]["field"] == "id"
    assert tracer.post(f"{one_address(isolation)}/begin", body())[0] == 403
    given = body(name="示例乙", phone="19900004321", begun_on=isolation.begun_on.isoformat())
    status, begun = sign_in("yiwu").post(f"{one_address(isolation)}/begin", given)
    assert (status, begun["number"]) == (200, made["number"])
    isolation.refresh_from_db()
    assert (isolation.state, isolation.begun_by) == ("isolating", "流调员辰")
    assert list(IsolationEvent.objects.values_list("verb", flat=True)) == ["refer", "begin"]
    other = add(tracer, task, person("示例丙", found_through=task["case"]))[1]
    tracer.post(f"/api/tracing-people/{task['area']}/{other['id']}/refer", {})
    second = Isolation.objects.get(state="referred")
    assert sign_in("yiwu").post(f"{one_address(second)}/steps/drop", {"reason": ""})[0] == 422
    assert sign_in("yiwu").post(f"{one_address(second)}/steps/drop", {"reason": "判定不需要"})[0] == 200


def test_taken_out_and_closed(task: dict[str, Any], sign_in: Any, person: Any) -> None:
    tracer = sign_in("liudiao")
    given = person("示例乙", found_through=task["case"], facts=[fact("door", "示例 1-1")])
    one, again = add(tracer, task, given), add(tracer, task, given)
    assert (one[0], again[0]) == (201, 200)
    assert add(tracer, task, given | {"name": "示例改"})[0] == 409
    child = add(tracer, task, person("示例丙", facts=[fact("door", "示例 1-1")]))[1]
    assert child["degree"] == 2
    base = f"/api/tracing-people/{task['area']}"
    status, refused = tracer.post(f"{base}/{task['case']}/take-out", {"reason": "x"})
    assert (status, refused["error"]["field"]) == (422, "id")
    assert tracer.post(f"{base}/{one[1]['id']}/inform", {})[1]["state"] == "informed"
    assert tracer.post(f"{base}/{one[1]['id']}/take-out", {"reason": "误登"})[0] == 204
    assert [p.degree for p in ContactPerson.objects.all()] == [0]
    assert tracer.post(f"/api/tracing/{task['area']}/{task['id']}/close", {})[0] == 204
    assert tracer.get(f"/api/tracing/{task['area']}/{task['id']}")[0] == 404
    assert add(tracer, task, person("示例丁", found_through=task["case"]))[0] == 404
    assert tracer.get("/api/tracing")[1]["tasks"] == []


def test_the_end_of_the_response_closes_the_store_and_retention_empties_it(
    task: dict[str, Any], sign_in: Any, person: Any, body: Any, own: Any, clock: FixedClock
) -> None:
    from shanzhi.city.modes.models import Activation

    activation = Activation.objects.get()
    add(sign_in("liudiao"), task, person("示例乙", found_through=task["case"]))
    status, made = sign_in("yiwu").post("/api/isolation", body())
    one = Isolation.objects.get(id=made["id"])
    own(one).check_in(temperature=38.0)
    own(one).post("services", {"id": str(uuid7()), "kind": "meal", "daily": True})
    sign_in("yiwu").post(f"/api/isolation/{one.area}/{one.id}/call", {"outcome": "reached"})
    day = localdate(clock.now()).isoformat()
    sign_in("yiwu").post(f"/api/isolation/{one.area}/{one.id}/test", {"taken_on": day, "result": "negative"})
    voluntary = body(is_voluntary=True, phone="19900009999")
    assert sign_in("yiwu").post("/api/isolation", voluntary)[0] == 201
    known()["isolation"].end(live_of(activation), SYSTEM, clock.now())
    assert sign_in("liudiao").get("/api/tracing")[1]["tasks"] == []
    scope = Scope(activation_id=activation.id)
    events = IsolationEvent.objects.count()
    for code in ("isolation.people", "isolation.contacts"):
        held = holdings()[code]
        assert held.of_activation and held.data_class == "sensitive" and held.days == 30
        wanted = held.count(scope)
        assert wanted > 0
        done = held.destroy(scope)
        assert done.rows >= wanted and re.fullmatch("[0-9a-f]{64}", done.digest)
        assert (held.count(scope), held.destroy(scope).rows) == (0, 0)
    assert ContactPerson.objects.count() == 0
    assert [row.is_voluntary for row in Isolation.objects.all()] == [True]
    # What stays tells of officers and times, and of nobody's name, telephone or health.
    assert IsolationEvent.objects.count() == events
    # What is voluntary goes so many days after its end.
    Isolation.objects.update(state="released", ended_at=clock.now())
    assert holdings()["isolation.people"].destroy(Scope(before=clock.now())).rows == 0
    assert holdings()["isolation.people"].destroy(Scope(before=clock.now() + timedelta(seconds=1))).rows > 0
    assert Isolation.objects.count() == 0
