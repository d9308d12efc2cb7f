"""Orders as a part of a response, and the end of what people said for it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.utils.timezone import localdate
from tests.work.test_orders_ladder import Gateway, gateways, people_actor

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.base.messaging.models import Message
from shanzhi.base.retention import holdings
from shanzhi.base.retention.holdings import Scope
from shanzhi.city.modes import contents, parts, running
from shanzhi.city.modes.parts import Live
from shanzhi.city.people import actions as people
from shanzhi.city.people import contacts
from shanzhi.city.people.models import Account
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.errors import InvalidInput, Refused
from shanzhi.edge.cli.demo import PASSWORD
from shanzhi.work.orders import actions, folding, ladder, receipts, rollup
from shanzhi.work.orders.drafting import Draft
from shanzhi.work.orders.errors import SecondPerson
from shanzhi.work.orders.models import CallThrough, Order, OrderEvent, Receipt, Recipient, Said

__all__ = ["gateways"]
pytestmark = [pytest.mark.django_db, pytest.mark.once]
FLOOD = [
    {"template": "flood_duty"},
    {"template": "flood_low_floors", "posts": ["grid_worker"], "minutes": 30},
]


@pytest.fixture
def live(city: None, clock: FixedClock) -> Live:
    """A flood response in a district with five workers: proposed by the lead, approved by the commander."""
    grids = list(Place.objects.filter(level="grid").order_by("code")[:3])
    made = [
        people.Enrolment(f"w{n}", f"示例员{n}", "grid_worker", one.id, None) for n, one in enumerate(grids)
    ]
    people.enrol(made, PASSWORD, from_on=localdate(clock.now()), actor=SYSTEM, at=clock.now())
    for n, one in enumerate(made):
        account = Account.objects.get(username=one.username)
        contacts.set_contacts(account.id, {"phone": f"1990000{n:04d}"}, actor=SYSTEM, at=clock.now())
    district = Place.objects.get(level="county", code=grids[0].area)
    return Live(
        activation_id=uuid4(), number="XY20260309-001", plan="flood", hazard="flood", level=3,
        place_ids=(district.id,), is_drill=False, proposed_by=Account.objects.get(username="zhibanzhang").id,
        approved_by=Account.objects.get(username="zhihui").id, from_at=clock.now(), last_on=None,
    )  # fmt: skip


def part() -> Any:
    return parts.known()["orders"]


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([{}], "orders.0.template"),
        ([{"template": "flood_duty"}, {"template": "none"}], "orders.1.template"),
        ([{"template": "flood_duty"}, {"template": "flood_duty"}], "orders.1.template"),
        ([{"template": "flood_duty", "posts": []}], "orders.0.posts"),
        ([{"template": "flood_duty", "posts": ["mayor"]}], "orders.0.posts"),
        ([{"template": "flood_duty", "minutes": 0}], "orders.0.minutes"),
        ([{"template": "flood_duty", "minutes": True}], "orders.0.minutes"),
        ([{"template": "flood_duty", "minutes": 90_000}], "orders.0.minutes"),
        ([{"template": "flood_duty", "ladder": "stairs"}], "orders.0.ladder"),
        ([{"template": "flood_duty", "place": "x"}], "orders.0.place"),
    ],
)
def test_a_plan_cannot_hold_what_is_no_order(live: Live, items: list[Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        part().check(items)
    assert refused.value.field == field
    part().check(FLOOD)


def test_the_preview_says_whom_and_writes_nothing(live: Live, clock: FixedClock) -> None:
    lines = part().preview(FLOOD, live, clock.now())
    assert [(line.count, line.wrong) for line in lines][1] == (5, False)
    assert not Order.objects.exists() and not Recipient.objects.exists()
    nobody = [{"template": "flood_duty", "posts": ["grid_adviser"]}]
    assert [line.wrong for line in part().preview(nobody, live, clock.now())] == [True]


def test_it_begins_once_for_a_level_and_ends_with_the_response(live: Live, clock: FixedClock) -> None:
    commander = people_actor("zhihui", clock)
    lines = part().begin(FLOOD, live, commander, clock.now())
    orders = list(Order.objects.order_by("number"))
    assert [line.subject_id for line in lines] == [one.id for one in orders]
    assert [(one.template, one.activation_id, one.activation_level, one.state) for one in orders] == [
        ("flood_duty", live.activation_id, 3, "issued"), ("flood_low_floors", live.activation_id, 3, "issued"),
    ]  # fmt: skip
    low = orders[1]
    assert (low.drafted_by_id, low.confirmed_by) == (live.proposed_by, commander.name)
    assert (low.people, low.until_at, low.household_rule) == (
        5,
        clock.now() + timedelta(minutes=30),
        "ground_floor",
    )
    assert list(OrderEvent.objects.filter(order=low).order_by("id").values_list("verb", flat=True)) == [
        "draft", "propose", "confirm",
    ]  # fmt: skip
    before = (Order.objects.count(), Recipient.objects.count(), OrderEvent.objects.count())
    assert part().begin(FLOOD, live, commander, clock.now()) == []
    assert (Order.objects.count(), Recipient.objects.count(), OrderEvent.objects.count()) == before
    assert part().preview(FLOOD, live, clock.now()) == []
    # Of one template an order is under way once, whichever level issued it.
    assert part().begin(FLOOD[:1], replace(live, level=2), commander, clock.now()) == []
    # A correction made by hand belongs to the response and ends with it, as does a draft.
    fixed = actions.create(
        Draft(
            "更正", "改为 21:00 前。", list(live.place_ids), ["grid_worker"], clock.now() + timedelta(hours=1),
            "app_only",
        ),
        actor=people_actor("zhibanzhang", clock), at=clock.now(), supersedes=low.id,
    )  # fmt: skip
    actions.perform(fixed.id, "propose", actor=people_actor("zhibanzhang", clock), at=clock.now())
    ended = part().end(live, commander, clock.now())
    assert len(ended) == 3
    states = dict(Order.objects.values_list("number", "state"))
    assert sorted(states.values()) == ["dropped", "ended", "ended"] and states[fixed.number] == "dropped"
    assert part().end(live, commander, clock.now()) == []


def level_of(number: int, orders: list[Any]) -> contents.LevelContent:
    return contents.LevelContent(number, "", "", {"orders": orders})


def test_raised_and_lowered_back_each_order_is_under_way_once(live: Live, clock: FixedClock) -> None:
    commander, lead = people_actor("zhihui", clock), people_actor("zhibanzhang", clock)
    sooner = [FLOOD[0], {**FLOOD[1], "minutes": 15}]
    three, two, one = level_of(3, FLOOD), level_of(2, sooner), level_of(1, [])
    part().begin(FLOOD, live, commander, clock.now())
    duty, low = Order.objects.order_by("number")

    def to(old: contents.LevelContent, new: contents.LevelContent) -> list[str]:
        clock.advance(timedelta(minutes=1))
        changed = replace(live, level=new.level)
        return [line.zh for _, line in running.change(old, new, changed, commander, clock.now())]

    def under_way() -> list[tuple[str, int | None]]:
        rows = Order.objects.filter(activation_id=live.activation_id, state="issued").order_by(
            "template", "number"
        )
        return list(rows.values_list("template", "activation_level"))

    # What both levels hold goes on, and nobody is told twice; what is otherwise now ends and is issued anew.
    said = to(three, two)
    assert len(said) == 2 and low.number in said[0] and "已结束" in said[0]
    assert under_way() == [("flood_duty", 3), ("flood_low_floors", 2)]
    ended = OrderEvent.objects.filter(order=low).latest("at", "id")
    assert (ended.verb, ended.actor_name, "级别调整" in ended.reason) == ("end", commander.name, True)
    # Lowered back: the sooner one ends, and that of the lower level is issued again with its own time.
    to(two, three)
    assert under_way() == [("flood_duty", 3), ("flood_low_floors", 3)]
    again = Order.objects.get(template="flood_low_floors", state="issued")
    assert again.id != low.id and again.until_at == clock.now() + timedelta(minutes=30)
    assert Order.objects.get(id=duty.id).state == "issued"
    until = clock.now() + timedelta(hours=2)
    # One corrected by hand is still that order: it is not issued beside its correction, and ends with its level.
    fixed = actions.create(
        Draft("更正", "改在西门集合。", list(live.place_ids), ["grid_worker"], until, "app_only"),
        actor=lead, at=clock.now(), supersedes=duty.id,
    )  # fmt: skip
    actions.perform(fixed.id, "propose", actor=lead, at=clock.now())
    actions.perform(fixed.id, "confirm", actor=commander, at=clock.now())
    assert Order.objects.get(id=duty.id).state == "superseded"
    assert (
        part().begin(FLOOD, live, commander, clock.now()) == []
        and part().preview(FLOOD, live, clock.now()) == []
    )
    # One written by hand for the response belongs to no level.
    loose = actions.create(
        replace(
            Draft("补充", "各点备沙袋。", list(live.place_ids), ["grid_worker"], until, "app_only"),
            activation_id=live.activation_id,
        ),
        actor=lead, at=clock.now(),
    )  # fmt: skip
    to(three, one)
    states = dict(Order.objects.values_list("id", "state"))
    assert (states[fixed.id], states[again.id], states[loose.id]) == ("ended", "ended", "draft")
    # Back once more: everything of the level is under way again, once.
    to(one, three)
    rows = Order.objects.filter(activation_id=live.activation_id, state="issued").order_by("template")
    assert list(rows.values_list("template", flat=True)) == ["flood_duty", "flood_low_floors"]
    part().end(live, commander, clock.now())
    assert not Order.objects.filter(
        activation_id=live.activation_id, state__in=["draft", "proposed", "issued"]
    ).exists()


def test_a_drill_stays_a_drill_and_nobody_approves_their_own(live: Live, clock: FixedClock) -> None:
    drill = replace(live, is_drill=True)
    part().begin(FLOOD[1:], drill, people_actor("zhihui", clock), clock.now())
    assert Order.objects.get().is_drill
    before = (Order.objects.count(), OrderEvent.objects.count())
    own = replace(live, activation_id=uuid4(), proposed_by=live.approved_by)
    with pytest.raises(SecondPerson), transaction.atomic():
        part().begin(FLOOD[1:], own, people_actor("zhihui", clock), clock.now())
    nobody = Actor(live.approved_by, "无权者", "desk")
    with pytest.raises(Refused), transaction.atomic():
        part().begin(FLOOD[1:], replace(live, activation_id=uuid4()), nobody, clock.now())
    assert (Order.objects.count(), OrderEvent.objects.count()) == before


def say(who: str, activation: UUID, clock: FixedClock, **more: Any) -> None:
    row = Recipient.objects.get(account__username=who, order__activation_id=activation)
    import json

    raw = {
        "id": str(uuid4()), "area": row.area, "recipient": str(row.id), "happened_at": clock.now().isoformat(),
    } | more  # fmt: skip
    given = receipts.submission(row.account_id, receipts.read(json.dumps(raw).encode()))
    with connection.cursor() as cursor:
        assert receipts.take(cursor, [given], clock.now())[0].status == "stored"


def test_words_go_with_the_response_and_counts_stay(
    live: Live, gateways: dict[str, Gateway], clock: FixedClock
) -> None:
    other = replace(live, activation_id=uuid4())
    commander = people_actor("zhihui", clock)
    for one in (live, other):
        part().begin(FLOOD[1:], one, commander, clock.now())
        say("w0", one.activation_id, clock, answer="cannot", reason="家中老人生病")
        say("w1", one.activation_id, clock, answer="done", answers={"moved": "4"})
    mine = Order.objects.get(activation_id=live.activation_id)
    row = Recipient.objects.get(account__username="w2", order=mine)
    actions.call_through(row.area, row.id, "away", "在外地", actor=commander, at=clock.now())
    clock.advance(timedelta(seconds=60))
    ladder.take_due(clock.now())
    folding.fold(clock.now())
    rollup.roll_up(clock.now())

    def counts() -> Any:
        folding.fold(clock.now())
        rollup.roll_up(clock.now())
        return (
            Receipt.objects.count(), CallThrough.objects.count(),
            sorted(Recipient.objects.values_list("state", "cannot_at", "done_at")),
        )  # fmt: skip

    before, words = counts(), holdings.known()["order-words"]
    scope = Scope(activation_id=live.activation_id)
    lines = [
        f"{one.area} {one.id} {one.reason} " + ('{"moved": "4"}' if one.answers else "")
        for one in Said.objects.filter(recipient__order=mine).order_by("area", "id")
    ]
    assert words.count(scope) == 3
    gone = words.destroy(scope)
    assert (gone.rows, gone.digest) == (3, hashlib.sha256("\n".join(lines).encode()).hexdigest())
    assert Said.objects.count() == 2 and not Said.objects.filter(recipient__order=mine).exists()
    assert counts() == before
    assert words.destroy(scope).rows == 0
    # Addresses of its messages go, what became of them stays.
    addresses = holdings.known()["order-addresses"]
    held = addresses.count(scope)
    assert held == Message.objects.filter(topic=f"order/{mine.id}").count() == 1
    assert addresses.destroy(scope).rows == held and addresses.count(scope) == 0
    assert addresses.count(Scope(activation_id=other.activation_id)) == 1
    assert words.count(Scope(before=clock.now() + timedelta(days=1))) == 2
    assert words.count(Scope(before=clock.now() - timedelta(days=1))) == 0


def test_what_was_said_is_not_changed_and_history_not_destroyed(live: Live, clock: FixedClock) -> None:
    part().begin(FLOOD[1:], live, people_actor("zhihui", clock), clock.now())
    say("w0", live.activation_id, clock, answer="cannot", reason="车坏了")
    for sql in ("UPDATE orders_said SET reason = ''", "DELETE FROM orders_receipt"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert (Said.objects.get().reason, Receipt.objects.count()) == ("车坏了", 1)
    # The hash that stays is keyed: the words cannot be guessed from it.
    assert bytes(Receipt.objects.get().hash) != hashlib.sha256("车坏了".encode()).digest()
