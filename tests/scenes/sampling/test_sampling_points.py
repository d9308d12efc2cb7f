"""At the point: who may, what counts once, how tubes fill, and what results bring about."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from shanzhi.base.access import SYSTEM
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Account
from shanzhi.city.places.models import Place
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.kit.outcomes import Outcome
from shanzhi.edge.cli.demo import PASSWORD
from shanzhi.edge.intake.kinds import KINDS
from shanzhi.scenes.sampling import reading, results, taking
from shanzhi.scenes.sampling.models import Act, Box, CheckIn, Point, Retest, Tube, TubeResult


def _code(outcome: Outcome) -> str:
    return outcome.error.code if outcome.error else outcome.status


def _csv(*rows: str) -> bytes:
    return "\n".join(["条码,结果", *rows]).encode()


def test_ten_in_one_takes_ten_people_and_not_eleven(start: Callable[..., Any]) -> None:
    field = start()
    tube = field.tube()
    assert [_code(field.come(tube, n, 3)) for n in range(3)] == ["stored"] * 3
    assert _code(field.come(tube, 3, 2)) == "sampling-tube-full"
    assert _code(field.come(tube, 3, 1)) == "stored"
    assert Tube.objects.get().filled == 10
    assert sum(CheckIn.objects.values_list("people", flat=True)) == 10
    assert _code(field.come(tube, 4, 1)) == "sampling-tube-full"
    assert Act.objects.filter(what="check_in").count() == 4


@pytest.mark.parametrize(("pooling", "most"), [("five", 5), ("single", 1)])
def test_other_poolings_take_what_they_say(start: Callable[..., Any], pooling: str, most: int) -> None:
    field = start()
    tube = field.tube(pooling=pooling)
    assert _code(field.come(tube, 0, most + 1)) == "sampling-tube-full"
    assert _code(field.come(tube, 0, most)) == "stored"
    assert Tube.objects.get().filled == most


def test_one_tube_a_household(start: Callable[..., Any]) -> None:
    field = start("round_household")
    tube = field.tube(pooling="household")
    assert _code(field.come(tube, 0, 2)) == "stored"
    assert _code(field.come(tube, 0, 1)) == "stored"
    assert _code(field.come(tube, 1, 1)) == "sampling-tube-household"
    walk_in = field.act("check_in", table=1, tube=tube, place=field.ticket(0).place_id, people=1)
    assert _code(field.send(walk_in)[0]) == "sampling-tube-household"
    assert Tube.objects.get().filled == 3


def test_the_same_again_is_known_and_other_content_is_refused(start: Callable[..., Any]) -> None:
    field = start()
    tube = field.tube()
    act = field.act("check_in", table=1, tube=tube, ticket=field.ticket(0).code, people=2)
    assert [_code(one) for one in field.send(act, act)] == ["stored", "known"]
    assert [_code(one) for one in field.send(act)] == ["known"]
    other = field.act("check_in", id=act.id, table=1, tube=tube, ticket=field.ticket(0).code, people=3)
    assert [_code(one) for one in field.send(other)] == ["sampling-conflict"]
    assert (Tube.objects.get().filled, CheckIn.objects.count()) == (2, 1)


def test_a_whole_hour_in_one_request_in_any_order(start: Callable[..., Any]) -> None:
    field = start()
    tube = field.act("tube", table=1, barcode="SL00000009", pooling="ten")
    comes = [
        field.act("check_in", table=1, tube=tube.id, ticket=field.ticket(n).code, people=3) for n in range(4)
    ]
    close = field.act("close", tube=tube.id)
    box = field.act("box", tubes=[tube.id], label="X1", taken_by="示例检测所")
    found = field.send(box, close, *comes, tube)
    assert [_code(one) for one in found] == [
        "stored", "stored", "stored", "stored", "stored", "sampling-tube-full", "stored",
    ]  # fmt: skip
    made = Tube.objects.get()
    assert (made.state, made.filled, made.box_id) == ("handed", 9, box.id)
    assert Box.objects.get().tubes == 1


def test_a_tube_goes_one_way(start: Callable[..., Any]) -> None:
    field = start()
    tube = field.tube()
    close = field.act("close", tube=tube)
    assert _code(field.send(close)[0]) == "sampling-tube-not-open"  # nobody in it
    field.come(tube, 0, 1)
    box = field.act("box", tubes=[tube], label="X1", taken_by="示例检测所")
    assert _code(field.send(box)[0]) == "invalid-input"  # not closed
    close = field.act("close", tube=tube)
    assert _code(field.send(close)[0]) == "stored"
    assert _code(field.come(tube, 1, 1)) == "sampling-tube-not-open"
    twice = field.act("tube", table=1, barcode="SL00000001", pooling="ten")
    assert _code(field.send(twice)[0]) == "sampling-barcode-taken"
    assert Tube.objects.count() == 1


def test_without_a_ticket_by_micro_grid_and_number(start: Callable[..., Any], town: Any) -> None:
    field = start()
    tube = field.tube()
    grid = field.act("check_in", table=1, tube=tube, place=town.microgrids[2].id, people=4)
    assert _code(field.send(grid)[0]) == "stored"
    elsewhere = field.act("check_in", table=1, tube=tube, place=uuid7(), people=1)
    assert _code(field.send(elsewhere)[0]) == "invalid-input"
    assert (CheckIn.objects.get().ticket_id, CheckIn.objects.get().people) == (None, 4)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"what": "check_in", "table": 1, "people": 0, "ticket": "x"}, "people"),
        ({"what": "check_in", "table": 1, "people": 1}, "ticket"),
        ({"what": "check_in", "table": 1, "people": 1, "ticket": "AAAAAAAAA9"}, "ticket"),
        ({"what": "check_in", "people": 1, "ticket": "x"}, "table"),
        ({"what": "tube", "table": 1, "barcode": "short", "pooling": "ten"}, "barcode"),
        ({"what": "tube", "table": 1, "barcode": "6901234567890", "pooling": "ten"}, "barcode"),
        ({"what": "tube", "table": 1, "barcode": "SL00000001", "pooling": "seven"}, "pooling"),
        ({"what": "box", "tubes": [], "label": "x", "taken_by": "y"}, "tubes"),
        ({"what": "dance"}, "what"),
    ],
)
def test_what_cannot_be_is_told_with_its_field(given: dict[str, Any], field: str) -> None:
    body = {
        "id": str(uuid7()), "area": "510107", "point": str(uuid7()), "happened_at": "2026-03-10T02:00:00Z",
    } | given  # fmt: skip
    with pytest.raises(InvalidInput) as caught:
        reading.read(json.dumps(body).encode())
    assert caught.value.field == field


def test_a_barcode_of_thirteen_digits_needs_its_check_digit() -> None:
    reading.check_barcode("6901234567892")
    with pytest.raises(InvalidInput):
        reading.check_barcode("6901234567893")


def test_only_who_works_there_may(start: Callable[..., Any], town: Any, clock: Any) -> None:
    field = start()
    near = town.microgrids[0]
    far = Place.objects.filter(level="grid", area=near.area).exclude(code=near.code[:15]).order_by("-code")[0]
    people.enrol(
        [
            people.Enrolment("near", "示例近", "grid_worker", near.id, None),
            people.Enrolment("far", "示例远", "grid_worker", far.id, None),
            people.Enrolment("seer", "示例看", "grid_head", town.community.id, None),
        ],
        PASSWORD, from_on=clock.now().date(), actor=SYSTEM, at=clock.now(),
    )  # fmt: skip
    ids = {name: Account.objects.get(username=name).id for name in ("near", "far", "seer")}
    for name, told in (("far", "not-found"), ("seer", "not-found"), ("near", "stored")):
        act = field.act("tube", table=1, barcode=f"SL{name.upper():0>8}", pooling="ten")
        assert _code(field.send(act, by=ids[name])[0]) == told
    assert Tube.objects.count() == 1


def test_nothing_is_taken_before_and_after(start: Callable[..., Any], clock: Any) -> None:
    field = start()
    tube = field.tube()
    field.campaign.state, field.campaign.ended_at = "ended", clock.now()
    field.campaign.save()
    # What was done before the end and arrives late is kept.
    assert _code(field.come(tube, 0, 1)) == "stored"
    late = clock.now() + timedelta(seconds=30)
    assert _code(field.come(tube, 1, 1, happened_at=late)) == "sampling-not-now"
    old = clock.now() - timedelta(days=5)
    assert _code(field.come(tube, 1, 1, happened_at=old)) == "invalid-input"


def test_a_parcel_for_each_household_once(start: Callable[..., Any]) -> None:
    field = start("goods_usual")
    assert _code(field.come(None, 0, 3)) == "stored"
    assert _code(field.come(None, 0, 3)) == "sampling-already-served"
    assert _code(field.come(None, 1, 1)) == "stored"
    tube = field.act("tube", table=1, barcode="SL00000001", pooling="ten")
    assert _code(field.send(tube)[0]) == "invalid-input"
    assert CheckIn.objects.count() == 2


def test_results_come_in_and_re_tests_go_out_once(
    start: Callable[..., Any], who: Callable[[str], Any], clock: Any
) -> None:
    field, desk = start(), who("yiwu")
    good, bad = field.tube("SL00000001"), field.tube("SL00000002")
    field.come(good, 0, 2)
    for number in (1, 2):
        field.come(bad, number, 2)
    field.send(field.act("check_in", table=1, tube=bad, place=field.ticket(0).place_id, people=1))
    wrong = _csv("SL00000001,阴性", "SL00000002,maybe", "SL00000003,阴性", "SL00000001,阴性")
    found = results.import_results(field.campaign.id, wrong, actor=desk, at=clock.now(), dry_run=False)
    assert [(one.row, one.field) for one in found.errors] == [
        (2, "条码"), (3, "结果"), (4, "条码"), (5, "条码"),
    ]  # fmt: skip
    assert TubeResult.objects.count() == 0
    field.send(field.act("close", tube=good), field.act("close", tube=bad))
    rows = _csv("SL00000001,阴性", "sl00000002,阳性")
    dry = results.import_results(field.campaign.id, rows, actor=desk, at=clock.now(), dry_run=True)
    assert (dry.negative, dry.positive, dry.retests) == (1, 1, 3)
    assert (TubeResult.objects.count(), Retest.objects.count()) == (0, 0)
    done = results.import_results(field.campaign.id, rows, actor=desk, at=clock.now(), dry_run=False)
    assert (done.negative, done.positive, done.retests, done.errors) == (1, 1, 3, [])
    again = results.import_results(field.campaign.id, rows, actor=desk, at=clock.now(), dry_run=False)
    assert (again.unchanged, again.retests) == (2, 0)
    assert Retest.objects.count() == 3
    assert sorted(Retest.objects.values_list("people", flat=True)) == [1, 2, 2]
    other = results.import_results(
        field.campaign.id, _csv("SL00000002,阴性"), actor=desk, at=clock.now(), dry_run=False
    )
    assert [one.row for one in other.errors] == [2]
    assert Tube.objects.get(id=bad).state == "positive"


def test_a_re_test_is_answered_by_single_tubes(
    start: Callable[..., Any], who: Callable[[str], Any], clock: Any
) -> None:
    field, desk = start(), who("yiwu")
    pool = field.tube("SL00000001")
    field.come(pool, 0, 2)
    field.send(field.act("close", tube=pool))
    results.import_results(
        field.campaign.id, _csv("SL00000001,无效"), actor=desk, at=clock.now(), dry_run=False
    )
    retest = Retest.objects.get()
    shared = field.tube("SL00000002")
    again = {"table": 1, "retest": retest.id, "people": 1}
    assert _code(field.send(field.act("check_in", tube=shared, **again))[0]) == "sampling-retest-unknown"
    singles = [field.tube(f"SL0000001{n}", "single") for n in range(3)]
    assert [_code(field.send(field.act("check_in", tube=one, **again))[0]) for one in singles] == [
        "stored", "stored", "sampling-retest-unknown",
    ]  # fmt: skip
    retest.refresh_from_db()
    assert (retest.state, retest.sampled) == ("sampled", 2)
    field.send(*(field.act("close", tube=one) for one in singles[:2]))
    results.import_results(
        field.campaign.id,
        _csv("SL00000010,阴性", "SL00000011,无效"),
        actor=desk,
        at=clock.now(),
        dry_run=False,
    )
    retest.refresh_from_db()
    assert (retest.state, retest.sampled, retest.negative) == ("todo", 1, 1)
    assert Retest.objects.count() == 1  # a re-test makes no further ones
    assert _code(field.send(field.act("check_in", tube=singles[2], **again))[0]) == "stored"
    field.send(field.act("close", tube=singles[2]))
    results.import_results(
        field.campaign.id, _csv("SL00000012,阴性"), actor=desk, at=clock.now(), dry_run=False
    )
    retest.refresh_from_db()
    assert retest.state == "negative"


def test_a_wrong_result_is_corrected_with_a_reason(
    start: Callable[..., Any], who: Callable[[str], Any], clock: Any
) -> None:
    field, desk = start(), who("yiwu")
    pool = field.tube("SL00000001")
    field.come(pool, 0, 2)
    field.send(field.act("close", tube=pool))
    results.import_results(
        field.campaign.id, _csv("SL00000001,阳性"), actor=desk, at=clock.now(), dry_run=False
    )
    with pytest.raises(InvalidInput) as caught:
        results.correct(field.campaign.id, "SL00000001", "negative", " ", actor=desk, at=clock.now())
    assert caught.value.field == "reason"
    with pytest.raises(Refused):
        results.import_results(
            field.campaign.id,
            _csv("SL00000001,阴性"),
            actor=who("zhibanzhang"),
            at=clock.now(),
            dry_run=False,
        )
    assert Retest.objects.get().state == "todo"
    results.correct(field.campaign.id, "SL00000001", "negative", "编号录错", actor=desk, at=clock.now())
    assert (Tube.objects.get().state, Retest.objects.get().state) == ("negative", "cancelled")
    assert (
        results.correct(field.campaign.id, "SL00000001", "positive", "复核", actor=desk, at=clock.now()) == 1
    )
    assert (Retest.objects.count(), Retest.objects.get().state) == (1, "todo")
    assert [one.result for one in TubeResult.objects.order_by("id")] == ["positive", "negative", "positive"]


def test_lists_of_re_tests_are_for_those_who_need_them(
    start: Callable[..., Any],
    who: Callable[[str], Any],
    clock: Any,
    sign_in: Callable[[str], Any],
    resident: Any,
) -> None:
    field, desk = start(), who("yiwu")
    pool = field.tube("SL00000001")
    field.come(pool, 0, 1)
    field.send(field.act("close", tube=pool))
    results.import_results(
        field.campaign.id, _csv("SL00000001,阳性"), actor=desk, at=clock.now(), dry_run=False
    )
    address = f"/api/sampling/campaigns/{field.campaign.id}/retests"
    assert sign_in("zhiban").get(address)[0] == 403
    assert resident.get(address)[0] == 401
    status, found = sign_in("yiwu").get(address)
    assert (status, len(found), found[0]["state"]) == (200, 1, "todo")
    page = sign_in("yiwu").get(f"/api/sampling/duty/{field.point.area}/{field.point.id}")[1]
    assert [one["id"] for one in page["retests"]] == [found[0]["id"]]
    tracer = sign_in("liudiao")
    assert tracer.get("/api/sampling/positives")[1] == []
    assert tracer.get(address)[0] == 403
    single = field.tube("SL00000002", "single")
    field.send(field.act("check_in", table=1, tube=single, retest=Retest.objects.get().id, people=1))
    field.send(field.act("close", tube=single))
    results.import_results(
        field.campaign.id, _csv("SL00000002,阳性"), actor=desk, at=clock.now(), dry_run=False
    )
    assert [one["state"] for one in tracer.get("/api/sampling/positives")[1]] == ["positive"]
    assert sign_in("yiwu").get("/api/sampling/positives")[0] == 403
    from shanzhi.base.audit.models import AuditEntry

    assert AuditEntry.objects.filter(event="sampling.positives_read").exists()


def test_a_phone_sends_through_the_desk_too(start: Callable[..., Any], sign_in: Callable[[str], Any]) -> None:
    field = start()
    phone = sign_in("yiwu")
    [mine] = [one for one in phone.get("/api/sampling/mine")[1] if one["id"] == str(field.point.id)]
    base = {"area": mine["area"], "point": mine["id"], "happened_at": field.at.isoformat(), "table": 1}
    tube = base | {"id": str(uuid7()), "what": "tube", "barcode": "SL00000007", "pooling": "ten"}
    come = base | {
        "id": str(uuid7()), "what": "check_in", "tube": tube["id"], "people": 2, "ticket": field.ticket(0).code,
    }  # fmt: skip
    broken = base | {"id": str(uuid7()), "what": "check_in", "people": 0}
    status, told = phone.post("/api/sampling/samples", {"items": [tube, broken, come]})
    assert (status, [one["status"] for one in told]) == (200, ["stored", "invalid", "stored"])
    assert told[1]["error"]["field"] == "people"
    page = phone.get(f"/api/sampling/duty/{mine['area']}/{mine['id']}")[1]
    assert [(one["barcode"], one["filled"]) for one in page["tubes"]] == [("SL00000007", 2)]
    assert sign_in("zhihui").get("/api/sampling/mine")[0] == 403
    assert sign_in("zhihui").post("/api/sampling/samples", {"items": [tube]})[0] == 403
    assert KINDS["/api/intake/samples"].take is taking.take


@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_two_doors_at_the_last_place_of_a_tube(start: Callable[..., Any]) -> None:
    """Two processes of intake, each with a connection of its own: one is in, the other is told that it is full."""
    field = start()
    tube = field.tube()
    assert _code(field.come(tube, 0, 9)) == "stored"
    items = [
        reading.submission(
            field.worker, field.act("check_in", table=1, tube=tube, ticket=field.ticket(n).code, people=1)
        )
        for n in range(1, 9)
    ]
    outcomes: list[str] = []
    gate = threading.Barrier(len(items))
    settings = connection.settings_dict

    def go(item: reading.Submission) -> None:
        with psycopg.connect(
            dbname=settings["NAME"], user=settings["USER"], password=settings["PASSWORD"], host=settings["HOST"],
            port=settings["PORT"] or None,
        ) as own, own.cursor() as cursor:  # fmt: skip
            gate.wait(timeout=20)
            outcomes.append(_code(taking.take(cursor, [item], field.at)[0]))

    threads = [threading.Thread(target=go, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes) == ["sampling-tube-full"] * 7 + ["stored"]
    assert Tube.objects.get().filled == 10
    assert sum(CheckIn.objects.values_list("people", flat=True)) == 10


def test_out_of_sight_is_not_found(start: Callable[..., Any], who: Callable[[str], Any], clock: Any) -> None:
    field = start()
    with pytest.raises(NotFound):
        results.correct(
            field.campaign.id, "SL99999999", "negative", "更正", actor=who("yiwu"), at=clock.now()
        )
    assert Point.objects.filter(id=field.point.id).exists()
