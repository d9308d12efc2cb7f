"""The full text of an order for one of those who get it (指令全文): what a phone pulls after it heard of it.

Read in sets: many phones pull the same order in the same seconds. The text is the order's, the same for everybody;
who may read it is looked up each time.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

_OWN = """
SELECT g.n, r.area, r.id, r.state, r.standing, o.id
FROM unnest(%s::int[], %s::uuid[], %s::uuid[]) AS g (n, account_id, order_id)
JOIN orders_recipient r ON r.account_id = g.account_id AND r.order_id = g.order_id
JOIN orders_order o ON o.id = r.order_id AND o.issued_at IS NOT NULL
"""
_TEXTS = """
SELECT id, number, title, sentence, body, is_drill, state, answers, asks, until_at, issued_at
FROM orders_order WHERE id = ANY(%s::uuid[])
"""


def own(cursor: Any, wanted: Sequence[tuple[UUID, UUID]]) -> list[list[dict[str, Any]]]:
    """For each pair of account and order: the rows through which the account gets it; none when it does not.

    `cursor` is one of psycopg. Each row has `area` and `recipient`, which an answer names, and the order whole.
    """
    cursor.execute(
        _OWN,
        [list(range(len(wanted))), [account for account, _ in wanted], [order for _, order in wanted]],
    )
    rows = cursor.fetchall()
    cursor.execute(_TEXTS, [list({row[5] for row in rows})])
    texts = {
        order: {
            "order": order, "number": number, "title": title, "sentence": sentence, "body": body,
            "is_drill": is_drill, "state": state, "answers": answers, "asks": asks, "until_at": until_at,
            "issued_at": issued_at,
        }
        for order, number, title, sentence, body, is_drill, state, answers, asks, until_at, issued_at in (
            cursor.fetchall()
        )
    }  # fmt: skip
    found: list[list[dict[str, Any]]] = [[] for _ in wanted]
    for n, area, recipient, reach, standing, order in rows:
        found[n].append(
            {"area": area, "recipient": recipient, "reach": reach, "standing": standing} | texts[order]
        )
    return found
