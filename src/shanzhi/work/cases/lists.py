"""Queues: the lists that somebody works through, their pages and their counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import (
    CASE_ARBITRATE,
    CASE_FOLLOW_ON,
    CASE_HANDLE,
    CASE_REOPEN,
    CASE_SUPERVISE,
    CASE_SUPPORT,
    CASE_VIEW,
)
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.paging import decode_cursor, encode_cursor
from shanzhi.work.cases.flow import CLOSED_LOOP, OPEN_STATES, request_step
from shanzhi.work.cases.limits import roads
from shanzhi.work.cases.reach import Sql, grounds, scope
from shanzhi.work.cases.roads import ASKED

_OPEN = ", ".join(f"'{code}'" for code in OPEN_STATES)
CLOSED_DAYS = 7
UNSOLVED_DAYS = 30
# States that are nobody's work: they end by themselves.
_RESTING = frozenset({"suspended", "merged"})
_ASKED = (
    "(c.area, c.id) IN (SELECT r.area, r.case_id FROM cases_caserequest r WHERE r.state = 'pending' AND {})"
)


@dataclass(frozen=True)
class Queue:
    """A list that somebody works through.

    `capabilities`: whoever has one of them has work there; others see it as a view when it is for CASE_VIEW.
    `by_state`: counted with all states in one statement.
    """

    code: str
    zh: str
    en: str
    where: str
    capabilities: tuple[str, ...] = (CASE_VIEW,)
    closed: bool = False
    by_state: bool = False

    @property
    def is_work(self) -> bool:
        return CASE_VIEW not in self.capabilities


def _usual(state: str) -> str:
    """Who works on what stands in a state: whoever may take its first edge that is not the program's own."""
    edges = CLOSED_LOOP.edges_from(state)
    return next(edge.capability for edge in edges if edge.capability != CASE_FOLLOW_ON)


def _state_queues() -> list[Queue]:
    """One for each open state; the work of whoever may take its first, usual edge."""
    return [
        Queue(
            state.code, state.zh, state.en, f"c.state = '{state.code}'",
            (CASE_VIEW,) if state.code in _RESTING else (_usual(state.code),),
            by_state=True,
        )
        for state in CLOSED_LOOP.states
        if not state.final
    ]  # fmt: skip


def _deciding() -> dict[str, str]:
    """Which turn of a request (kind and consents so far) waits for which capability."""
    found = {}
    for edge in CLOSED_LOOP.edges:
        verb, kind = request_step(edge)
        if verb in ("endorse", "approve"):
            consents = 0 if verb == "endorse" else ASKED[kind].consents - 1
            ruled = "ruled" if edge.capability == CASE_ARBITRATE and kind == "return" else ""
            found[f"{kind}{consents}{ruled}"] = edge.capability
    return found


_DECIDING = _deciding()
_TURN = (
    "r.kind || r.consents || CASE WHEN r.kind = 'return' AND c.refused_returns >= %(refusals)s THEN 'ruled' "
    "ELSE '' END = ANY(%(turns)s)"
)

QUEUES: dict[str, Queue] = {
    queue.code: queue
    for queue in [
        Queue("approvals", "待审批", "to approve", _ASKED.format(_TURN), tuple(set(_DECIDING.values()))),
        Queue(
            "answers", "待答复", "to answer", _ASKED.format("r.kind IN ('urge', 'supervise')"), (CASE_HANDLE,)
        ),
        *_state_queues(),
        Queue(
            "supports", "待协办", "to support",
            "(c.area, c.id) IN (SELECT s.area, s.case_id FROM cases_casesupport s WHERE s.done_at IS NULL "
            "AND s.released_at IS NULL AND s.unit_id = ANY(%(units)s))",
            (CASE_SUPPORT,),
        ),
        Queue(
            "mine", "交我办理", "forwarded to me", f"c.state IN ({_OPEN}) AND c.assignee_id = %(account)s",
            (CASE_HANDLE,),
        ),
        Queue(
            "unsolved", "评价未解决", "rated not solved",
            "c.closed_at > %(unsolved_after)s AND c.state = 'rated' AND NOT (SELECT r.solved FROM cases_rating r "
            "WHERE r.area = c.area AND r.case_id = c.id ORDER BY r.sequence DESC LIMIT 1)",
            (CASE_REOPEN,), closed=True,
        ),
        Queue(
            "supervised", "督办中", "supervised", _ASKED.format("r.kind = 'supervise'"), (CASE_SUPERVISE,)
        ),
        Queue(
            "due_soon", "临期", "due soon",
            f"c.state IN ({_OPEN}) AND c.warn_at <= %(now)s AND c.due_at > %(now)s", by_state=True,
        ),
        Queue(
            "overdue", "超期", "overdue", f"c.state IN ({_OPEN}) AND c.due_at <= %(now)s", by_state=True
        ),
        Queue("open", "全部在办", "all open", f"c.state IN ({_OPEN})", by_state=True),
        Queue(
            "closed", f"近 {CLOSED_DAYS} 日办结", f"ended in {CLOSED_DAYS} days",
            "c.closed_at > %(closed_after)s", closed=True,
        ),
    ]
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One line of a list."""

    area: str
    id: UUID
    number: str
    state: str
    version: int
    kind_zh: str
    kind_en: str
    place_name: str
    address: str
    text: str
    clock_name: str
    due_at: datetime | None
    warn_at: datetime | None
    received_at: datetime
    closed_at: datetime | None
    closing_rule: str
    unit_name: str
    open_requests: int


@dataclass(frozen=True)
class Page:
    """One page of rows; `next_cursor` is "" on the last."""

    items: list[Row]
    next_cursor: str


def _queue(code: str) -> Queue:
    found = QUEUES.get(code)
    if found is None:
        raise InvalidInput(field="queue", reason_zh="没有这个队列。", reason_en="There is no such queue.")
    return found


def _values(actor: Actor, at: datetime) -> dict[str, Any]:
    return {
        "now": at,
        "closed_after": at - timedelta(days=CLOSED_DAYS),
        "unsolved_after": at - timedelta(days=UNSOLVED_DAYS),
        "account": actor.account_id,
        "units": list(actor.unit_ids(CASE_SUPPORT)),
        "turns": [turn for turn, capability in _DECIDING.items() if actor.can(capability)],
        "refusals": roads().refused_returns,
    }


def _where(queue: Queue, actor: Actor, at: datetime) -> Sql:
    """The condition with its named values in the order in which they stand."""
    sql, params = queue.where, []
    values = _values(actor, at)
    while (begin := sql.find("%(")) >= 0:
        end = sql.index(")s", begin)
        params.append(values[sql[begin + 2 : end]])
        sql = sql[:begin] + "%s" + sql[end + 2 :]
    return sql, params


_COLUMNS = """
SELECT c.area, c.id, c.number, c.state, c.version, coalesce(k.name, ''), coalesce(k.name_en, ''), p.name,
  c.address, left(c.text, 120), c.clock_name, c.due_at, c.warn_at, c.received_at, c.closed_at,
  coalesce(d.closing_rule, ''), coalesce(u.name, ''), c.open_requests
"""
_JOINS = (
    "JOIN places_place p ON p.id = c.place_id LEFT JOIN catalogue_kind k ON k.id = c.kind_id "
    "LEFT JOIN catalogue_condition d ON d.id = c.condition_id LEFT JOIN people_unit u ON u.id = c.unit_id"
)
# A scope of up to so many places is read place by place, a wider one in the order of the whole queue.
NARROW = 400


def list_sql(actor: Actor, on: date, where: str, params: list[Any], order: str, limit: int) -> Sql:
    """SQL of one page. A narrow scope takes the first rows of each place and of each unit, each from an index.

    So the cost follows the scope of the asker and not what others have open.
    """
    at_places, units = grounds(actor, CASE_VIEW)
    everywhere = CASE_VIEW in actor.capabilities
    if everywhere or (at_places and places.breadth(at_places, on) > NARROW):
        seen, more = scope(actor, on)
        sql = f"{_COLUMNS} FROM cases_case c {_JOINS} WHERE {seen} AND {where} ORDER BY {order} LIMIT {limit}"
        return sql, [*more, *params]
    parts: list[str] = []
    values: list[Any] = []
    for given, source, joined in (
        (
            [at_places, on, on],
            f"SELECT DISTINCT descendant_id FROM ({places.BELOW_SQL}) below",
            "c.place_id = seen.id",
        ),
        ([units], "SELECT unnest(%s::uuid[])", "c.unit_id = seen.id"),
        (
            [units],
            "SELECT s.case_id, s.area FROM cases_casesupport s WHERE s.unit_id = ANY(%s) "
            "AND s.released_at IS NULL",
            "c.area = seen.area AND c.id = seen.id",
        ),
    ):
        if given[0]:
            names = "id, area" if "seen.area" in joined else "id"
            parts.append(
                f"SELECT found.* FROM ({source}) seen({names}) CROSS JOIN LATERAL (SELECT c.area, c.id, c.due_at, "
                f"c.closed_at FROM cases_case c WHERE {joined} AND {where} "
                f"ORDER BY {order} LIMIT {limit}) found"
            )
            values += [*given, *params]
    if not parts:
        return f"{_COLUMNS} FROM cases_case c {_JOINS} WHERE FALSE", []
    first = f"SELECT * FROM ({' UNION '.join(parts)}) c ORDER BY {order} LIMIT {limit}"
    return (
        f"{_COLUMNS} FROM ({first}) first JOIN cases_case c ON c.area = first.area AND c.id = first.id "
        f"{_JOINS} ORDER BY {order}",
        values,
    )


def listed(
    actor: Actor,
    *,
    queue: str,
    cursor: str = "",
    limit: int = 20,
    text: str = "",
    place_id: UUID | None = None,
    at: datetime,
) -> Page:
    """One page of a queue, least remaining time first; what has no clock running comes last.

    `place_id`: only what lies there or below.
    """
    chosen = _queue(queue)
    limit = max(1, min(limit, 100))
    where, params = _where(chosen, actor, at)
    parts = [where]
    if text.strip():
        parts.append("(c.number LIKE %s OR c.text ILIKE %s OR c.address ILIKE %s)")
        params += [_like(text.strip())] * 3
    if place_id is not None:
        parts.append(f"c.place_id IN ({places.BELOW_SQL})")
        params += [[place_id], localdate(at), localdate(at)]
    if cursor:
        sql, more = _after(chosen, decode_cursor(cursor))
        parts.append(sql)
        params += more
    order = "c.closed_at DESC, c.id DESC" if chosen.closed else "c.due_at, c.id"
    with connection.cursor() as db:
        db.execute(*list_sql(actor, localdate(at), " AND ".join(parts), params, order, limit + 1))
        rows = [Row(*line) for line in db.fetchall()]
    if len(rows) <= limit:
        return Page(rows, "")
    last = rows[limit - 1]
    return Page(rows[:limit], encode_cursor((last.closed_at if chosen.closed else last.due_at, last.id)))


def _like(text: str) -> str:
    return "%" + text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"


def _after(queue: Queue, values: tuple[Any, ...]) -> Sql:
    if len(values) != 2 or not isinstance(values[1], UUID) or not isinstance(values[0], datetime | None):
        raise InvalidInput(field="cursor", reason_zh="游标无效。", reason_en="The cursor is not valid.")
    moment, case_id = values
    if queue.closed:
        return "(c.closed_at, c.id) < (%s, %s)", [moment, case_id]
    if moment is None:
        return "(c.due_at IS NULL AND c.id > %s)", [case_id]
    return "((c.due_at, c.id) > (%s, %s) OR c.due_at IS NULL)", [moment, case_id]


def counts(actor: Actor, at: datetime) -> dict[str, tuple[int, int]]:
    """How many cases stand in each queue of the actor, and how many of them are overdue."""
    seen, params = scope(actor, localdate(at))
    with connection.cursor() as db:
        db.execute(
            f"""
            SELECT c.state, count(*), count(*) FILTER (WHERE c.due_at <= %s),
              count(*) FILTER (WHERE c.warn_at <= %s AND c.due_at > %s)
            FROM cases_case c WHERE c.state IN ({_OPEN}) AND {seen} GROUP BY c.state
            """,
            [at, at, at, *params],
        )
        by_state = {state: (total, late, soon) for state, total, late, soon in db.fetchall()}
        others = {}
        for queue in queues_of(actor):
            if not queue.by_state:
                where, more = _where(queue, actor, at)
                db.execute(
                    f"SELECT count(*), count(*) FILTER (WHERE c.due_at <= %s) FROM cases_case c "
                    f"WHERE {where} AND {seen}",
                    [at, *more, *params],
                )
                total, late = db.fetchone()
                others[queue.code] = (total, 0 if queue.closed else late)
    total, late, soon = (sum(row[index] for row in by_state.values()) for index in range(3))
    found = {code: (row[0], row[1]) for code, row in by_state.items()}
    return found | {"due_soon": (soon, 0), "overdue": (late, late), "open": (total, late)} | others


def open_at(actor: Actor, place_id: UUID, at: datetime) -> tuple[int, int]:
    """How many open cases in the actor's sight lie at a place or below it, and how many of them are overdue."""
    on = localdate(at)
    seen, params = scope(actor, on)
    with connection.cursor() as db:
        db.execute(
            f"SELECT count(*), count(*) FILTER (WHERE c.due_at <= %s) FROM cases_case c "
            f"WHERE c.state IN ({_OPEN}) AND c.place_id IN ({places.BELOW_SQL}) AND {seen}",
            [at, [place_id], on, on, *params],
        )
        total, late = db.fetchone()
    return total, late


def open_in(place_ids: list[UUID], on: date) -> int:
    """How many open cases lie at these places: for the preview of a change of the tree, which shows no case."""
    with connection.cursor() as db:
        db.execute(
            f"SELECT count(*) FROM cases_case c WHERE c.state IN ({_OPEN}) AND c.place_id = ANY(%s)",
            [place_ids],
        )
        row = db.fetchone()
    return int(row[0]) if row else 0


def ever_at(place_id: UUID, on: date) -> int:
    """How many cases were ever reported at a place, whatever became of them: it cannot vanish then."""
    with connection.cursor() as db:
        db.execute("SELECT count(*) FROM cases_case c WHERE c.place_id = %s", [place_id])
        row = db.fetchone()
    return int(row[0]) if row else 0


def queues_of(actor: Actor) -> Iterable[Queue]:
    """The queues of this actor: those in which there is something to do first, then the views."""
    mine = [queue for queue in QUEUES.values() if any(actor.can(one) for one in queue.capabilities)]
    return sorted(mine, key=lambda queue: not queue.is_work)
