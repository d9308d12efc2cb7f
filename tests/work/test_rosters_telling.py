"""A shift that is not begun in time is told to its lead by text message, once and without a name."""

from __future__ import annotations

# ruff: noqa: F811 (fixtures of the other file are arguments here)
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.work.test_rosters import begun, grids, share_out, workers  # noqa: F401

from shanzhi.base.messaging import channels
from shanzhi.base.messaging.models import Message
from shanzhi.city.people.models import Account, Contact
from shanzhi.core.kit.clock import FixedClock
from shanzhi.work.rosters import actions

SignIn = Callable[[str], Any]
pytestmark = [pytest.mark.django_db, pytest.mark.once]
PHONE = "19900007777"


@pytest.fixture
def sms() -> Iterator[None]:
    """A text-message channel that is connected: what is queued stays queued here."""

    class Sms:
        code = "sms"

    channels.register(Sms())  # type: ignore[arg-type]
    yield
    channels.unregister("sms")


@pytest.fixture
def lead_phone(clock: FixedClock) -> None:
    account = Account.objects.get(username="zhibanzhang")
    Contact.objects.create(account=account, kind="phone", address=PHONE, set_at=clock.now(), set_by="示例")


def test_the_lead_is_texted_once_and_signing_on_stops_it(
    sign_in: SignIn,
    begun: Any,
    clock: FixedClock,
    sms: None,
    lead_phone: None,
) -> None:
    share_out(sign_in("zhibanzhang"), begun())
    clock.advance(timedelta(minutes=15))
    assert actions.warn_late(clock.now()) == 1 and actions.warn_late(clock.now()) == 0
    [message] = Message.objects.filter(purpose="roster")
    assert (message.state, message.channel, message.recipient_kind) == ("queued", "sms", "roster")
    assert message.recipient_id == Account.objects.get(username="zhibanzhang").id
    turn = sign_in("zhiban").get("/api/rosters")[1]["late"][0]["turns"][0]
    assert turn["name"] not in message.text and PHONE not in message.text and "没有人签到" in message.text
    worker = sign_in(f"r{turn['name'][-1]}")
    assert worker.post(f"/api/roster-turns/{turn['area']}/{turn['id']}/sign-on", {})[0] == 200
    message.refresh_from_db()
    assert (message.state, message.reason) == ("cancelled", "roster-settled")


def test_it_is_stopped_for_a_roster_by_whoever_manages_it(
    sign_in: SignIn,
    begun: Any,
    clock: FixedClock,
    sms: None,
    lead_phone: None,
) -> None:
    lead, roster = sign_in("zhibanzhang"), begun()
    share_out(lead, roster)
    address = f"/api/rosters/{roster['id']}/telling"
    assert sign_in("zhiban").post(address, {"on": False})[0] == 403
    clock.advance(timedelta(minutes=15))
    assert actions.warn_late(clock.now()) == 1
    status, row = lead.post(address, {"on": False})
    assert (status, row["tells_lead"]) == (200, False)
    assert [one.state for one in Message.objects.filter(purpose="roster")] == ["cancelled"]
    clock.advance(timedelta(hours=12))
    assert actions.warn_late(clock.now()) > 0
    assert Message.objects.filter(purpose="roster", created_at__gte=clock.now()).count() == 0


def test_without_a_channel_nobody_is_texted(
    sign_in: SignIn,
    begun: Any,
    clock: FixedClock,
    lead_phone: None,
) -> None:
    share_out(sign_in("zhibanzhang"), begun())
    clock.advance(timedelta(minutes=15))
    assert actions.warn_late(clock.now()) == 1
    assert not Message.objects.filter(purpose="roster").exists()
