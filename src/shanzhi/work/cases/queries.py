"""Every read of cases. All start from what the actor may see."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import CASE_RATE, CASE_REOPEN, CASE_REVEAL, CASE_VIEW
from shanzhi.city.places import queries as places
from shanzhi.core.flow import Edge, State
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.paging import decode_cursor, encode_cursor
from shanzhi.work.cases.flow import CLOSED_LOOP, OPEN_STATES
from shanzhi.work.cases.models import Case, CaseEvent, Rating
from shanzhi.work.cases.reports import secret_of

_STATES = {state.code: state for state in CLOSED_LOOP.states}
_VERBS = {edge.verb: (edge.zh, edge.en) for edge in CLOSED_LOOP.edges} | {"report": ("上报", "Reported")}
_OPEN = ", ".join(f"'{code}'" for code in OPEN_STATES)
CLOSED_DAYS = 7
UNSOLVED_DAYS = 30
REVEAL = CASE_REVEAL
_TAKES_PHOTOS = frozenset({"handle", "inspect", "rework"})

Sql = tuple[str, list[Any]]


@dataclass(frozen=True)
class Queue:
    """A list that somebody works through. `capability` says for whom it is work rather than a view."""

    code: str
    zh: str
    en: str
    where: str
    capability: str = CASE_VIEW
    closed: bool = False


def _state_queues() -> list[Queue]:
    return [
        Queue(state.code, state.zh, state.en, f"c.state = '{state.code}'", edge.capability)
        for state in CLOSED_LOOP.states
        if not state.final
        for edge in CLOSED_LOOP.edges_from(state.code)
    ]


QUEUES: dict[str, Queue] = {
    queue.code: queue
    for queue in [
        *_state_queues(),
        Queue(
            "due_soon", "临期", "due soon",
            f"c.state IN ({_OPEN}) AND c.warn_at <= %(now)s AND c.due_at > %(now)s",
        ),
        Queue("overdue", "超期", "overdue", f"c.state IN ({_OPEN}) AND c.due_at <= %(now)s"),
        Queue("open", "全部在办", "all open", f"c.state IN ({_OPEN})"),
        Queue(
            "unsolved", "评价未解决", "rated not solved",
            "c.closed_at > %(unsolved_after)s AND c.state = 'rated' AND NOT (SELECT r.solved FROM cases_rating r "
            "WHERE r.area = c.area AND r.case_id = c.id ORDER BY r.sequence DESC LIMIT 1)",
            CASE_REOPEN, closed=True,
        ),
        Queue(
            "closed", f"近 {CLOSED_DAYS} 日结案", f"closed in {CLOSED_DAYS} days",
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


@dataclass(frozen=True)
class Page:
    """One page of rows; `next_cursor` is "" on the last."""

    items: list[Row]
    next_cursor: str


def _grounds(actor: Actor, capability: str) -> tuple[list[UUID], list[UUID]]:
    """The places, and the units, for which the actor's posts grant the capability."""
    posts = actor.posts_with(capability)
    units = [post.unit_id for post in posts if post.unit_id is not None]
    return [post.place_id for post in posts if post.unit_id is None], units


def scope(actor: Actor, on: date, capability: str = CASE_VIEW) -> Sql:
    """SQL over `c` (cases): within the places of the actor's posts, or of the actor's units.

    A post that stands for a unit sees the unit's cases; every other post what lies under its place.
    """
    grounds, units = _grounds(actor, capability)
    parts: list[str] = []
    params: list[Any] = []
    if grounds:
        parts.append(f"c.place_id IN ({places.BELOW_SQL})")
        params += [grounds, on, on]
    if units:
        parts.append("c.unit_id = ANY(%s)")
        params.append(units)
    return ("(" + " OR ".join(parts) + ")" if parts else "FALSE"), params


def visible_to(actor: Actor, at: datetime) -> "QuerySet[Case]":
    """The cases that the actor may see: every read starts here."""
    sql, params = scope(actor, localdate(at))
    inside = f"EXISTS (SELECT 1 FROM cases_case c WHERE c.id = cases_case.id AND {sql})"
    return Case.objects.filter(RawSQL(inside, params, output_field=BooleanField()))


def in_reach(actor: Actor, capability: str, case: Case, at: datetime) -> bool:
    """Whether the actor holds the capability for this very case."""
    # Partners' keys have scopes but no ground of their own: they reach no case here.
    if capability in actor.capabilities and actor.channel != "partner":
        return True
    posts = actor.posts_with(capability)
    if any(post.unit_id is not None and post.unit_id == case.unit_id for post in posts):
        return True
    grounds = [post.place_id for post in posts if post.unit_id is None]
    return bool(grounds) and places.is_within(case.place_id, grounds, localdate(at))


def may_see(actor: Actor, case: Case, at: datetime) -> bool:
    """Whether the case is within the actor's sight."""
    return in_reach(actor, CASE_VIEW, case, at)


def case_for(actor: Actor, area: str, case_id: UUID, at: datetime) -> Case:
    """One case with what its page needs. Raises NotFound when it is not there or out of sight."""
    case = (
        Case.objects.select_related("kind", "condition", "unit", "place")
        .filter(area=area, id=case_id)
        .first()
    )
    if case is None or not may_see(actor, case, at):
        raise NotFound
    return case


def did(actor: Actor, case: Case, verb: str) -> bool:
    """Whether the actor was the last to do `verb` to the case."""
    last = CaseEvent.objects.filter(area=case.area, case_id=case.id, verb=verb).order_by("-sequence").first()
    return last is not None and last.actor_id is not None and last.actor_id == actor.account_id


def required(case: Case, edge: Edge) -> tuple[str, ...]:
    """What the edge needs for this case: a photo after handling only where the evidence rule asks for one."""
    photo_needed = case.condition is not None and case.condition.photo_required and edge.verb == "handle"
    return tuple(field for field in edge.requires if field != "photos" or photo_needed)


def allowed(actor: Actor, case: Case, at: datetime) -> list[Edge]:
    """The edges that this actor may take now (allowed_actions)."""
    return [
        edge
        for edge in CLOSED_LOOP.edges_from(case.state)
        if actor.can(edge.capability)
        and in_reach(actor, edge.capability, case, at)
        and not (edge.separate_from and did(actor, case, edge.separate_from))
        and (edge.verb != "reopen" or unsolved(case))
    ]


def takes(edge: Edge) -> list[str]:
    """What may be given with the edge: a note with every one, photos where something was done or seen."""
    more = ["photos"] if edge.verb in _TAKES_PHOTOS else []
    return ["note", *(field for field in edge.requires if field not in {"note", "photos"}), *more]


def rating_of(case: Case) -> Rating | None:
    """What the resident said at the end, if anything yet."""
    found: Rating | None = (
        Rating.objects.filter(area=case.area, case_id=case.id).order_by("-sequence").first()
    )
    return found


def unsolved(case: Case) -> bool:
    """Whether the resident's last word is "not solved"."""
    last = rating_of(case)
    return last is not None and not last.solved


def state_of(code: str) -> State:
    """A state by its code."""
    return _STATES[code]


def verb_label(verb: str) -> tuple[str, str]:
    """Chinese and English name of a verb."""
    return _VERBS[verb]


def timeline(case: Case) -> list[CaseEvent]:
    """What happened, oldest first."""
    return list(
        CaseEvent.objects.filter(area=case.area, case_id=case.id)
        .prefetch_related("photos")
        .order_by("sequence")
    )


def _queue(code: str) -> Queue:
    found = QUEUES.get(code)
    if found is None:
        raise InvalidInput(field="queue", reason_zh="没有这个队列。", reason_en="There is no such queue.")
    return found


def _moments(at: datetime) -> dict[str, Any]:
    return {
        "now": at,
        "closed_after": at - timedelta(days=CLOSED_DAYS),
        "unsolved_after": at - timedelta(days=UNSOLVED_DAYS),
    }


def _where(queue: Queue, at: datetime) -> Sql:
    sql, params = queue.where, []
    for name, value in _moments(at).items():
        count = sql.count(f"%({name})s")
        sql = sql.replace(f"%({name})s", "%s")
        params += [value] * count
    return sql, params


_COLUMNS = """
SELECT c.area, c.id, c.number, c.state, coalesce(k.name, ''), coalesce(k.name_en, ''), p.name, c.address,
  left(c.text, 120), c.clock_name, c.due_at, c.warn_at, c.received_at, c.closed_at
"""
_JOINS = "JOIN places_place p ON p.id = c.place_id LEFT JOIN catalogue_kind k ON k.id = c.kind_id"
# A scope of up to so many places is read place by place, a wider one in the order of the whole queue.
NARROW = 400


def list_sql(actor: Actor, on: date, where: str, params: list[Any], order: str, limit: int) -> Sql:
    """SQL of one page. A narrow scope takes the first rows of each place and of each unit, each from an index.

    So the cost follows the scope of the asker and not what others have open.
    """
    grounds, units = _grounds(actor, CASE_VIEW)
    if grounds and places.breadth(grounds, on) > NARROW:
        seen, more = scope(actor, on)
        sql = f"{_COLUMNS} FROM cases_case c {_JOINS} WHERE {seen} AND {where} ORDER BY {order} LIMIT {limit}"
        return sql, [*more, *params]
    parts: list[str] = []
    values: list[Any] = []
    for given, source, column in (
        ([grounds, on, on], f"SELECT DISTINCT descendant_id FROM ({places.BELOW_SQL}) below", "place_id"),
        ([units], "SELECT unnest(%s::uuid[])", "unit_id"),
    ):
        if given[0]:
            parts.append(
                f"SELECT found.* FROM ({source}) seen(id) CROSS JOIN LATERAL (SELECT c.area, c.id, c.due_at, "
                f"c.closed_at FROM cases_case c WHERE c.{column} = seen.id AND {where} "
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
    actor: Actor, *, queue: str, cursor: str = "", limit: int = 20, text: str = "", at: datetime
) -> Page:
    """One page of a queue, least remaining time first; what has no clock running comes last."""
    chosen = _queue(queue)
    limit = max(1, min(limit, 100))
    where, params = _where(chosen, at)
    parts = [where]
    if text.strip():
        parts.append("(c.number LIKE %s OR c.text ILIKE %s OR c.address ILIKE %s)")
        params += [_like(text.strip())] * 3
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
        by_close = {}
        for code in ("closed", *(["unsolved"] if actor.can(CASE_REOPEN) else [])):
            closed, more = _where(QUEUES[code], at)
            db.execute(f"SELECT count(*) FROM cases_case c WHERE {closed} AND {seen}", [*more, *params])
            by_close[code] = (db.fetchone()[0], 0)
    total, late, soon = (sum(row[index] for row in by_state.values()) for index in range(3))
    found = {code: (row[0], row[1]) for code, row in by_state.items()}
    found |= {
        "due_soon": (soon, 0),
        "overdue": (late, late),
        "open": (total, late),
    }
    return found | by_close


def queues_of(actor: Actor) -> Iterable[Queue]:
    """The queues of this actor: those in which there is something to do first, then the views."""
    return [queue for queue in QUEUES.values() if actor.can(queue.capability)]


def follow(number: str, secret: str) -> Case:
    """A case by its number and secret. Raises NotFound alike for a wrong number and a wrong secret."""
    case = (
        Case.objects.select_related("kind", "place").filter(area=number[:6], number=number).first()
        if len(number) > 6
        else None
    )
    expected = secret_of(case.area, case.id) if case else "0" * 48
    right = hmac.compare_digest(expected.encode(), secret.encode("utf-8", "replace"))
    if case is None or not right:
        raise NotFound(field="number")
    return case


def resident() -> Actor:
    """Whoever holds the secret of a case: may rate it, no more."""
    return Actor(None, "市民", "resident", capabilities=frozenset({CASE_RATE}))
