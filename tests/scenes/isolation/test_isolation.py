"""Home isolation through the interface: begin, check in, release by a second person; and whatever is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils.timezone import localdate

from shanzhi.base.audit.models import AuditEntry
from shanzhi.city.modes.models import Activation
from shanzhi.city.modes.parts import known
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7
from shanzhi.scenes.isolation import actions, ending, queries, slots
from shanzhi.scenes.isolation.models import CheckIn, Isolation, IsolationEvent, Note, Regime, Slot, Transfer

from .conftest import live_of

pytestmark = pytest.mark.django_db


def counted() -> list[int]:
    return [
        model.objects.count()
        for model in (Isolation, IsolationEvent, Slot, CheckIn, Note, Transfer, AuditEntry)
    ]


def test_one_begins_with_its_basis_and_the_person_has_a_page(begun: Any, own: Any, sign_in: Any) -> None:
    one = begun()
    assert (one.state, one.edition, one.document) == ("isolating", "city", "示例〔2026〕1号")
    assert (one.release_on - one.begun_on).days == 5
    status, page = own(one).get()
    assert status == 200
    assert (page["live"], page["name"], page["basis"]) == (True, "示*", "《突发事件应对法》示例条款")
    assert page["dates"]["release_on"] == one.release_on.isoformat()
    assert [item["zh"] for item in page["dates"]["missing"]][0].startswith("还差 5 天")
    assert [slot["window_zh"] for slot in page["today"]] == ["晚上"]  # 10:00 has struck: the morning is over
    # What of the person stands in the table is cipher text.
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, phone, door, needs FROM isolation_isolation")
        row = cursor.fetchone()
    assert row and all(b"\xe7\xa4\xba" not in bytes(cell) and b"medicine" not in bytes(cell) for cell in row)
    status, desk = sign_in("zhiban").get(f"/api/isolation/{one.area}/{one.id}")
    assert (desk["row"]["name"], desk["row"]["phone"]) == ("示*", "199****1234")


def test_the_secret_is_long_and_wrong_ones_look_like_nothing(begun: Any, resident: Any) -> None:
    one = begun()
    secret = queries.secret_of(one.area, one.id)
    assert len(secret) * 4 >= 128 and secret != queries.secret_of(one.area, one.id, "contact")
    for number, given in (
        (one.number, "0" * 48),
        ("GL510107260309999999", secret),
        ("x", ""),
        (one.number, ""),
    ):
        status, refused = resident.get(f"/api/care/{number}", {"X-Follow-Secret": given})
        assert (status, refused["error"]["code"]) == (404, "not-found")


def test_nobody_is_isolated_without_a_live_response(
    sign_in: Any, body: Any, response: Any, grid: Place, clock: FixedClock
) -> None:
    before = counted()
    status, refused = sign_in("yiwu").post("/api/isolation", body())
    assert (status, refused["error"]["code"], refused["error"]["field"]) == (
        422, "isolation-no-activation", "place_id",
    )  # fmt: skip
    # One that is live but does not say so, one elsewhere, one that names no end, one that is over.
    elsewhere = Place.objects.filter(level="grid").exclude(id=grid.id).first()
    response(edition="")
    response(place_ids=[elsewhere.id])
    response(is_compulsory=False, basis="", document="", last_on=None)
    over = response(last_on=localdate(clock.now()) - timedelta(days=1))
    assert sign_in("yiwu").post("/api/isolation", body())[0] == 422
    Activation.objects.filter(id=over.id).update(
        state="ended", last_on=localdate(clock.now()) + timedelta(days=9)
    )
    assert sign_in("yiwu").post("/api/isolation", body())[0] == 422
    assert counted()[:6] == before[:6]
    assert Regime.objects.count() == 3


def test_the_database_itself_refuses_to_confine_without_a_basis(begun: Any) -> None:
    from django.db import transaction
    from django.db.utils import IntegrityError

    one = begun()
    for change in ("basis = ''", "document = ''", "activation_id = NULL", "is_voluntary = true"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE isolation_isolation SET {change} WHERE id = %s", [one.id])


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": " "}, "name"), ({"phone": "12"}, "phone"), ({"door": ""}, "door"), ({"needs": ["x"]}, "needs"),
    ({"begun_on": "2026-02-01"}, "begun_on"), ({"begun_on": "2026-03-04"}, "begun_on"),
    ({"begun_on": "2026-03-20"}, "begun_on"), ({"emergency": [{"name": "甲", "phone": "?"}]}, "emergency"),
    ({"household": [{"name": "甲"}] * 21}, "household"),
]  # fmt: skip


def test_what_is_wrong_is_named(sign_in: Any, response: Any, body: Any) -> None:
    response()
    worker = sign_in("yiwu")
    before = counted()
    for changes, field in WRONG:
        status, refused = worker.post("/api/isolation", body(**changes))
        assert (status, refused["error"]["field"]) == (422, field), changes
    assert counted() == before


def test_sent_twice_it_is_the_same_and_with_other_content_a_conflict(
    sign_in: Any, response: Any, body: Any
) -> None:
    response()
    given = body()
    first, again = (sign_in("yiwu").post("/api/isolation", given) for _ in range(2))
    assert (first[0], again[0], first[1]["number"]) == (201, 200, again[1]["number"])
    status, refused = sign_in("yiwu").post("/api/isolation", given | {"name": "示例另一人"})
    assert (status, refused["error"]["code"]) == (409, "isolation-same-id-other-content")
    assert Isolation.objects.count() == 1


def test_who_may_not_begin(sign_in: Any, response: Any, body: Any) -> None:
    response()
    for who in ("zhihui", "wangge", "liudiao", "shouli", "shenji"):
        assert sign_in(who).post("/api/isolation", body())[0] == 403, who
    assert counted()[:6] == [0] * 6


def test_who_sees_what(begun: Any, sign_in: Any, one_address: Any, resident: Any) -> None:
    one = begun()
    for who, status in (("zhihui", 200), ("zhiban", 200), ("wangge", 200), ("shouli", 404), ("shenji", 404)):
        assert sign_in(who).get(one_address(one))[0] == status, who
    assert resident.get(one_address(one))[0] == 401
    # The commander looks, but what is told of somebody's health is not for looking.
    seen = sign_in("zhihui").get(one_address(one))[1]
    assert (seen["check_ins"], seen["services"], seen["dates"]["tests"], seen["dates"]["missing"]) == (
        [],
        [],
        [],
        [],
    )
    assert {event["text"] for event in seen["events"]} == {""}
    for path in ("today", "people"):
        assert sign_in("shouli").get(f"/api/isolation/{path}")[0] == 403


def test_in_full_only_against_a_reason_and_it_is_written_down(
    begun: Any, sign_in: Any, one_address: Any
) -> None:
    one, duty = begun(), sign_in("zhiban")
    status, refused = duty.post(f"{one_address(one)}/reveal", {"reason": " "})
    assert (status, refused["error"]["field"]) == (422, "reason")
    assert not AuditEntry.objects.filter(event="reveal").exists()
    status, found = duty.post(f"{one_address(one)}/reveal", {"reason": "两次未报，电话叫应"})
    assert (status, found["phone"], found["door"]) == (200, "19900001234", "示例小区 3 栋 502")
    assert [item["code"] for item in found["needs"]] == ["medicine"]
    assert found["link"].endswith(queries.secret_of(one.area, one.id))
    entry = AuditEntry.objects.get(event="reveal")
    assert (entry.subject, entry.detail["reason"]) == (str(one.id), "两次未报，电话叫应")
    assert "1990000" not in str(entry.detail)
    # A worker who cares for the place sees the person, not the address of the page; a viewer sees nothing.
    assert sign_in("wangge").post(f"{one_address(one)}/reveal", {"reason": "送药"})[1]["link"] == ""
    assert sign_in("zhihui").post(f"{one_address(one)}/reveal", {"reason": "看看"})[0] == 404
    assert AuditEntry.objects.filter(event="reveal").count() == 2


def free(one: Isolation, sign_in: Any, address: str, clock: FixedClock) -> None:
    """All that an ordinary release asks for."""
    for day in (1, 5):
        clock.advance(timedelta(days=day) - (clock.now() - one.begun_at))
        assert (
            sign_in("yiwu").post(
                f"{address}/test", {"taken_on": localdate(clock.now()).isoformat(), "result": "negative"}
            )[0]
            == 200
        )
    Slot.objects.filter(isolation=one).update(state="done", next_at=None)


def test_released_by_another_person_told_and_on_paper(
    begun: Any, sign_in: Any, own: Any, one_address: Any, clock: FixedClock
) -> None:
    one = begun()
    address = one_address(one)
    status, refused = sign_in("yiwu").post(f"{address}/steps/propose-release", {})
    assert (status, refused["error"]["code"]) == (422, "isolation-conditions-missing")
    assert "缺第 1 天的检测阴性结果" in refused["error"]["message_zh"]
    free(one, sign_in, address, clock)
    status, page = sign_in("yiwu").post(f"{address}/steps/propose-release", {})
    assert (status, page["row"]["state"]) == (200, "proposed")
    assert {item["verb"] for item in page["actions"]} == {"send_back", "withdraw"}
    before = counted()
    status, refused = sign_in("yiwu").post(f"{address}/steps/sign-to-monitoring", {})
    assert (status, refused["error"]["code"]) == (403, "isolation-second-person")
    assert counted() == before
    assert own(one).browser.post(f"{own(one).base}/note", {}, own(one).headers)[0] == 404
    status, page = sign_in("zhiban").post(f"{address}/steps/sign-to-monitoring", {})
    assert (status, page["row"]["state"], page["signed_by"]) == (200, "monitoring", "值班员丑")
    status, mine = own(one).get()
    assert (mine["state_zh"], mine["has_note"], mine["live"]) == ("健康监测（不限制出门）", True, True)
    answer = own(one).browser.client.post(f"{own(one).base}/note", headers=own(one).headers)
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
    # Monitoring ends by itself, on its day and not before.
    clock.advance(timedelta(days=2))
    assert ending.end_due(clock.now()) == 0
    clock.advance(timedelta(days=1))
    assert own(one).get()[1]["live"] is False
    assert ending.end_due(clock.now()) == 1
    one.refresh_from_db()
    assert (one.state, Slot.objects.filter(isolation=one, state="open").count()) == ("released", 0)


def test_a_result_corrected_after_the_proposal_stops_the_signature(
    begun: Any, sign_in: Any, one_address: Any, clock: FixedClock
) -> None:
    one = begun()
    address = one_address(one)
    free(one, sign_in, address, clock)
    sign_in("yiwu").post(f"{address}/steps/propose-release", {})
    day = localdate(clock.now()).isoformat()
    sign_in("yiwu").post(f"{address}/test", {"taken_on": day, "result": "positive"})
    assert Transfer.objects.get().why == "test"
    status, refused = sign_in("zhiban").post(f"{address}/steps/sign-to-monitoring", {})
    assert (status, refused["error"]["code"]) == (422, "isolation-conditions-missing")


def test_earlier_with_a_reason_and_a_second_person(begun: Any, sign_in: Any, one_address: Any) -> None:
    one = begun()
    address = one_address(one)
    status, refused = sign_in("yiwu").post(f"{address}/steps/propose-early", {"reason": ""})
    assert (status, refused["error"]["field"]) == (422, "reason")
    assert sign_in("yiwu").post(f"{address}/steps/propose-early", {"reason": "复核判定不是密接"})[0] == 200
    assert sign_in("zhiban").post(f"{address}/steps/send-back", {"reason": "补充判定材料"})[0] == 200
    assert sign_in("yiwu").post(f"{address}/steps/propose-early", {"reason": "已补材料"})[0] == 200
    assert sign_in("zhiban").post(f"{address}/steps/sign-to-monitoring", {})[0] == 200
    # The sealed event holds no text; what was written stands beside it, encrypted.
    columns = {field.name for field in IsolationEvent._meta.get_fields()}
    assert not columns & {"reason", "text", "note", "detail"}
    assert "复核判定不是密接" in [note.text for note in Note.objects.all()]


def test_withdrawn_with_a_reason_by_one_person(begun: Any, sign_in: Any, one_address: Any, own: Any) -> None:
    one = begun()
    status, page = sign_in("yiwu").post(f"{one_address(one)}/steps/withdraw", {"reason": "登记错了人"})
    assert (status, page["row"]["state"], page["may_touch"]) == (200, "withdrawn", False)
    status, refused = own(one).check_in()
    assert (status, refused["error"]["code"]) == (409, "isolation-over")
    assert sign_in("yiwu").post(f"{one_address(one)}/steps/withdraw", {"reason": "再来"})[0] == 409


def test_no_step_by_the_side_door(begun: Any, sign_in: Any, one_address: Any) -> None:
    one = begun()
    before = counted()
    for verb in ("begin", "hand-over", "finish", "lapse", "leave"):
        assert sign_in("yiwu").post(f"{one_address(one)}/steps/{verb}", {"reason": "x"})[0] in (409, 422)
    assert counted() == before


def test_the_hard_last_day_ends_it_whether_or_not_a_job_ran(
    begun: Any, response: Any, own: Any, clock: FixedClock
) -> None:
    activation = response(last_on=localdate(clock.now()) + timedelta(days=2))
    one = begun(activation)
    clock.advance(timedelta(days=2))
    assert own(one).get()[1]["live"] is True
    clock.advance(timedelta(days=1))
    status, page = own(one).get()
    assert (page["live"], page["state_zh"]) == (False, "已依法终止")
    assert own(one).check_in()[0] == 409
    assert ending.end_due(clock.now()) == 1 and ending.end_due(clock.now()) == 0
    one.refresh_from_db()
    assert (one.state, one.ended_at) == ("lapsed", clock.now())
    assert IsolationEvent.objects.filter(verb="lapse", actor_name="系统").count() == 1


def test_a_renewal_moves_the_last_day(begun: Any, response: Any, own: Any, clock: FixedClock) -> None:
    activation = response(last_on=localdate(clock.now()) + timedelta(days=2))
    one = begun(activation)
    clock.advance(timedelta(days=3))
    Activation.objects.filter(id=activation.id).update(last_on=localdate(clock.now()) + timedelta(days=5))
    assert own(one).get()[1]["live"] is True and ending.end_due(clock.now()) == 0


def test_the_end_of_the_response_releases_all_that_depend_on_it(
    begun: Any, response: Any, own: Any, body: Any, sign_in: Any, clock: FixedClock
) -> None:
    activation = response()
    people = [begun(activation, phone=f"1990000{n:04d}") for n in range(3)]
    free_one = begun(is_voluntary=True)
    own(people[0]).post("medical")
    lines = known()["isolation"].end(live_of(activation), actions_actor(), clock.now())
    assert lines[0].count == 3
    assert known()["isolation"].end(live_of(activation), actions_actor(), clock.now())[0].count == 0
    states = dict(Isolation.objects.values_list("id", "state"))
    assert [states[one.id] for one in people] == ["lapsed"] * 3 and states[free_one.id] == "monitoring"
    # Whoever waits for a doctor is not forgotten; nobody begins any more.
    assert Transfer.objects.get().state == "asked"
    assert sign_in("yiwu").post("/api/isolation", body())[0] == 422


def actions_actor() -> Any:
    from shanzhi.base.access import SYSTEM

    return SYSTEM


def test_the_part_says_what_it_permits(response: Any, clock: FixedClock) -> None:
    from shanzhi.core.kit.errors import InvalidInput

    part, activation = known()["isolation"], response(edition="")
    [line] = part.preview([{"edition": "city"}], live_of(activation), clock.now())
    assert not line.wrong and str(activation.last_on) in line.zh and "不在施行期" not in line.zh
    assert Regime.objects.count() == 0
    [old] = part.preview([{"edition": "v8"}], live_of(activation), clock.now())
    assert "不在施行期" in old.zh
    endless = response(edition="", is_compulsory=False, basis="", document="", last_on=None)
    assert part.preview([{"edition": "city"}], live_of(endless), clock.now())[0].wrong
    for items, field in (([{}], "isolation.0.edition"), ([{"edition": "voluntary"}], "isolation.0.edition"),
                         ([{"edition": "city", "x": 1}], "isolation.0.x")):  # fmt: skip
        with pytest.raises(InvalidInput) as refused:
            part.check(items)
        assert refused.value.field == field
    for _ in range(2):
        part.begin([{"edition": "city"}], live_of(activation), actions_actor(), clock.now())
    assert Regime.objects.count() == 1


def test_a_milder_edition_moves_those_who_are_isolated(begun: Any, response: Any, clock: FixedClock) -> None:
    activation = response("v8")
    one = begun(activation)
    assert (one.release_on - one.begun_on).days == 14
    # v9 came into force long before this response: whoever begins under v8 today is free by its successor.
    assert queries.schedule_of(one, localdate(clock.now())).release_on == one.begun_on + timedelta(days=5)
    assert ending.follow_editions(clock.now()) == 1 and ending.follow_editions(clock.now()) == 0
    one.refresh_from_db()
    assert (one.release_on - one.begun_on).days == 5


def test_voluntary_monitoring_restricts_nobody_and_ends_with_a_click(
    begun: Any, own: Any, sign_in: Any
) -> None:
    one = begun(is_voluntary=True, door="")
    assert (one.state, one.activation_id, one.is_voluntary) == ("monitoring", None, True)
    status, page = own(one).get()
    assert [item["verb"] for item in page["actions"]] == ["leave"]
    assert own(one).check_in()[0] == 200
    status, page = own(one).post("leave")
    assert (status, page["state"], page["live"]) == (200, "withdrawn", False)
    assert own(one).post("leave")[0] == 409


def test_nobody_leaves_what_is_not_voluntary_by_themselves(begun: Any, own: Any) -> None:
    one = begun()
    before = counted()
    assert own(one).get()[1]["actions"] == []
    assert own(one).post("leave")[0] == 409
    Isolation.objects.filter(id=one.id).update(state="monitoring")
    assert own(one).post("leave")[0] == 403
    assert counted() == before


def test_a_city_that_wants_no_voluntary_monitoring(
    sign_in: Any, body: Any, settings: Any, tmp_path: Any
) -> None:
    import shutil

    shutil.copytree(settings.PACKS, tmp_path / "packs")
    care = tmp_path / "packs" / "isolation" / "care.yaml"
    care.write_text(care.read_text("utf-8").replace("voluntary: true ", "voluntary: false "), "utf-8")
    settings.PACKS = tmp_path / "packs"
    status, refused = sign_in("yiwu").post("/api/isolation", body(is_voluntary=True))
    assert (status, refused["error"]["code"]) == (422, "isolation-no-activation")


def test_slots_are_made_once_and_not_beyond_the_last_day(
    begun: Any, response: Any, clock: FixedClock
) -> None:
    one = begun(response(last_on=localdate(clock.now())))
    assert [(slot.on_day, slot.window) for slot in Slot.objects.filter(isolation=one)] == [
        (localdate(clock.now()), "evening")
    ]
    assert slots.make(clock.now()) == 0
    Activation.objects.update(last_on=localdate(clock.now()) + timedelta(days=9))
    assert slots.make(clock.now()) == 2 and slots.make(clock.now()) == 0


def test_reminders_are_the_persons_own_choice(begun: Any, own: Any) -> None:
    one = begun()
    assert own(one).post("messages", {"wanted": True})[1]["may_message"] is True
    assert own(one).post("messages", {"wanted": False})[1]["may_message"] is False
    assert list(
        IsolationEvent.objects.filter(verb__startswith="messages").values_list("verb", "actor_name")
    ) == [("messages_on", "本人"), ("messages_off", "本人")]


def test_found_by_number_or_whole_telephone_and_by_nothing_else(begun: Any, sign_in: Any) -> None:
    one = begun()
    for text, found in (
        (one.number, 1),
        ("19900001234", 1),
        ("1990000", 0),
        ("示例某", 0),
        (str(uuid4()), 0),
    ):
        status, page = sign_in("zhiban").get(f"/api/isolation/people?which=live&q={text}")
        assert (status, len(page["people"])) == (200, found), text
    assert sign_in("zhiban").get("/api/isolation/people?which=fever")[0] == 422
    assert actions.NewIsolation(uuid7(), one.place_id, "甲", "1", one.begun_on).needs == ()
