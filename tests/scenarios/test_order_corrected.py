"""A wrong order at night: it says 20:00 and means 22:00. Corrected: phones hear of it, the ladder of the first stops,
who answered the first is asked anew, and both boards add up to the last one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.base.messaging import channels
from shanzhi.base.messaging.channels import Arrived, Letter, Outcome, Report
from shanzhi.base.messaging.models import Message
from shanzhi.base.messaging.sender import Desk
from shanzhi.base.outbox.models import OutboxRow
from shanzhi.city.people import actions as people
from shanzhi.city.people import contacts
from shanzhi.city.people.models import Account
from shanzhi.city.places.models import Place
from shanzhi.core.kit.clock import FixedClock
from shanzhi.edge.cli.demo import PASSWORD
from shanzhi.work.orders import checking, folding, ladder, rollup
from shanzhi.work.orders.models import Discrepancy, Recipient, Rung

pytestmark = pytest.mark.django_db
PEOPLE = 8


class Gateway:
    """An SMS gateway that takes all and reports delivery of what it is told to."""

    code = "sms"
    rate_per_second, batch_size, lease_seconds, collect_every_seconds, asks = 1000.0, 500, 30.0, 0.0, False

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.arrived = Arrived()

    def send(self, letters: Sequence[Letter]) -> list[Outcome]:
        self.letters += letters
        return [Outcome(one, "accepted", (f"sms-{one.id}",)) for one in letters]

    def collect(self, waiting: Sequence[str]) -> Arrived:
        found, self.arrived = self.arrived, Arrived()
        return found

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    made, before = Gateway(), channels.registered()
    channels.register(made)
    yield made
    channels.unregister("sms")
    if "sms" in before:
        channels.register(before["sms"])


@pytest.fixture
def workers(city: None, clock: FixedClock) -> list[str]:
    """Eight workers in eight grids; all but the last have a telephone."""
    grids = list(Place.objects.filter(level="grid").order_by("code")[:PEOPLE])
    made = [
        people.Enrolment(f"w{n}", f"示例员{n}", "surge_worker", one.id, None) for n, one in enumerate(grids)
    ]
    people.enrol(made, PASSWORD, from_on=localdate(clock.now()), actor=SYSTEM, at=clock.now())
    for n, one in enumerate(made[:-1]):
        account = Account.objects.get(username=one.username)
        contacts.set_contacts(account.id, {"phone": f"1990000{n:04d}"}, actor=SYSTEM, at=clock.now())
    return [one.username for one in made]


def issue(sign_in: Callable[[str], Any], clock: FixedClock, **changes: Any) -> dict[str, Any]:
    grid = Place.objects.filter(level="grid").order_by("code").first()
    assert grid is not None
    body = {
        "title": "低洼户转移", "sentence": "今晚 20:00 前转移低洼住户。", "post_kinds": ["surge_worker"],
        "place_ids": [str(Place.objects.get(level="county", code=grid.area).id)], "ladder": "urgent",
        "until_at": (clock.now() + timedelta(hours=12)).isoformat(), "household_rule": "ground_floor",
    } | changes  # fmt: skip
    lead, commander = sign_in("zhibanzhang"), sign_in("zhihui")
    status, made = lead.post("/api/orders/drafts", body)
    assert status == 201, made
    assert lead.post(f"/api/orders/{made['row']['id']}/propose", {})[0] == 200
    status, shown = lead.post(
        "/api/orders/preview", {key: value for key, value in body.items() if key != "supersedes"}
    )
    assert status == 200, shown
    status, done = commander.post(f"/api/orders/{made['row']['id']}/confirm", {"seen": shown["people"]})
    assert status == 200, done
    return dict(done)


def answers(
    sign_in: Callable[[str], Any], who: str, number: str, what: str, clock: FixedClock, **more: Any
) -> str:
    browser = sign_in(who)
    mine = next(one for one in browser.get("/api/orders/mine")[1]["orders"] if one["number"] == number)
    item = {
        "id": str(uuid4()), "area": mine["area"], "recipient": mine["recipient"], "answer": what,
        "happened_at": clock.now().isoformat(),
    } | more  # fmt: skip
    return str(browser.post("/api/orders/receipts", {"items": [item]})[1][0]["status"])


def let_go(clock: FixedClock, seconds: float, gateway: Gateway) -> None:
    """What the worker's threads do in this time."""
    clock.advance(timedelta(seconds=seconds))
    ladder.take_due(clock.now())
    desk = Desk(gateway, clock)  # type: ignore[arg-type]
    for _ in range(20):
        if not desk.step():
            break
        clock.advance(timedelta(milliseconds=50))
    folding.fold(clock.now())
    ladder.tidy(clock.now())
    clock.advance(rollup.MESSAGES_EVERY)
    rollup.roll_up(clock.now())


def numbers(sign_in: Callable[[str], Any], order: dict[str, Any]) -> dict[str, int]:
    """The board of an order; every line of it adds up, and so do its messages."""
    commander, address = sign_in("zhihui"), f"/api/orders/{order['row']['id']}"
    board = commander.get(f"{address}/board")[1]
    for line in [board, *board["places"]]:
        found = line["numbers"]
        assert found["sent"] == found["delivered"] + found["failed"] + found["pending"]
    assert board["discrepancies"] == []
    for rung in commander.get(address)[1]["rungs"]:
        if rung["channel"] and rung["wanted"] is not None:
            assert rung["wanted"] == sum(rung["messages"].values())
    return dict(board["numbers"])


def test_a_wrong_order_is_corrected(
    sign_in: Callable[[str], Any], workers: list[str], gateway: Gateway, clock: FixedClock
) -> None:
    wrong = issue(sign_in, clock)
    number = wrong["row"]["number"]
    assert wrong["people"] == PEOPLE
    # Two answer at once; the SMS rung asks those with a telephone who have not.
    assert answers(sign_in, "w0", number, "acknowledged", clock) == "stored"
    assert answers(sign_in, "w1", number, "cannot", clock, reason="20:00 前路还不通") == "stored"
    let_go(clock, 61, gateway)
    assert len(gateway.letters) == PEOPLE - 3
    arrived = gateway.letters[0]
    gateway.arrived = Arrived(reports=(Report(f"sms-{arrived.id}", "delivered", clock.now(), "DELIVRD"),))
    let_go(clock, 1, gateway)
    first = numbers(sign_in, wrong)
    assert (first["people"], first["sent"], first["delivered"], first["acknowledged"]) == (
        PEOPLE,
        PEOPLE,
        3,
        2,
    )

    # Somebody notices. The correction is drafted by one, issued by another, to the same people.
    told = OutboxRow.objects.filter(topic="orders").count()
    right = issue(
        sign_in, clock, sentence="更正：今晚 22:00 前转移低洼住户。", supersedes=wrong["row"]["id"],
    )  # fmt: skip
    assert right["supersedes"]["name"] == number and right["people"] == PEOPLE
    news = list(
        OutboxRow.objects.filter(topic="orders").order_by("at", "id").values_list("event", flat=True)
    )[told:]
    # Phones hear of both: a frame with the new sentence to its audience, and that the old one is over.
    assert sorted(news) == ["issued", "superseded"]
    old = sign_in("zhihui").get(f"/api/orders/{wrong['row']['id']}")[1]
    assert (old["row"]["state"], old["superseded_by"]["name"]) == ("superseded", right["row"]["number"])
    # Its ladder stops: nobody is rung up, asked again, or represented for an order that is wrong.
    states = [rung["state"] for rung in old["rungs"]]
    assert states == ["done", "done", "stopped", "stopped", "stopped"]
    sent = len(gateway.letters)
    for _ in range(3):
        clock.advance(timedelta(minutes=4))
        ladder.take_due(clock.now())
    assert not Recipient.objects.filter(order_id=wrong["row"]["id"]).exclude(standing="own").exists()
    assert not Message.objects.filter(topic=f"order/{wrong['row']['id']}", round__gt=1).exists()
    assert Rung.objects.filter(order_id=wrong["row"]["id"], state="waiting").count() == 0

    # On the phone: the new one first, waiting for an answer; the old one says by which it was corrected.
    inbox = sign_in("w0").get("/api/orders/mine")[1]
    new, before = inbox["orders"][0], inbox["orders"][1]
    assert (inbox["waiting"], new["sentence"], new["reach"]) == (
        1,
        "更正：今晚 22:00 前转移低洼住户。",
        "sent",
    )
    assert (before["state"], before["corrected_by"]) == ("superseded", right["row"]["number"])
    for who in workers[:6]:
        assert answers(sign_in, who, right["row"]["number"], "acknowledged", clock) == "stored"
    # A late answer to the wrong one, from a phone without network till now, is kept and counted where it belongs.
    assert answers(sign_in, "w2", number, "acknowledged", clock) == "stored"
    let_go(clock, 1, gateway)
    second, first = numbers(sign_in, right), numbers(sign_in, wrong)
    assert (second["people"], second["acknowledged"], second["cannot"]) == (PEOPLE, 6, 0)
    assert (first["people"], first["acknowledged"], first["cannot"]) == (PEOPLE, 3, 1)
    # The letters of the correction went only to who was silent then; each rung of both is accounted for.
    assert (
        len(gateway.letters)
        == sent
        + Message.objects.filter(topic=f"order/{right['row']['id']}", channel="sms")
        .exclude(state="cancelled")
        .count()
    )
    assert checking.check(clock.now() + timedelta(minutes=1)) == []
    assert not Discrepancy.objects.exists()
    log = [event["verb"] for event in sign_in("zhihui").get(f"/api/orders/{wrong['row']['id']}")[1]["events"]]
    assert log == ["draft", "propose", "confirm", "supersede"]
