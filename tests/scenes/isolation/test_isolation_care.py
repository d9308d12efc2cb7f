"""Twice a day: check-ins, what climbs when they are missed, transfers, services, a worker's tasks; and races."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils.timezone import localdate

from shanzhi.base.clocks.models import Clock
from shanzhi.base.messaging import channels
from shanzhi.base.messaging.models import Message
from shanzhi.base.outbox.models import OutboxRow
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7
from shanzhi.scenes.isolation import climbing, ending, queries, services, slots, transfers
from shanzhi.scenes.isolation.flow import Why
from shanzhi.scenes.isolation.models import Call, CheckIn, Isolation, Rung, Service, Slot, Transfer

pytestmark = pytest.mark.django_db


def to(clock: FixedClock, hours: float) -> None:
    """Move to an hour of the first day, on the wall clock of the city (the clock stands at 10:00)."""
    begun = clock.now().replace(hour=2, minute=0, second=0)
    clock.advance(begun + timedelta(hours=hours - 10) - clock.now())


def climb_all(clock: FixedClock) -> int:
    taken = 0
    while done := climbing.climb(clock.now()):
        taken += done
    return taken


def test_a_missed_check_in_climbs_to_the_duty_officer_in_minutes(
    begun: Any, sign_in: Any, one_address: Any, clock: FixedClock
) -> None:
    one = begun()
    to(clock, 19.4)
    assert climb_all(clock) == 0
    to(clock, 19.5)
    assert climb_all(clock) == 1 and climb_all(clock) == 0
    assert sign_in("zhiban").get("/api/isolation/today")[1]["counts"]["missed"] == 0
    to(clock, 20)
    assert climb_all(clock) == 1
    counts = sign_in("zhiban").get("/api/isolation/today")[1]["counts"]
    assert (counts["missed"], counts["duty"], counts["live"]) == (1, 0, 1)
    [task] = sign_in("wangge").get("/api/isolation/mine")[1]["tasks"]
    assert (task["what"], task["name"], task["door"]) == ("check_in", "示*", "示例小区 3 栋 502")
    to(clock, 20 + 10 / 60)
    assert climb_all(clock) == 1 and climb_all(clock) == 0
    assert [rung.kind for rung in Rung.objects.order_by("at")] == ["remind", "worker", "duty"]
    today = sign_in("zhiban").get("/api/isolation/today")[1]
    assert (today["counts"]["duty"], [line["missed"] for line in today["places"]]) == (1, [1])
    assert OutboxRow.objects.filter(topic="isolation", event="duty").count() == 1
    [row] = sign_in("zhiban").get("/api/isolation/people?which=duty")[1]["people"]
    assert (row["slots"][0]["rung_zh"], row["slots"][0]["missed"]) == ("升级到值班员", True)
    # Ringing up is noted; it is no check-in.
    address = one_address(one)
    assert sign_in("zhiban").post(f"{address}/call", {"outcome": "no_answer"})[0] == 200
    assert sign_in("zhiban").post(f"{address}/call", {"outcome": "gone"})[0] == 422
    assert (
        Call.objects.count() == 1 and Slot.objects.filter(state="open", due_at__lte=clock.now()).count() == 1
    )
    # The worker goes there and notes what the person says: nothing climbs any more.
    said = {"id": str(uuid7()), "temperature": 36.6, "source": "door"}
    assert sign_in("wangge").post(f"{address}/check-in", said) == (
        200, {"created": True, "transfer_asked": False},
    )  # fmt: skip
    assert sign_in("zhiban").get("/api/isolation/today")[1]["counts"]["missed"] == 0
    assert sign_in("wangge").get("/api/isolation/mine")[1]["tasks"] == []
    [event] = [e for e in sign_in("zhiban").get(address)[1]["check_ins"]]
    assert (event["by"], event["source_zh"]) == ("网格员戊", "上门")


def test_the_person_answers_from_the_phone_and_again_on_a_poor_net(
    begun: Any, own: Any, clock: FixedClock
) -> None:
    one = begun()
    to(clock, 18)
    given = {"id": str(uuid7()), "temperature": 36.4, "symptoms": ["throat"], "note": "还好"}
    for _ in range(3):
        status, page = own(one).check_in(**given)
        assert status == 200
    assert CheckIn.objects.count() == 1 and Transfer.objects.count() == 0
    assert [slot["state"] for slot in page["today"]] == ["done"]
    assert own(one).check_in(**given | {"temperature": 36.9})[1]["error"]["code"] == (
        "isolation-same-id-other-content"
    )
    to(clock, 21)
    assert climb_all(clock) == 0
    # Said before its time, it answers nothing; a report all the same.
    assert own(one).check_in()[0] == 200 and CheckIn.objects.count() == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM isolation_checkin")
        assert all(b"throat" not in bytes(row[0]) for row in cursor.fetchall())


def test_what_is_reported_is_checked(begun: Any, own: Any, sign_in: Any, one_address: Any) -> None:
    one = begun()
    for changes, field in (
        ({"temperature": 12}, "temperature"), ({"temperature": 44}, "temperature"), ({"symptoms": ["x"]}, "symptoms"),
        ({"note": "长" * 201}, "note"),
    ):  # fmt: skip
        status, refused = own(one).check_in(**changes)
        assert (status, refused["error"]["field"]) == (422, field)
    slot = Slot.objects.filter(isolation=one).first()
    assert slot is not None
    given = {"id": str(uuid7()), "temperature": 36.5}
    for who, source, slot_id, expected in (
        ("wangge", "self", None, 422), ("wangge", "call", str(uuid4()), 404), ("zhihui", "call", None, 404),
        ("shouli", "call", None, 404), ("wangge", "call", str(slot.id), 404),  # not open yet
    ):  # fmt: skip
        answer = sign_in(who).post(
            f"{one_address(one)}/check-in", given | {"source": source, "slot_id": slot_id}
        )
        assert answer[0] == expected, who
    assert CheckIn.objects.count() == 0


def test_a_worker_elsewhere_has_no_task_and_sees_nobody(
    begun: Any, sign_in: Any, one_address: Any, clock: FixedClock, district: Place
) -> None:
    from shanzhi.base.access import SYSTEM
    from shanzhi.city.people import actions as people
    from shanzhi.edge.cli.demo import PASSWORD

    grids = list(Place.objects.filter(level="grid", area=district.area).order_by("code"))
    people.enrol(
        [people.Enrolment(f"care{n}", f"示例员{n}", "grid_worker", grids[n].id, None) for n in range(2)],
        PASSWORD, from_on=localdate(clock.now()), actor=SYSTEM, at=clock.now(),
    )  # fmt: skip
    one = begun()
    to(clock, 20)
    climb_all(clock)
    assert len(sign_in("care0").get("/api/isolation/mine")[1]["tasks"]) == 1
    assert sign_in("care1").get("/api/isolation/mine")[1]["tasks"] == []
    assert sign_in("care1").get(one_address(one))[0] == 404
    assert sign_in("care1").post(f"{one_address(one)}/reveal", {"reason": "x"})[0] == 404
    assert sign_in("care0").get(one_address(one))[0] == 200


class Sms:
    code, rate_per_second, batch_size, lease_seconds, collect_every_seconds, asks = (
        "sms",
        9.0,
        9,
        9.0,
        9.0,
        False,
    )


def test_whoever_wants_to_be_reminded_gets_a_link_and_no_word_of_health(
    begun: Any, clock: FixedClock, own: Any
) -> None:
    channels.register(Sms())  # type: ignore[arg-type]
    try:
        one, silent = begun(may_message=True), begun(phone="19900004321")
        assert Message.objects.count() == 1  # the address of the page, when it began
        to(clock, 19.5)
        assert climb_all(clock) == 2
        reminder = Message.objects.exclude(subject_id=one.id).latest("created_at")
        assert Message.objects.count() == 2 and reminder.recipient_id == one.id != silent.id
        assert queries.secret_of(one.area, one.id) in reminder.link
        for word in ("隔离", "体温", "密接", "示例某", "19900001234"):
            assert word not in reminder.text
        own(one).check_in()
        reminder.refresh_from_db()
        assert (reminder.state, reminder.reason) == ("cancelled", "answered")
    finally:
        channels.unregister("sms")


def test_over_the_limit_a_transfer_is_asked_for_and_goes_its_way(
    begun: Any, own: Any, sign_in: Any, one_address: Any, clock: FixedClock
) -> None:
    one = begun()
    status, page = own(one).check_in(temperature=37.3)
    assert (status, page["transfers"][0]["state"]) == (200, "asked")
    own(one).check_in(symptoms=["breath"])
    transfer = Transfer.objects.get()
    assert transfer.why == "check_in" and transfer.due_at == clock.now() + timedelta(minutes=10)
    assert [c.name for c in Clock.objects.filter(subject_id=transfer.id, state="running")] == [
        "transfer_accept"
    ]
    address = f"/api/isolation-transfers/{transfer.area}/{transfer.id}"
    assert sign_in("wangge").post(f"{address}/accept", {})[0] == 403
    assert sign_in("yiwu").post(f"{address}/hand-over", {})[0] == 409
    clock.advance(timedelta(minutes=11))
    assert sign_in("yiwu").get(one_address(one))[1]["transfers"][0]["overdue"] is True
    for verb, state in (("accept", "accepted"), ("set-off", "under_way")):
        status, desk = sign_in("yiwu").post(f"{address}/{verb}", {})
        assert (status, desk["transfers"][0]["state"]) == (200, state)
    assert [c.name for c in Clock.objects.filter(subject_id=transfer.id, state="running")] == [
        "transfer_finish"
    ]
    status, desk = sign_in("yiwu").post(f"{address}/hand-over", {})
    assert (desk["row"]["state"], desk["transfers"][0]["state"]) == ("transferred", "handed_over")
    assert not Clock.objects.filter(subject_id=transfer.id, state="running").exists()
    assert not Slot.objects.filter(isolation=one, state="open").exists()


def test_back_from_the_doctor_the_care_goes_on(begun: Any, own: Any, sign_in: Any) -> None:
    one = begun()
    own(one).post("medical")
    transfer = Transfer.objects.get()
    address = f"/api/isolation-transfers/{transfer.area}/{transfer.id}"
    for verb in ("accept", "set-off", "come-back"):
        assert sign_in("yiwu").post(f"{address}/{verb}", {})[0] == 200
    one.refresh_from_db()
    transfer.refresh_from_db()
    assert (one.state, transfer.state) == ("isolating", "returned")


def test_the_way_to_a_doctor_is_open_in_every_state(
    begun: Any, own: Any, sign_in: Any, clock: FixedClock, settings: Any
) -> None:
    settings.SHANZHI_ANONYMOUS_RATES = True
    one = begun()
    ended = {"released", "transferred", "withdrawn", "lapsed", "dropped"}
    for state in ("referred", "isolating", "proposed", "monitoring", *sorted(ended)):
        Isolation.objects.filter(id=one.id).update(
            state=state, ended_at=clock.now() if state in ended else None
        )
        status, page = own(one).post("medical")
        assert (status, page["transfers"][0]["state"]) == (200, "asked"), state
        transfer = Transfer.objects.get(isolation=one, state="asked")
        address = f"/api/isolation-transfers/{transfer.area}/{transfer.id}"
        assert sign_in("yiwu").post(f"{address}/not-needed", {})[1]["error"]["field"] == "reason"
        assert sign_in("yiwu").post(f"{address}/not-needed", {"reason": "已电话诊疗"})[0] == 200
    # As often as it is pressed, and a "not needed" does not close it.
    for _ in range(70):
        assert own(one).post("medical")[0] == 200
    assert Transfer.objects.filter(state="asked").count() == 1
    [task] = sign_in("zhiban").get("/api/isolation/people?which=transfer")[1]["people"]
    assert task["transfer_zh"] == "待接单"
    [open_one] = [t for t in own(one).get()[1]["transfers"] if t["state"] == "asked"]
    assert own(one).post(f"transfers/{open_one['id']}/take-back")[0] == 200
    assert own(one).post(f"transfers/{uuid4()}/take-back")[0] == 404


def test_meals_medicine_and_waste(
    begun: Any, own: Any, sign_in: Any, one_address: Any, clock: FixedClock
) -> None:
    one = begun()
    given = {"id": str(uuid7()), "kind": "meal", "text": "少盐", "daily": True}
    for _ in range(2):
        assert own(one).post("services", given)[0] == 200
    [row] = own(one).get()[1]["services"]
    assert (row["state_zh"], row["daily"], [a["verb"] for a in row["actions"]]) == (
        "待接单",
        True,
        ["cancel"],
    )
    address = f"/api/isolation-services/{one.area}/{given['id']}"
    for who, verb, body, expected in (
        ("wangge", "done", {}, 409), ("zhihui", "take", {}, 404), ("wangge", "cancel", {}, 403),
        ("wangge", "take", {}, 204), ("wangge", "give-back", {}, 204), ("xuncha", "take", {}, 204),
        ("xuncha", "decline", {}, 422), ("xuncha", "done", {}, 204),
    ):  # fmt: skip
        assert sign_in(who).post(f"{address}/{verb}", body)[0] == expected, (who, verb)
    [row] = own(one).get()[1]["services"]
    assert (row["state_zh"], row["taken_by"]) == ("已送达", "")
    assert (
        own(one).post(f"services/{given['id']}/fine", {"was_fine": True})[1]["services"][0]["was_fine"]
        is True
    )
    assert own(one).post(f"services/{given['id']}/not-received")[1]["services"][0]["state"] == "placed"
    assert own(one).post(f"services/{given['id']}/cancel")[1]["services"][0]["state"] == "cancelled"
    # The next day brings the meal again, once.
    clock.advance(timedelta(days=1))
    assert services.make_daily(clock.now()) == 1 and services.make_daily(clock.now()) == 0
    [standing] = own(one).get()[1]["standing"]
    assert own(one).post(f"services/{standing['id']}/stop-daily")[1]["standing"] == []
    clock.advance(timedelta(days=1))
    assert services.make_daily(clock.now()) == 0
    for changes, field in (
        ({"kind": "car"}, "kind"), ({"kind": "other", "text": ""}, "text"),
        ({"kind": "medicine", "daily": True}, "daily"),
        ({"for_on": "2030-01-01"}, "for_on"),
    ):  # fmt: skip
        body = {"id": str(uuid7()), "kind": "meal"} | changes
        assert own(one).post("services", body)[1]["error"]["field"] == field
    declined = {"id": str(uuid7()), "kind": "medicine", "text": "示例药"}
    assert sign_in("wangge").post(f"{one_address(one)}/services", declined)[0] == 200
    address = f"/api/isolation-services/{one.area}/{declined['id']}"
    assert sign_in("wangge").post(f"{address}/decline", {"reason": "药店缺货，明天送"})[0] == 204
    found = next(s for s in own(one).get()[1]["services"] if s["id"] == declined["id"])
    assert (found["state"], found["reason"]) == ("declined", "药店缺货，明天送")


def test_one_persons_page_reaches_nobody_elses_rows(begun: Any, own: Any) -> None:
    one, other = begun(), begun(phone="19900004321")
    given = {"id": str(uuid7()), "kind": "waste"}
    own(other).post("services", given)
    own(other).post("medical")
    transfer = Transfer.objects.get()
    for path in (
        f"services/{given['id']}/cancel",
        f"services/{given['id']}/fine",
        f"transfers/{transfer.id}/take-back",
    ):
        assert own(one).post(path, {"was_fine": True})[0] == 404
    assert own(one).post("services", given)[0] == 409
    assert Service.objects.get().state == "placed"


def test_the_end_stops_what_is_open_and_keeps_the_transfer(begun: Any, own: Any, clock: FixedClock) -> None:
    one = begun()
    own(one).post("services", {"id": str(uuid7()), "kind": "meal", "daily": True})
    own(one).post("medical")
    assert one.activation_id is not None
    from shanzhi.base.access import SYSTEM

    assert ending.end_activation(one.activation_id, SYSTEM, clock.now()) == 1
    assert (Service.objects.get().state, Transfer.objects.get().state) == ("cancelled", "asked")
    to(clock, 23)
    assert climb_all(clock) == 0 and slots.make(clock.now()) == 0
    assert own(one).post("services", {"id": str(uuid7()), "kind": "meal"})[0] == 409


def _together(work: Any, times: int = 2) -> list[str]:
    """Run it in so many connections at once; what each raised, by name."""
    gate, found = threading.Barrier(times), []

    def body() -> None:
        try:
            gate.wait(timeout=10)
            work()
            found.append("")
        except Exception as error:
            found.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=body) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return sorted(found)


@pytest.mark.django_db(transaction=True)
@pytest.mark.once
def test_races(begun: Any, own: Any, clock: FixedClock) -> None:
    """Two phones, two loops, two desks at once: one report, one rung each, one transfer, one worker who takes it."""
    from shanzhi.base.access import Actor
    from shanzhi.base.access.capabilities import ISOLATION_CARE, ISOLATION_MANAGE, ISOLATION_VIEW
    from shanzhi.scenes.isolation import actions, checking

    both = frozenset({ISOLATION_CARE, ISOLATION_MANAGE, ISOLATION_VIEW})
    one, me = begun(), queries.resident()
    report = checking.NewCheckIn(uuid7(), 36.5)
    assert _together(lambda: checking.check_in(one, report, "self", actor=me, at=clock.now())) == ["", ""]
    assert CheckIn.objects.count() == 1
    assert _together(lambda: transfers.ask(one, Why.MEDICAL, actor=me, at=clock.now()), 4) == [""] * 4
    assert Transfer.objects.count() == 1
    to(clock, 20)
    _together(lambda: climb_all(clock), 3)
    assert Rung.objects.count() == 2  # the reminder and the worker
    given = services.NewService(uuid7(), "waste")
    services.place(one, given, actor=me, at=clock.now())
    worker = Actor(uuid7(), "示例员", "desk", capabilities=both)

    def take() -> None:
        services.perform(one.area, given.id, "take", actor=worker, at=clock.now())

    assert _together(take) == ["", "UnknownEdge"]

    def propose() -> None:
        actions.perform(
            one.area, one.id, "propose_early", actor=Actor(uuid7(), "示例", "desk", capabilities=both),
            at=clock.now(), reason="复核",
        )  # fmt: skip

    assert _together(propose) == ["", "UnknownEdge"]
    assert _together(lambda: ending.end_due(clock.now() + timedelta(days=30)), 3) == [""] * 3
    assert Isolation.objects.get().state == "lapsed"
