"""Writing to the outbox: a plain insert in the caller's transaction, and no NOTIFY."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from shanzhi.core.kit.ids import uuid7

_INSERT = """
INSERT INTO outbox_outboxrow (id, area, topic, subject_id, event, payload, at)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::uuid[], %s::text[], %s::jsonb[], %s::timestamptz[])
"""


@dataclass(frozen=True)
class News:
    """Something that happened."""

    area: str
    topic: str
    subject_id: UUID
    event: str
    payload: dict[str, Any]
    at: datetime


def publish(news: Sequence[News]) -> None:
    """Say what happened (发件箱), in order. It is seen by others when, and only when, the caller commits."""
    if not news:
        return
    columns = zip(
        *[(uuid7(), n.area, n.topic, n.subject_id, n.event, json.dumps(n.payload), n.at) for n in news],
        strict=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [list(column) for column in columns])
