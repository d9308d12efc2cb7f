"""Writing to the outbox: a plain insert in the caller's transaction, and no NOTIFY."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from shanzhi.core.kit.ids import uuid7

_INSERT = """
INSERT INTO outbox_outboxrow (id, area, topic, subject_id, event, payload, at) VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


def publish(
    *, area: str, topic: str, subject_id: UUID, event: str, payload: dict[str, Any], at: datetime
) -> None:
    """Say that something happened (发件箱). It is seen by others when, and only when, the caller commits."""
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [uuid7(), area, topic, subject_id, event, json.dumps(payload), at])
