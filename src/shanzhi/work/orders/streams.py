"""What the push processes read of orders: those issued since a number, and who gets each. They read nothing else."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

TOPIC, ISSUED = "orders", "issued"
KEY_BYTES = 16

_NEWEST = "SELECT coalesce(max(number), 0) FROM outbox_outboxrow WHERE number IS NOT NULL"
_SINCE = """
SELECT number, event, subject_id, payload FROM outbox_outboxrow
WHERE number > %s AND number <= %s AND topic = 'orders' ORDER BY number
"""
# 149,000 ids as some 20 values of bytes, not as as many objects: 8 processes read them at the same moment.
_AUDIENCE = """
SELECT string_agg(uuid_send(account_id), ''::bytea)
FROM (
  SELECT account_id, row_number() OVER () / 8192 AS part FROM orders_recipient WHERE order_id = %s
) recipient GROUP BY part
"""


@dataclass(frozen=True)
class Told:
    """A line of the outbox about an order."""

    number: int
    event: str
    order_id: UUID
    payload: dict[str, Any]


async def newest(connection: Any) -> int:
    """The highest number of the outbox, 0 before the first. `connection` is psycopg's asynchronous one."""
    found = await (await connection.execute(_NEWEST)).fetchone()
    return int(found[0])


async def since(connection: Any, number: int, until: int) -> list[Told]:
    """What happened to orders after `number`, up to `until`, in order."""
    return [Told(*row) for row in await (await connection.execute(_SINCE, [number, until])).fetchall()]


async def audience(connection: Any, order_id: UUID) -> AsyncIterator[bytes]:
    """The accounts that get an order, in chunks of ids of `KEY_BYTES` bytes each."""
    cursor = await connection.execute(_AUDIENCE, [order_id])
    for row in await cursor.fetchall():
        yield row[0]
