"""Receipts that no phone sent (代记回执): a provider's word of arrival, a reply by SMS, a key in a call."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

_NOTE = """
INSERT INTO orders_receipt (id, area, recipient_id, answer, happened_at, received_at, hash)
SELECT g.id, g.area, g.recipient_id, g.answer, g.at, g.at, g.hash
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::timestamptz[], %s::bytea[])
  AS g (id, area, recipient_id, answer, at, hash)
JOIN orders_recipient r ON r.area = g.area AND r.id = g.recipient_id
ORDER BY g.id ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Noted:
    """What is known of a recipient from elsewhere; the same `id` again is the same receipt."""

    id: UUID
    area: str
    recipient_id: UUID
    answer: str
    at: datetime


def note(noted: Sequence[Noted]) -> int:
    """Append them, each once, in the caller's transaction; how many are new."""
    if not noted:
        return 0
    columns = zip(
        *(
            (one.id, one.area, one.recipient_id, one.answer, one.at,
             hashlib.sha256(f"{one.recipient_id} {one.answer} {one.at.isoformat()}".encode()).digest())
            for one in noted
        ),
        strict=True,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [list(column) for column in columns])
        return int(cursor.rowcount)
