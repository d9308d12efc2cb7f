"""Reading messages: counts that add up, and what is missing. Whoever asks has checked who may see the subject."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count

from shanzhi.base.messaging.channels import Letter
from shanzhi.base.messaging.models import Message, Reply

OVERDUE_SECONDS = 120

_WANTED = """
SELECT m.id FROM messaging_message m
JOIN unnest(%s::text[], %s::uuid[], %s::int[]) AS given (area, id, number) ON m.area = given.area AND m.id = given.id
WHERE m.state = 'sending' AND m.attempts = given.number
"""
_DUE = "SELECT EXISTS (SELECT 1 FROM messaging_message WHERE via = %s AND next_at <= %s)"
_AWAITING = """
SELECT a.provider_id FROM messaging_message m
JOIN messaging_attempt a ON a.area = m.area AND a.message_id = m.id AND a.channel = m.via AND a.provider_id <> ''
WHERE m.via = %s AND m.state = 'sent' AND m.sent_at > %s ORDER BY m.sent_at, a.id LIMIT %s
"""
_MISSING = """
SELECT via, state, count(*), min(next_at) FROM messaging_message
WHERE next_at <= %s GROUP BY via, state ORDER BY via, state
"""


@dataclass(frozen=True)
class Counts:
    """How many messages stand where. Every message is in exactly one of these."""

    queued: int = 0
    sending: int = 0
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def pending(self) -> int:
        """Neither delivered nor failed yet, and not cancelled."""
        return self.queued + self.sending + self.sent

    @property
    def total(self) -> int:
        """All: delivered + failed + pending + cancelled."""
        return self.delivered + self.failed + self.pending + self.cancelled


def counts(topic: str) -> dict[str, Counts]:
    """The counts of a topic by channel (对账)."""
    return _counted(Message.objects.filter(topic=topic))


def counts_of(area: str, subject_ids: Iterable[UUID]) -> dict[str, Counts]:
    """The counts of some subjects of an area by channel (对账)."""
    return _counted(Message.objects.filter(area=area, subject_id__in=list(subject_ids)))


def _counted(rows: "object") -> dict[str, Counts]:
    found: dict[str, dict[str, int]] = {}
    grouped = rows.values_list("channel", "state").annotate(n=Count("id"))  # type: ignore[attr-defined]
    for channel, state, number in grouped.order_by("channel", "state"):
        found.setdefault(channel, {})[state] = number
    return {channel: Counts(**states) for channel, states in found.items()}


def states_of(areas: Iterable[str], subject_ids: Iterable[UUID], after: int = 0) -> dict[UUID, str]:
    """Subject id -> the state of its newest message after that round; subjects without one are left out."""
    rows = Message.objects.filter(area__in=list(areas), subject_id__in=list(subject_ids), round__gt=after)
    return dict(rows.order_by("created_at", "id").values_list("subject_id", "state"))


@dataclass(frozen=True)
class Round:
    """One of the messages about a subject: through which channel, the how manieth, and where it stands."""

    channel: str
    round: int
    state: str


def rounds(area: str, subject_id: UUID) -> list[Round]:
    """The messages about a subject, the last round at the end."""
    rows = Message.objects.filter(area=area, subject_id=subject_id)
    return [Round(*row) for row in rows.order_by("round", "id").values_list("channel", "round", "state")]


def without_message(area: str, subject_ids: Sequence[UUID], channel: str, round: int = 1) -> set[UUID]:
    """Those of the subjects that should have a message and have none: rows that went missing (漏发)."""
    rows = Message.objects.filter(area=area, channel=channel, round=round, subject_id__in=list(subject_ids))
    return set(subject_ids) - set(rows.values_list("subject_id", flat=True))


@dataclass(frozen=True)
class Missing:
    """Messages that should have gone on and did not: no sender, a dead one, or a channel not configured."""

    via: str
    state: str  # queued: nobody took them; sending: their lease ran out
    count: int
    oldest_at: datetime


def missing(now: datetime, overdue_seconds: float = OVERDUE_SECONDS) -> list[Missing]:
    """What has been due, or out of lease, for longer than `overdue_seconds`, by channel."""
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, [now - timedelta(seconds=overdue_seconds)])
        return [Missing(*row) for row in cursor.fetchall()]


def still_wanted(letters: Sequence[Letter]) -> set[UUID]:
    """Those letters that are still to be sent: not cancelled since, and not on somebody else's lease."""
    columns = [[one.area for one in letters], [one.id for one in letters], [one.number for one in letters]]
    with connection.cursor() as cursor:
        cursor.execute(_WANTED, columns)
        return {row[0] for row in cursor.fetchall()}


def is_due(via: str, now: datetime) -> bool:
    """Whether the channel has anything to carry at `now`."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [via, now])
        return bool(cursor.fetchone()[0])


def awaiting(via: str, since: datetime, limit: int = 1000) -> list[str]:
    """The provider's ids of messages sent after `since` whose receipt is still out, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_AWAITING, [via, since, limit])
        return [row[0] for row in cursor.fetchall()]


def replies_to(subject_id: UUID) -> list[Reply]:
    """What was answered about a subject, oldest first; texts that were erased are empty."""
    return list(Reply.objects.filter(subject_id=subject_id).order_by("at", "id"))
