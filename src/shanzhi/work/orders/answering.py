"""What people answered to the questions of an order (回复汇总): sums, shares of choices, the newest texts. No names.

The newest answer of a person counts. Whoever may see an order sees the part of it that lies in their places.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.timezone import localdate

from shanzhi.city.places import queries as places
from shanzhi.work.orders.models import Order

MOST_TEXTS = 50
_GIVEN = """
SELECT DISTINCT ON (s.area, s.recipient_id) s.answers, s.at FROM orders_said s
JOIN orders_recipient r ON r.area = s.area AND r.id = s.recipient_id
WHERE r.order_id = %(order)s AND s.answers IS NOT NULL AND {inside}
ORDER BY s.area, s.recipient_id, s.at DESC, s.id DESC
"""
_TOTALS = """
SELECT a.key, count(*), sum(CASE WHEN a.value ~ '^-?[0-9]{{1,9}}([.][0-9]{{1,3}})?$' THEN a.value::numeric END)
FROM ({given}) g CROSS JOIN LATERAL jsonb_each_text(g.answers) a GROUP BY a.key
"""
_CHOICES = """
SELECT a.key, a.value, count(*)
FROM ({given}) g CROSS JOIN LATERAL jsonb_each_text(g.answers) a
WHERE a.key = ANY(%(choices)s) GROUP BY a.key, a.value ORDER BY count(*) DESC, a.value LIMIT 200
"""
_TEXTS = """
SELECT key, value FROM (
  SELECT a.key, a.value, row_number() OVER (PARTITION BY a.key ORDER BY g.at DESC) AS n
  FROM ({given}) g CROSS JOIN LATERAL jsonb_each_text(g.answers) a WHERE a.key = ANY(%(texts)s) AND a.value <> ''
) newest WHERE n <= %(most)s ORDER BY key, n
"""


@dataclass
class Answered:
    """The answers to one question: how many, the sum of numbers, how often each choice, the newest texts."""

    code: str
    kind: str
    zh: str
    en: str
    count: int = 0
    total: Decimal | None = None
    choices: list[tuple[str, int]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def answered(order: Order, scope: list[UUID] | None) -> list[Answered]:
    """The answers so far to each question of an order, in their order."""
    found = {ask["code"]: Answered(ask["code"], ask["kind"], ask["zh"], ask["en"]) for ask in order.asks}
    if not found:
        return []
    inside = "TRUE"
    if scope is not None:
        inside = f"r.place_id IN ({places.BELOW_SQL.replace('%s', '%({})s')})".format("tops", "on", "on")
    given: dict[str, Any] = {
        "order": order.id, "tops": scope, "on": localdate(order.issued_at or order.drafted_at), "most": MOST_TEXTS,
        "choices": [code for code, one in found.items() if one.kind == "choice"],
        "texts": [code for code, one in found.items() if one.kind == "text"],
    }  # fmt: skip
    own = _GIVEN.format(inside=inside)
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS.format(given=own), given)
        for code, count, total in cursor.fetchall():
            if code in found:
                found[code].count = count
                found[code].total = total if found[code].kind == "number" else None
        cursor.execute(_CHOICES.format(given=own), given)
        for code, value, count in cursor.fetchall():
            found[code].choices.append((value, count))
        cursor.execute(_TEXTS.format(given=own), given)
        for code, value in cursor.fetchall():
            found[code].texts.append(value)
    return list(found.values())
