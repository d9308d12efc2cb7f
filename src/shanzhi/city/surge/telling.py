"""Telling people where they are posted (下沉通知): one message each to the telephone that their unit gave for this.

The text holds where, when and the first task, and neither name nor number. Without a text-message channel, or without
a mobile number, nobody is told by the program: the list says so, and somebody calls.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.messaging import actions as messaging
from shanzhi.base.messaging import channels
from shanzhi.base.messaging import queries as messages
from shanzhi.city.places import queries as places
from shanzhi.city.places.levels import Level
from shanzhi.city.surge.flow import ASSIGNED, OPEN
from shanzhi.city.surge.models import Posting

KIND = "surge"
CHANNELS = ("sms", "cmpp")
MOBILE = re.compile(r"1\d{10}")


@dataclass(frozen=True)
class Told:
    """What became of telling somebody: a code, in words, and whether somebody should call instead."""

    code: str
    zh: str
    en: str
    call: bool = False


TOLD = {
    one.code: one
    for one in (
        Told("queued", "短信待发送", "Text message waits"),
        Told("sending", "短信发送中", "Text message on its way"),
        Told("sent", "短信已发送", "Text message sent"),
        Told("delivered", "短信已送达", "Text message delivered"),
        Told("failed", "短信未送达，请电话通知", "Text message failed: please call", call=True),
        Told("cancelled", "短信未发送，请电话通知", "Text message not sent: please call", call=True),
        Told("none", "未发短信，请电话通知", "No text message: please call", call=True),
    )
}


def channel() -> str:
    """The channel for text messages that this city has configured; "" without one."""
    return next((code for code in CHANNELS if code in channels.registered()), "")


def text_of(posting: Posting, where: str) -> str:
    """What somebody is told: where, from when until when, the first task."""
    compound = posting.need.compound.name if posting.need.compound else ""
    last = posting.to_on - timedelta(days=1)
    return (
        f"【干部下沉】您已分派到{where}{compound}，{posting.from_on:%Y-%m-%d}至{last:%Y-%m-%d}。"
        f"首个任务：{posting.need.task}。请按时报到。"
    )


def tell(posting_ids: Sequence[UUID], at: datetime) -> int:
    """Queue a message to those just posted who are still there and have a mobile number; how many.

    Only the worker knows the channels, so this is its job. Called twice, it tells once.
    """
    code = channel()
    rows = Posting.objects.filter(id__in=list(posting_ids), ended_at=None, offer__state__in=OPEN)
    postings = list(rows.select_related("offer", "need__compound").order_by("id")) if code else []
    where = _where({posting.place_id for posting in postings}, at)
    wanted = []
    for posting in postings:
        phone = (posting.offer.phone or "").replace("-", "").replace(" ", "")
        if not MOBILE.fullmatch(phone):
            continue
        text = text_of(posting, where.get(posting.place_id, ""))
        # A task may name the very number that it goes to; a message never holds its own address.
        text = text.replace(phone, "…").replace(posting.offer.phone or phone, "…")
        wanted.append(
            messaging.Wanted(
                area=posting.area, recipient_kind="surge_offer", recipient_id=posting.offer_id, channel=code,
                subject_id=posting.id, topic=f"{KIND}/{posting.need_id}", purpose=KIND, text=text,
                link=settings.SHANZHI_PUBLIC_URL, address=phone,
            )
        )  # fmt: skip
    return messaging.queue(wanted, at)


def stop(posting: Posting) -> None:
    """What waits to be sent about a posting that is over is not sent."""
    messaging.cancel(posting.area, [posting.id], "posting-over")


def told(postings: Iterable[Posting]) -> dict[UUID, Told]:
    """Posting id -> what became of telling; only of people who have not reported in: the others know."""
    waiting = [one for one in postings if one.ended_at is None and one.offer.state == ASSIGNED]
    states = messages.states_of({one.area for one in waiting}, [one.id for one in waiting])
    return {one.id: TOLD[states.get(one.id, "none")] for one in waiting}


def _where(place_ids: Iterable[UUID], at: datetime) -> dict[UUID, str]:
    """Place id -> street office and community in one word."""
    on, found = localdate(at), {}
    for place_id in place_ids:
        above = [node.name for node in places.ancestors(place_id, on) if node.level == Level.STREET]
        found[place_id] = "".join([*above, places.node(place_id, on).name])
    return found
