"""The rungs that go through outside channels (外部通道): a message to each silent person who has an address there.

What goes out holds one plain sentence and no personal data. Provider's receipts and people's replies come back as
receipts of the order.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.db import connection

from shanzhi.base.messaging import actions as messaging
from shanzhi.base.messaging import channels
from shanzhi.city.people import contacts
from shanzhi.work.orders import noting
from shanzhi.work.orders.flow import Answer, Standing
from shanzhi.work.orders.models import Order, Recipient, Rung

KIND = "order"
# What a message says after the order's own sentence, by channel: a reply or a key acknowledges.
_ASKS = {"voice": "收到请按1。"}
_ASK = "收到请回复1。"
YES = {"1", "收到"}
_PENDING = "('queued', 'sending')"
_ANSWERED = """
SELECT r.area, array_agg(r.id) FROM orders_recipient r
WHERE r.order_id = %s AND (r.acknowledged_at IS NOT NULL OR r.cannot_at IS NOT NULL)
  AND EXISTS (SELECT 1 FROM messaging_message m WHERE m.area = r.area AND m.subject_id = r.id AND m.topic = %s
    AND m.state IN ('queued', 'sending'))
GROUP BY r.area
"""


def topic_of(order_id: UUID) -> str:
    """The topic of an order's messages."""
    return f"{KIND}/{order_id}"


def text_of(order: Order, channel: str) -> str:
    """What is sent: the sign, whether it is a drill, the first sentence, how to answer."""
    drill = "【演练】" if order.is_drill else ""
    return f"{drill}{order.number} {order.sentence}{_ASKS.get(channel, _ASK)}"[:500]


def queue(order: Order, rung: Rung, at: datetime) -> int:
    """Queue a message to everybody who is silent and has an address there; how many.

    They are due one after another, `per_second` of them in each second. Nobody, when the channel is not configured.
    """
    if not order.is_drill and rung.channel not in channels.registered():
        return 0
    silent = list(
        Recipient.objects.filter(
            order=order, standing=Standing.OWN, acknowledged_at=None, cannot_at=None
        ).values_list("area", "id", "account_id")
    )
    known = contacts.addresses(contacts.kind_of(rung.channel), [account for _, _, account in silent])
    text = text_of(order, rung.channel)
    wanted: list[messaging.Wanted] = []
    for area, recipient_id, account_id in silent:
        if (address := known.get(account_id)) is None:
            continue
        later = timedelta(seconds=len(wanted) / rung.per_second) if rung.per_second else timedelta()
        wanted.append(
            messaging.Wanted(
                area=area,
                recipient_kind="account",
                recipient_id=account_id,
                channel=rung.channel,
                subject_id=recipient_id,
                topic=topic_of(order.id),
                purpose="order",
                text=text,
                link=settings.SHANZHI_PUBLIC_URL,
                address=address,
                round=rung.position,
                drill=order.is_drill,
                due_at=at + later,
            )  # fmt: skip
        )
    return messaging.queue(wanted, at)


def cancel_answered(order: Order, at: datetime) -> int:
    """Cancel what waits for people who have answered since; how many messages."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERED, [order.id, topic_of(order.id)])
        rows = cursor.fetchall()
    return sum(messaging.cancel(area, ids, "answered") for area, ids in rows)


def waiting(order: Order, rung: Rung) -> int:
    """How many messages of a rung are not out yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM messaging_message WHERE topic = %s AND round = %s AND state IN {_PENDING}",
            [topic_of(order.id), rung.position],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def cancel(order: Order, at: datetime, position: int | None = None) -> int:
    """Cancel what waits to be sent for an order, or for one of its rungs; how many messages."""
    if position is None:
        return messaging.cancel_topic(topic_of(order.id), "order-over")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT area, array_agg(subject_id) FROM messaging_message "
            f"WHERE topic = %s AND round = %s AND state IN {_PENDING} GROUP BY area",
            [topic_of(order.id), position],
        )
        rows = cursor.fetchall()
    return sum(messaging.cancel(area, ids, "rung-stopped") for area, ids in rows)


def delivered(changes: Sequence[channels.Changed]) -> None:
    """A provider's word that a message arrived is a receipt of the order."""
    noting.note(
        [
            noting.Noted(
                uuid5(NAMESPACE_URL, f"message/{one.message_id}"),
                one.area,
                one.subject_id,
                str(Answer.DELIVERED),
                one.at,
            )
            for one in changes
            if one.state == "delivered"
        ]
    )


def replied(replies: Sequence[channels.Replied]) -> None:
    """A reply of 1 or 收到, or the key 1, acknowledges."""
    noting.note(
        [
            noting.Noted(
                uuid5(NAMESPACE_URL, f"reply/{one.channel}/{one.subject_id}/{one.at.isoformat()}"), one.area,
                one.subject_id, str(Answer.ACKNOWLEDGED), one.at,
            )
            for one in replies
            if one.text.strip() in YES
        ]
    )  # fmt: skip


def listen() -> None:
    """Hear of what becomes of the messages of orders."""
    channels.listen(KIND, on_state=delivered, on_reply=replied)
