"""The full text of an order for one of those who get it (指令全文): what a phone pulls after it heard of it.

Read in sets: many phones pull the same order in the same seconds. The text is the order's, the same for everybody;
who may read it is looked up each time.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shanzhi.work.orders import packs

_OWN = """
SELECT g.n, r.area, r.id, r.state, r.standing, o.id
FROM unnest(%s::int[], %s::uuid[], %s::uuid[]) AS g (n, account_id, order_id)
JOIN orders_recipient r ON r.account_id = g.account_id AND r.order_id = g.order_id
JOIN orders_order o ON o.id = r.order_id AND o.issued_at IS NOT NULL
"""
_TEXTS = """
SELECT o.id, o.number, o.title, o.sentence, o.body, o.is_drill, o.state, o.answers, o.asks, o.until_at, o.issued_at,
  o.household_rule, ARRAY(SELECT c.name FROM compounds_compound c WHERE c.id = ANY(o.compound_ids)
    ORDER BY c.pinyin, c.id)
FROM orders_order o WHERE o.id = ANY(%s::uuid[])
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
    texts = {row[0]: _text(row) for row in cursor.fetchall()}
    found: list[list[dict[str, Any]]] = [[] for _ in wanted]
    for n, area, recipient, reach, standing, order in rows:
        found[n].append(
            {"area": area, "recipient": recipient, "reach": reach, "standing": standing} | texts[order]
        )
    return found


_NAMES = (
    "order",
    "number",
    "title",
    "sentence",
    "body",
    "is_drill",
    "state",
    "answers",
    "asks",
    "until_at",
    "issued_at",
)


def _text(row: Sequence[Any]) -> dict[str, Any]:
    *plain, code, compounds = row
    rule = packs.household_rules().get(code)
    about = {"code": code, "zh": rule.zh if rule else code, "en": rule.en if rule else code}
    return dict(zip(_NAMES, plain, strict=True)) | {"household_rule": about, "compounds": compounds}
