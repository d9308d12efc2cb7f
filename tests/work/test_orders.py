"""Orders through the interface: drafted by one, issued by another, answered by phones, corrected, recalled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.base.outbox.models import OutboxRow
from shanzhi.city.people import actions as people
from shanzhi.city.people.models import Account
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.edge.cli.demo import PASSWORD
from shanzhi.work.orders import checking, folding, rollup
from shanzhi.work.orders.models import CallThrough, Order, OrderEvent, Recipient, Rung

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Any]


@pytest.fixture
def grids(city: None) -> list[Place]:
    return list(Place.objects.filter(level="grid").order_by("code"))


@pytest.fixture
def workers(grids: list[Place], clock: FixedClock) -> list[str]:
    """A worker in each of twelve grids, and a helper in the first three."""
    made = [
        people.Enrolment(f"w{n}", f"示例员{n}", "grid_worker", grid.id, None) for n, grid in enumerate(grids)
    ]
    made += [people.Enrolment(f"h{n}", f"协助员{n}", "grid_helper", grids[n].id, None) for n in range(3)]
    people.enrol(made, PASSWORD, from_on=localdate(clock.now()), actor=SYSTEM, at=clock.now())
    return [one.username for one in made]


@pytest.fixture
def body(grids: list[Place], clock: FixedClock) -> Callable[..., dict[str, Any]]:
    def make(**changes: Any) -> dict[str, Any]:
        district = Place.objects.get(level="county", code=grids[0].area)
        return {
            "title": "低洼户转移", "sentence": "今晚 20:00 前通知低洼 37 户转移。", "place_ids": [str(district.id)],
            "post_kinds": ["grid_worker"], "until_at": (clock.now() + timedelta(hours=3)).isoformat(),
            "ladder": "app_only",
        } | changes  # fmt: skip

    return make


@pytest.fixture
def issued(sign_in: SignIn, body: Any, workers: list[str]) -> Callable[..., dict[str, Any]]:
    def make(**changes: Any) -> dict[str, Any]:
        lead, commander = sign_in("zhibanzhang"), sign_in("zhihui")
        status, made = lead.post("/api/orders/drafts", body(**changes))
        assert status == 201, made
        order_id = made["row"]["id"]
        assert lead.post(f"/api/orders/{order_id}/propose", {})[0] == 200
        status, done = commander.post(f"/api/orders/{order_id}/confirm", {})
        assert status == 200, done
        return done

    return make


def answer(browser: Any, mine: dict[str, Any], what: str, at: Any, **more: Any) -> str:
    item = {
        "id": str(uuid4()), "area": mine["area"], "recipient": mine["recipient"], "answer": what,
        "happened_at": at.isoformat(),
    } | more  # fmt: skip
    status, outcomes = browser.post("/api/orders/receipts", {"items": [item]})
    assert status == 200, outcomes
    return str(outcomes[0]["status"])


def counted() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Order, OrderEvent, Recipient, Rung, OutboxRow))


def test_the_composer_calls_a_channel_by_its_name(sign_in: Callable[[str], Any]) -> None:
    _, options = sign_in("zhihui").get("/api/orders/options")
    [urgent] = [one for one in options["ladders"] if one["code"] == "urgent"]
    called = {one["channel"]: (one["kind_zh"], one["kind_en"]) for one in urgent["rungs"]}
    assert (called["sms"], called[""][0] != "") == (("短信", "text message"), True)


def test_an_order_reaches_everybody_and_the_board_knows(
    sign_in: SignIn, issued: Any, workers: list[str], clock: FixedClock
) -> None:
    order = issued()
    assert (order["people"], order["row"]["state"], order["row"]["numbers"]["people"]) == (14, "issued", 14)
    first = sign_in("w0")
    status, inbox = first.get("/api/orders/mine")
    assert (status, inbox["waiting"], len(inbox["orders"])) == (200, 1, 1)
    mine = inbox["orders"][0]
    assert (mine["sentence"], mine["reach"], mine["standing"]) == (
        "今晚 20:00 前通知低洼 37 户转移。",
        "sent",
        "own",
    )
    clock.advance(timedelta(seconds=40))
    assert answer(first, mine, "acknowledged", clock.now()) == "stored"
    second = sign_in("w1")
    [other] = second.get("/api/orders/mine")[1]["orders"]
    assert answer(second, other, "cannot", clock.now(), reason="人在外地") == "stored"
    # Somebody else's row is not theirs to answer.
    assert answer(second, mine, "done", clock.now()) == "unknown"
    folding.fold(clock.now())
    assert rollup.roll_up(clock.now()) == 1
    assert rollup.roll_up(clock.now()) == 0
    status, board = sign_in("zhihui").get(f"/api/orders/{order['row']['id']}/board")
    assert status == 200
    assert board["numbers"] == {
        "people": 14, "sent": 14, "delivered": 2, "failed": 0, "pending": 12, "acknowledged": 2,
        "working": 0, "done": 0, "cannot": 1,
    }  # fmt: skip
    assert [point["acknowledged"] for point in board["curve"]] == [2]
    top = board["places"][0]
    status, below = sign_in("zhihui").get(f"/api/orders/{order['row']['id']}/board?place={top['place_id']}")
    assert sum(line["numbers"]["people"] for line in below["places"]) <= 14
    status, silent = sign_in("zhihui").get(f"/api/orders/{order['row']['id']}/people?which=silent")
    assert len(silent["people"]) == 12 and not silent["has_more"]
    status, cannot = sign_in("zhihui").get(f"/api/orders/{order['row']['id']}/people?which=cannot")
    assert [(one["name"], one["reason"]) for one in cannot["people"]] == [("示例员1", "人在外地")]
    assert sign_in("w1").get("/api/orders/mine")[1]["orders"][0]["reason"] == "人在外地"
    assert checking.missing(clock.now()) == []


def test_whoever_drafts_does_not_issue(
    sign_in: SignIn, body: Any, workers: list[str], clock: FixedClock
) -> None:
    commander = sign_in("zhihui")
    status, made = commander.post("/api/orders/drafts", body())
    assert status == 201
    order_id = made["row"]["id"]
    assert commander.post(f"/api/orders/{order_id}/propose", {})[0] == 200
    before = counted()
    status, refused = commander.post(f"/api/orders/{order_id}/confirm", {})
    assert (status, refused["error"]["code"]) == (403, "order-second-person")
    assert counted() == before and Order.objects.get().state == "proposed"
    assert [one["verb"] for one in commander.get(f"/api/orders/{order_id}")[1]["actions"]] == ["send_back"]
    # The lead may draft but not issue.
    status, refused = sign_in("zhibanzhang").post(f"/api/orders/{order_id}/confirm", {})
    assert (status, refused["error"]["code"]) == (403, "refused")
    assert counted() == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"sentence": "长" * 121}, "sentence"),
        ({"place_ids": []}, "place_ids"),
        ({"place_ids": [str(uuid4())]}, "place_ids"),
        ({"post_kinds": ["mayor"]}, "post_kinds"),
        ({"ladder": "stairs"}, "ladder"),
        ({"answers": ["done"]}, "answers"),
        ({"until_at": "2026-03-09T01:00:00+00:00"}, "until_at"),
        ({"until_at": "2026-09-09T01:00:00+00:00"}, "until_at"),
        ({"skills": ["飞行"]}, "skills"),
        ({"outline": {"type": "Point", "coordinates": [1, 2]}}, "outline"),
        ({"asks": [{"code": "a", "zh": "问", "en": "Ask", "kind": "choice"}]}, "asks"),
        ({"template": "none"}, "template"),
    ],
)
def test_bad_input_names_its_field(
    changes: dict[str, Any], field: str, sign_in: SignIn, body: Any, workers: list[str]
) -> None:
    lead, before = sign_in("zhibanzhang"), counted()
    for path in ("/api/orders/drafts", "/api/orders/preview"):
        status, refused = lead.post(path, body(**changes))
        assert (status, refused["error"]["field"]) in {(422, field), (404, field)}, refused
    assert counted() == before


def test_the_preview_is_what_is_issued(
    sign_in: SignIn, body: Any, issued: Any, workers: list[str], grids: list[Place]
) -> None:
    community = str(Place.objects.get(below__descendant=grids[0], level="community", below__to_on=None).id)
    wanted = {"place_ids": [community, str(grids[0].id)], "post_kinds": ["grid_worker", "grid_helper"]}
    status, found = sign_in("zhibanzhang").post("/api/orders/preview", body(**wanted))
    assert (status, found["people"]) == (200, 7)
    assert {one["code"]: one["count"] for one in found["kinds"]} == {"grid_worker": 4, "grid_helper": 3}
    assert any("没有登记手机号" in one["zh"] for one in found["warnings"])
    order = issued(**wanted)
    assert order["people"] == 7 and len(order["row"]["places"]) == 1
    grids_hit = set(Recipient.objects.values_list("place_id", flat=True))
    assert grids_hit == {grid.id for grid in grids[:4]}


def test_only_those_inside_a_drawn_area(issued: Any, grids: list[Place]) -> None:
    lon, lat = 104.03, 30.63
    ring = [[lon, lat], [lon + 0.004, lat], [lon + 0.004, lat + 0.004], [lon, lat + 0.004], [lon, lat]]
    order = issued(outline={"type": "Polygon", "coordinates": [ring]})
    assert order["people"] == 1 and Recipient.objects.get().place_id == grids[0].id


def test_an_order_to_nobody_is_refused(sign_in: SignIn, body: Any, workers: list[str]) -> None:
    lead = sign_in("zhibanzhang")
    order_id = lead.post("/api/orders/drafts", body(post_kinds=["grid_adviser"]))[1]["row"]["id"]
    lead.post(f"/api/orders/{order_id}/propose", {})
    before = counted()
    status, refused = sign_in("zhihui").post(f"/api/orders/{order_id}/confirm", {})
    assert (status, refused["error"]["code"]) == (422, "order-nobody")
    assert counted() == before


def test_people_who_came_after_the_preview_stop_it(
    sign_in: SignIn, body: Any, workers: list[str], grids: list[Place], clock: FixedClock
) -> None:
    lead = sign_in("zhibanzhang")
    order_id = lead.post("/api/orders/drafts", body())[1]["row"]["id"]
    lead.post(f"/api/orders/{order_id}/propose", {})
    one = people.Enrolment("late", "后来者", "grid_worker", grids[0].id, None)
    people.enrol([one], PASSWORD, from_on=localdate(clock.now()), actor=SYSTEM, at=clock.now())
    status, refused = sign_in("zhihui").post(f"/api/orders/{order_id}/confirm", {"seen": 14})
    assert (status, refused["error"]["code"]) == (409, "order-audience-changed")
    assert refused["error"]["params"] == {"seen": 14, "now": 15}
    assert Recipient.objects.count() == 0
    assert sign_in("zhihui").post(f"/api/orders/{order_id}/confirm", {"seen": 15})[0] == 200


def test_a_wrong_order_is_corrected_by_another(
    sign_in: SignIn, issued: Any, body: Any, clock: FixedClock
) -> None:
    wrong = issued()
    lead, commander, worker = sign_in("zhibanzhang"), sign_in("zhihui"), sign_in("w0")
    status, made = lead.post(
        "/api/orders/drafts", body(sentence="更正：转移改为 42 户。", supersedes=wrong["row"]["id"])
    )
    assert status == 201
    status, again = lead.post("/api/orders/drafts", body(supersedes=wrong["row"]["id"]))
    assert (status, again["error"]["code"]) == (409, "order-already-corrected")
    lead.post(f"/api/orders/{made['row']['id']}/propose", {})
    assert [one["state"] for one in worker.get("/api/orders/mine")[1]["orders"]] == ["issued"]
    assert commander.post(f"/api/orders/{made['row']['id']}/confirm", {})[0] == 200
    inbox = worker.get("/api/orders/mine")[1]
    assert inbox["waiting"] == 1
    assert {one["sentence"]: (one["state"], one["corrected_by"]) for one in inbox["orders"]} == {
        "更正：转移改为 42 户。": ("issued", ""),
        "今晚 20:00 前通知低洼 37 户转移。": ("superseded", made["row"]["number"]),
    }
    status, old = commander.get(f"/api/orders/{wrong['row']['id']}")
    assert old["row"]["state"] == "superseded" and old["superseded_by"]["id"] == made["row"]["id"]
    assert [one["verb"] for one in old["events"]] == ["draft", "propose", "confirm", "supersede"]
    # What was issued is never changed.
    assert old["row"]["sentence"] == "今晚 20:00 前通知低洼 37 户转移。"


def test_recalling_needs_a_reason_and_ends_the_ladder(sign_in: SignIn, issued: Any) -> None:
    order = issued(ladder="urgent")
    commander, address = sign_in("zhihui"), f"/api/orders/{order['row']['id']}/recall"
    status, refused = commander.post(address, {})
    assert (status, refused["error"]["field"]) == (422, "reason")
    status, done = commander.post(address, {"reason": "险情解除"})
    assert (status, done["row"]["state"]) == (200, "recalled")
    assert {rung["state"] for rung in done["rungs"]} == {"done", "stopped"}
    assert sign_in("w0").get("/api/orders/mine")[1]["waiting"] == 0
    status, refused = commander.post(f"/api/orders/{order['row']['id']}/end", {"reason": "再结束"})
    assert status == 409


def test_who_stands_elsewhere_sees_their_part_alone(
    sign_in: SignIn, issued: Any, grids: list[Place], clock: FixedClock, workers: list[str]
) -> None:
    community = Place.objects.get(below__descendant=grids[0], level="community", below__to_on=None)
    one = people.Enrolment("lead1", "社区值班", "shift_lead", community.id, None)
    people.enrol([one], PASSWORD, from_on=localdate(clock.now()), actor=SYSTEM, at=clock.now())
    order = issued()
    folding.fold(clock.now())
    rollup.roll_up(clock.now())
    local, order_id = sign_in("lead1"), order["row"]["id"]
    status, seen = local.get(f"/api/orders/{order_id}")
    assert (status, seen["row"]["numbers"]["people"], seen["actions"]) == (200, 4, [])
    assert len(local.get(f"/api/orders/{order_id}/people")[1]["people"]) == 4
    elsewhere = Recipient.objects.exclude(place_id__in=[grid.id for grid in grids[:4]]).first()
    assert elsewhere is not None
    before = CallThrough.objects.count()
    status, _ = local.post(f"/api/order-people/{elsewhere.area}/{elsewhere.id}/call", {"outcome": "reached"})
    assert (status, CallThrough.objects.count()) == (404, before)
    # A draft of the district is not theirs to see.
    assert len(local.get("/api/orders")[1]) == 1
    # A worker without the capability has the inbox alone.
    assert sign_in("w0").get("/api/orders")[0] == 403


def test_ringing_up_is_noted_and_a_number_is_shown_against_a_reason(
    sign_in: SignIn, issued: Any, clock: FixedClock
) -> None:
    from shanzhi.base.audit.models import AuditEntry
    from shanzhi.city.people import contacts

    account = Account.objects.get(username="w3")
    contacts.set_contacts(account.id, {"phone": "19900000003"}, actor=SYSTEM, at=clock.now())
    order = issued()
    row = Recipient.objects.get(account=account)
    commander, who = sign_in("zhihui"), f"/api/order-people/{row.area}/{row.id}"
    status, refused = commander.post(f"{who}/phone", {"reason": ""})
    assert (status, refused["error"]["field"]) == (422, "reason")
    status, shown = commander.post(f"{who}/phone", {"reason": "叫应"})
    assert (status, shown["phone"]) == (200, "19900000003")
    entry = AuditEntry.objects.get(event="reveal")
    assert "19900000003" not in str(entry.detail) and entry.detail["reason"] == "叫应"
    assert commander.post(f"{who}/call", {"outcome": "reached", "note": "马上到岗"})[0] == 204
    [person] = [
        one for one in commander.get(f"/api/orders/{order['row']['id']}/people")[1]["people"]
        if one["id"] == str(row.id)
    ]  # fmt: skip
    # Rung up is not acknowledged: only the holder's own receipt counts.
    assert (person["call"], person["state"], person["has_phone"]) == ("reached", "sent", True)


def test_excel_has_places_and_silent_people_and_no_numbers(
    sign_in: SignIn, issued: Any, clock: FixedClock
) -> None:
    from io import BytesIO

    from python_calamine import CalamineWorkbook

    order = issued()
    folding.fold(clock.now())
    rollup.roll_up(clock.now())
    response = sign_in("zhihui").client.get(f"/api/orders/{order['row']['id']}/export")
    book = CalamineWorkbook.from_filelike(BytesIO(response.content))
    silent = book.get_sheet_by_name("未回复名单").to_python()
    assert len([row for row in silent if str(row[0]).startswith("示例员")]) == 12


@pytest.mark.django_db(transaction=True)
def test_of_two_who_confirm_one_issues(
    sign_in: SignIn, body: Any, workers: list[str], clock: FixedClock
) -> None:
    from shanzhi.city.people.queries import actor_for_account
    from shanzhi.core.kit.errors import ShanzhiError
    from shanzhi.work.orders import actions

    lead = sign_in("zhibanzhang")
    order_id = lead.post("/api/orders/drafts", body())[1]["row"]["id"]
    lead.post(f"/api/orders/{order_id}/propose", {})
    actor = actor_for_account(Account.objects.get(username="zhihui").id, "desk", localdate(clock.now()))
    assert actor is not None
    told: list[str] = []
    barrier = threading.Barrier(2)

    def confirm() -> None:
        barrier.wait()
        try:
            actions.perform(UUID(order_id), "confirm", actor=actor, at=clock.now())
            told.append("issued")
        except ShanzhiError as error:
            told.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=confirm) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["issued", "unknown-edge"]
    assert Recipient.objects.count() == 14
