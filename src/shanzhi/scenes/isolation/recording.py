"""Writing what happened: the sealed event without text, the text beside it, news to the desks, word to the person."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from shanzhi.base.access import Actor
from shanzhi.base.messaging import actions as messaging
from shanzhi.base.messaging import channels
from shanzhi.base.outbox import actions as outbox
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.scenes.isolation import packs, queries
from shanzhi.scenes.isolation.flow import Subject
from shanzhi.scenes.isolation.models import Isolation, IsolationEvent, Note

TOPIC = "isolation"
_PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}|\d{5}")
TOLD_ZH = "社区给您的页面有更新，请打开链接查看。"
ASKED_ZH = "请在今天的时段内打开链接，填写一次健康情况。"


def event(
    isolation: Isolation,
    verb: str,
    actor: Actor,
    at: datetime,
    *,
    subject: Any = Subject.ISOLATION,
    subject_id: UUID | None = None,
    source: str = "",
    target: str = "",
    text: str = "",
) -> IsolationEvent:
    """Append an event; `text` goes into a note of its own, encrypted, which is deleted with the person."""
    made = IsolationEvent.objects.create(
        area=isolation.area, isolation_id=isolation.id, subject=subject, subject_id=subject_id or isolation.id,
        verb=verb, from_state=source, to_state=target, actor_id=actor.account_id, actor_name=actor.name[:60], at=at,
    )  # fmt: skip
    if text:
        Note.objects.create(area=isolation.area, isolation=isolation, event_id=made.id, text=text, at=at)
    payload: dict[str, Any] = {"what": subject.value}
    outbox.publish([outbox.News(isolation.area, TOPIC, isolation.id, verb, payload, at)])
    return made


def tell(isolation: Isolation, subject_id: UUID, at: datetime, text: str = TOLD_ZH) -> int:
    """Send the link of their page to whoever asked for it, if the channel is there; nothing of health in it."""
    wanted = message(isolation, subject_id, text)
    return messaging.queue([wanted], at) if wanted else 0


def message(isolation: Isolation, subject_id: UUID, text: str) -> messaging.Wanted | None:
    """The message, or None for whoever did not agree, has no telephone, or where the channel is not configured."""
    channel = packs.care().channel
    if not (isolation.may_message and isolation.phone):
        return None
    if not isolation.is_drill and channel not in channels.registered():
        return None
    return messaging.Wanted(
        area=isolation.area, recipient_kind="isolation", recipient_id=isolation.id, channel=channel,
        subject_id=subject_id, topic=f"isolation/{isolation.id}", purpose="isolation", text=text,
        link=queries.link_of(isolation), address=isolation.phone, drill=isolation.is_drill,
    )  # fmt: skip


def phone_of(value: str, field: str, *, needed: bool = True) -> str:
    """A telephone number as typed, checked. Raises InvalidInput naming the field."""
    plain = re.sub(r"[\s()]", "", value)
    if (needed or plain) and not _PHONE.fullmatch(plain):
        raise InvalidInput(
            field=field, reason_zh="请填写有效的电话号码。", reason_en="Give a valid telephone number."
        )
    return plain
