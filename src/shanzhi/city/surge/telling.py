"""Telling people where they are posted (下沉通知): a message each to the telephone that their unit gave for this.

The text holds where, when and the first task, and neither name nor number. Without a text-message channel, or without
a mobile number, nobody is told by the program: the list says so, and somebody calls. Whoever was told where to go is
told too when that is over: relieved, or sent home (轮换、返回). The number stands encrypted in the message and ends
with every other message's: the holding "messages" covers it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.messaging import actions as messaging
from shanzhi.base.messaging import channels
from shanzhi.base.messaging import queries as messages
from shanzhi.city.places import queries as places
from shanzhi.city.places.levels import Level
from shanzhi.city.surge.flow import ASSIGNED, OPEN, RELIEVED
from shanzhi.city.surge.models import Offer, Posting

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
ENDED = {
    one.code: Told(one.code, f"结束通知：{one.zh}", f"On the end: {one.en}", one.call)
    for one in TOLD.values()
}
# What nobody has seen: it waits, or was stopped while it waited.
_UNSEEN = frozenset({"queued", "cancelled"})


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


def end_text_of(posting: Posting, where: str, source: str, target: str) -> str:
    """What somebody is told when it is over: whether to leave or not to come, and what next."""
    place = where + (posting.need.compound.name if posting.need.compound else "")
    if source == ASSIGNED:
        what = f"您到{place}的分派已取消，无需前往。"
    elif source in OPEN:
        what = f"您在{place}的任务已结束，可以离岗。"
    else:
        what = "您的下沉任务已结束。"
    return f"【干部下沉】{what}{'请等候下一次安排。' if target == RELIEVED else '请返回原单位。'}"


def tell(posting_ids: Sequence[UUID], at: datetime) -> int:
    """Queue a message to those just posted who are still there and have a mobile number; how many.

    Only the worker knows the channels, so this is its job. Called twice, it tells once. The postings are locked: who
    ends one waits for the message, and then stops it.
    """
    code = channel()
    if not code:
        return 0
    ids, wanted = list(posting_ids), []
    with transaction.atomic():
        for area in sorted(set(Posting.objects.filter(id__in=ids).values_list("area", flat=True))):
            list(
                Posting.objects.select_for_update()
                .filter(area=area, id__in=ids, ended_at=None)
                .order_by("id")
            )
        rows = Posting.objects.filter(id__in=ids, ended_at=None, offer__state__in=OPEN)
        postings = list(rows.select_related("offer", "need__compound").order_by("id"))
        where = _where({posting.place_id for posting in postings}, at)
        for posting in postings:
            text = text_of(posting, where.get(posting.place_id, ""))
            wanted += _wanted(posting, posting.offer, code, 1, text)
        return messaging.queue(wanted, at)


def _wanted(
    posting: Posting, offer: Offer, code: str, round: int, text: str, due_at: datetime | None = None
) -> list[messaging.Wanted]:
    """The message, or none where there is no mobile number."""
    phone = (offer.phone or "").replace("-", "").replace(" ", "")
    if not MOBILE.fullmatch(phone):
        return []
    # A task may name the very number that it goes to; a message never holds its own address.
    text = text.replace(phone, "…").replace(offer.phone or phone, "…")
    return [
        messaging.Wanted(
            area=posting.area, recipient_kind="surge_offer", recipient_id=offer.id, channel=code,
            subject_id=posting.id, topic=f"{KIND}/{posting.need_id}", purpose=KIND, text=text,
            link=settings.SHANZHI_PUBLIC_URL, address=phone, round=round, due_at=due_at,
        )
    ]  # fmt: skip


def tell_end(
    posting: Posting, offer: Offer, source: str, target: str, at: datetime, due_at: datetime | None = None
) -> int:
    """Stop what waits to be sent about a posting that is over, and tell whoever heard of it before; how many.

    In the transaction of the step, before the telephone is erased. It goes through the channel of the first message;
    who never was told anything need not be told that it is over.
    """
    earlier = messages.rounds(posting.area, posting.id)
    messaging.cancel(posting.area, [posting.id], "posting-over")
    heard = posting.reported_at is not None or any(one.state not in _UNSEEN for one in earlier)
    if not earlier or not heard:
        return 0
    # A posting that goes on follows a change of the tree; one that ended before may stand at a place that is no more.
    where = _where({posting.place_id}, at)[posting.place_id] if source in OPEN else ""
    text = end_text_of(posting, where, source, target)
    return messaging.queue(
        _wanted(posting, offer, earlier[-1].channel, earlier[-1].round + 1, text, due_at), at
    )


def told(postings: Iterable[Posting]) -> dict[UUID, Told]:
    """Posting id -> what became of telling.

    At a posting only of people who have not reported in, the others know; of one that is over, if it was told.
    """
    listed = list(postings)
    waiting = [one for one in listed if one.ended_at is None and one.offer.state == ASSIGNED]
    over = [one for one in listed if one.ended_at is not None]
    states = messages.states_of({one.area for one in waiting}, [one.id for one in waiting])
    ends = messages.states_of({one.area for one in over}, [one.id for one in over], after=1)
    return {one.id: TOLD[states.get(one.id, "none")] for one in waiting} | {
        subject: ENDED[state] for subject, state in ends.items()
    }


def _where(place_ids: Iterable[UUID], at: datetime) -> dict[UUID, str]:
    """Place id -> street office and community in one word."""
    on, found = localdate(at), {}
    for place_id in place_ids:
        above = [node.name for node in places.ancestors(place_id, on) if node.level == Level.STREET]
        found[place_id] = "".join([*above, places.node(place_id, on).name])
    return found
