"""The ladder: who stays silent is asked by other ways, who answers is left alone, and the numbers add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.base.messaging import actions as messaging
from shanzhi.base.messaging import channels
from shanzhi.base.messaging.channels import Arrived, Letter, Outcome, Report
from shanzhi.base.messaging.models import Message
from shanzhi.base.messaging.sender import Desk
from shanzhi.city.people import actions as people
from shanzhi.city.people import contacts
from shanzhi.city.people.models import Account
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.core.kit.ids import uuid7
from shanzhi.edge.cli.demo import PASSWORD
from shanzhi.work.orders import actions, checking, folding, ladder, noting, packs, queries
from shanzhi.work.orders.drafting import Draft
from shanzhi.work.orders.flow import Answer
from shanzhi.work.orders.models import Order, Recipient, Rung

pytestmark = pytest.mark.django_db


class Gateway:
    """A channel that takes everything, and reports when it is told to."""

    rate_per_second, batch_size, lease_seconds, collect_every_seconds, asks = 1000.0, 500, 30.0, 0.0, False

    def __init__(self, code: str) -> None:
        self.code, self.taken, self.arrived = code, [], Arrived()  # type: ignore[var-annotated]

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        self.taken += letters
        return [Outcome(one, "accepted", (f"{self.code}-{one.id}",)) for one in letters]

    def collect(self, waiting: Sequence[str]) -> Arrived:
        found, self.arrived = self.arrived, Arrived()
        return found

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def gateways() -> Iterator[dict[str, Gateway]]:
    made = {code: Gateway(code) for code in ("sms", "voice")}
    before = channels.registered()
    for one in made.values():
        channels.register(one)
    yield made
    for code in made:
        channels.unregister(code)
        if code in before:
            channels.register(before[code])


@pytest.fixture
def order(city: None, clock: FixedClock) -> Callable[..., Order]:
    """Five workers in five grids, helpers in the first two, heads at the community above; all with telephones."""
    grids = list(Place.objects.filter(level="grid").order_by("code")[:5])
    community = Place.objects.get(below__descendant=grids[0], level="community", below__to_on=None)
    made = [
        people.Enrolment(f"w{n}", f"示例员{n}", "grid_worker", one.id, None) for n, one in enumerate(grids)
    ]
    made += [people.Enrolment(f"h{n}", f"协助员{n}", "grid_helper", grids[n].id, None) for n in range(2)]
    made += [people.Enrolment("head", "网格长", "grid_head", community.id, None)]
    people.enrol(made, PASSWORD, from_on=localdate(clock.now()), actor=SYSTEM, at=clock.now())
    for number, one in enumerate(made):
        account = Account.objects.get(username=one.username)
        contacts.set_contacts(account.id, {"phone": f"1990000{number:04d}"}, actor=SYSTEM, at=clock.now())
    drafter = Account.objects.get(username="zhibanzhang")
    confirmer = people_actor("zhihui", clock)

    def make(**changes: Any) -> Order:
        given = {
            "title": "集合", "sentence": "今晚 20:00 前到岗。", "place_ids": [one.id for one in grids],
            "post_kinds": ["grid_worker"], "until_at": clock.now() + timedelta(hours=3), "ladder": "urgent",
        } | changes  # fmt: skip
        lead = people_actor("zhibanzhang", clock)
        made = actions.create(Draft(**given), actor=lead, at=clock.now())
        assert made.drafted_by_id == drafter.id
        actions.perform(made.id, "propose", actor=lead, at=clock.now())
        return actions.perform(made.id, "confirm", actor=confirmer, at=clock.now())

    return make


def people_actor(username: str, clock: FixedClock) -> Any:
    from shanzhi.city.people.queries import actor_for_account

    account = Account.objects.get(username=username)
    return actor_for_account(account.id, "desk", localdate(clock.now()))


def row_of(username: str, **more: Any) -> Recipient:
    return Recipient.objects.get(account__username=username, **({"standing": "own"} | more))


def acknowledges(username: str, at: datetime) -> None:
    row = row_of(username)
    noting.note([noting.Noted(uuid7(), row.area, row.id, Answer.ACKNOWLEDGED, at)])


def send_all(gateway: Gateway, clock: FixedClock) -> None:
    desk = Desk(gateway, clock)  # type: ignore[arg-type]
    clock.advance(timedelta(seconds=1))  # a rung goes out at its rate
    while desk.step():
        clock.advance(timedelta(seconds=1))


def states(order: Order) -> dict[int, str]:
    return dict(Rung.objects.filter(order=order).values_list("position", "state"))


def test_the_silent_climb_and_the_numbers_add_up(
    order: Any, gateways: dict[str, Gateway], clock: FixedClock
) -> None:
    made = order()
    assert states(made) == {0: "done", 1: "waiting", 2: "waiting", 3: "waiting", 4: "waiting"}
    assert ladder.take_due(clock.now()) == 0
    acknowledges("w0", clock.now())
    clock.advance(timedelta(seconds=60))
    # w0's receipt is not folded yet: it counts all the same.
    assert ladder.take_due(clock.now()) == 1
    assert Rung.objects.get(order=made, position=1).wanted == 4
    assert ladder.take_due(clock.now()) == 0
    send_all(gateways["sms"], clock)
    assert {one.text for one in gateways["sms"].taken} == {f"{made.number} 今晚 20:00 前到岗。收到请回复1。"}
    assert sorted(one.address for one in gateways["sms"].taken) == [f"1990000{n:04d}" for n in range(1, 5)]
    assert ladder.tidy(clock.now()) == 1 and states(made)[1] == "done"
    assert queries.messages(made) == {1: {"sent": 4}}
    # The provider reports one arrived; another replies 1.
    by_address = {one.address[-1]: one for one in gateways["sms"].taken}
    first = by_address["1"]
    gateways["sms"].arrived = Arrived(reports=[Report(f"sms-{first.id}", "delivered", clock.now())])
    Desk(gateways["sms"], clock).step()  # type: ignore[arg-type]
    clock.advance(timedelta(seconds=5))
    Desk(gateways["sms"], clock).step()  # type: ignore[arg-type]
    folding.fold(clock.now())
    assert row_of("w1").state == "delivered"
    assert queries.messages(made) == {1: {"delivered": 1, "sent": 3}}
    acknowledges("w2", clock.now())
    clock.advance(timedelta(seconds=120))
    ladder.take_due(clock.now())
    assert Rung.objects.get(order=made, position=2).wanted == 3
    # w1, w3 and w4 are still silent when the deputies are asked: only w1 has one.
    clock.advance(timedelta(seconds=120))
    ladder.take_due(clock.now())
    deputies = Recipient.objects.filter(standing="deputy").select_related("account", "instead_of__account")
    assert [
        (one.account.username, one.instead_of.account.username) for one in deputies if one.instead_of
    ] == [("h1", "w1")]
    clock.advance(timedelta(seconds=180))
    ladder.take_due(clock.now())
    upper = Recipient.objects.filter(standing="upper").select_related("account", "instead_of__account")
    asked = {one.instead_of.account.username: one.account.username for one in upper if one.instead_of}
    assert set(asked) == {"w1", "w3", "w4"} and asked["w1"] == asked["w3"] == "head"
    assert checking.missing(clock.now()) == []
    assert queries.stand_ins(made) == {"deputy": (1, 0), "upper": (3, 0)}


def test_whoever_answers_meanwhile_is_not_called(
    order: Any, gateways: dict[str, Gateway], clock: FixedClock
) -> None:
    made = order()
    clock.advance(timedelta(seconds=60))
    ladder.take_due(clock.now())
    acknowledges("w0", clock.now())
    folding.fold(clock.now())
    assert ladder.tidy(clock.now()) == 0
    send_all(gateways["sms"], clock)
    assert len(gateways["sms"].taken) == 4
    assert ladder.tidy(clock.now()) == 1
    assert queries.messages(made) == {1: {"cancelled": 1, "sent": 4}}
    assert sum(queries.messages(made)[1].values()) == Rung.objects.get(order=made, position=1).wanted


def test_messages_go_out_at_the_rate_of_the_rung(
    order: Any, gateways: dict[str, Gateway], clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = packs.Ladder("urgent", "慢", "Slow", [packs.Step("channel", 0, channel="sms", per_second=2)])
    monkeypatch.setattr(packs, "ladders", lambda: {"urgent": slow})
    begun = clock.now()
    order()
    due = sorted(Message.objects.values_list("next_at", flat=True))
    assert [(one - begun).total_seconds() for one in due if one] == [0, 0.5, 1, 1.5, 2]


def test_a_stopped_rung_sends_nothing_more(
    order: Any, gateways: dict[str, Gateway], clock: FixedClock
) -> None:
    made = order()
    clock.advance(timedelta(seconds=60))
    ladder.take_due(clock.now())
    boss = people_actor("zhihui", clock)
    actions.stop_rung(made.id, 1, "网关故障", actor=boss, at=clock.now())
    actions.stop_rung(made.id, 3, "不必惊动", actor=boss, at=clock.now())
    send_all(gateways["sms"], clock)
    assert gateways["sms"].taken == []
    clock.advance(timedelta(seconds=600))
    ladder.take_due(clock.now())
    assert not Recipient.objects.filter(standing="deputy").exists()
    assert states(made) == {0: "done", 1: "stopped", 2: "running", 3: "stopped", 4: "done"}


def test_a_drill_goes_to_the_sink(order: Any, gateways: dict[str, Gateway], clock: FixedClock) -> None:
    made = order(is_drill=True)
    clock.advance(timedelta(seconds=60))
    ladder.take_due(clock.now())
    send_all(gateways["sms"], clock)
    assert gateways["sms"].taken == []
    assert set(Message.objects.values_list("via", "drill")) == {("sink", True)}
    assert all(text.startswith("【演练】") for text in Message.objects.values_list("text", flat=True))
    assert made.is_drill


def test_an_order_that_is_over_wakes_nobody(
    order: Any, gateways: dict[str, Gateway], clock: FixedClock
) -> None:
    made = order()
    clock.advance(timedelta(seconds=60))
    ladder.take_due(clock.now())
    actions.perform(made.id, "recall", actor=people_actor("zhihui", clock), at=clock.now(), reason="误发")
    send_all(gateways["sms"], clock)
    clock.advance(timedelta(hours=1))
    assert (gateways["sms"].taken, ladder.take_due(clock.now())) == ([], 0)
    assert set(Message.objects.values_list("state", flat=True)) == {"cancelled"}


def test_a_reply_acknowledges_once(order: Any, gateways: dict[str, Gateway], clock: FixedClock) -> None:
    order()
    clock.advance(timedelta(seconds=60))
    ladder.take_due(clock.now())
    send_all(gateways["sms"], clock)
    letter = next(one for one in gateways["sms"].taken if one.address.endswith("3"))
    told = channels.Answer("r-1", "收到", clock.now(), about=f"sms-{letter.id}")
    for _ in range(2):
        gateways["sms"].arrived = Arrived(answers=[told])
        clock.advance(timedelta(seconds=5))
        Desk(gateways["sms"], clock).step()  # type: ignore[arg-type]
    folding.fold(clock.now())
    assert [one.account.username for one in Recipient.objects.filter(state="acknowledged")] == ["w3"]


@pytest.mark.django_db(transaction=True)
def test_a_rung_taken_by_a_killed_worker_is_taken_again(
    order: Any, gateways: dict[str, Gateway], clock: FixedClock
) -> None:
    made = order()
    clock.advance(timedelta(seconds=60))

    class Killed(Exception):
        pass

    def dies() -> None:
        with transaction.atomic():
            ladder.take_due(clock.now())
            raise Killed

    with pytest.raises(Killed):
        dies()
    assert (states(made)[1], Message.objects.count()) == ("waiting", 0)
    assert ladder.take_due(clock.now()) == 1
    assert Message.objects.count() == 5
    connection.close()


def test_messages_can_be_asked_twice(order: Any, gateways: dict[str, Gateway], clock: FixedClock) -> None:
    made = order()
    clock.advance(timedelta(seconds=60))
    ladder.take_due(clock.now())
    from shanzhi.work.orders import calls

    assert calls.queue(made, Rung.objects.get(order=made, position=1), clock.now()) == 0
    assert Message.objects.count() == 5
    assert messaging.cancel_topic(calls.topic_of(made.id), "test") == 5


@pytest.mark.parametrize(
    ("people", "channels_there", "said"),
    [
        (149_000, {"sms", "voice"}, None),
        (149_000, {"voice"}, "通道未接入：短信"),
        (149_000, set(), "没有可用的外部通道"),
        (900_000, {"sms", "voice"}, "每秒"),
    ],
)
def test_the_composer_says_whether_the_promise_can_be_kept(
    people: int, channels_there: set[str], said: str | None
) -> None:
    from shanzhi.work.orders.promise import warnings

    told = warnings(packs.ladders()["urgent"], people, people, channels_there)
    assert (told == []) if said is None else any(said in zh for zh, _ in told), told
