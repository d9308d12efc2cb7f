"""The board as its endpoint shows it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.city.modes import happenings
from shanzhi.city.modes.flow import RESPONSE
from shanzhi.city.modes.models import Activation
from shanzhi.city.places import queries as places
from shanzhi.city.places.models import Place
from shanzhi.command.board import queries, resources, shapes
from shanzhi.work.orders import packs
from shanzhi.work.orders import queries as orders
from shanzhi.work.orders.flow import ORDER
from shanzhi.work.orders.models import Order
from shanzhi.work.sweeps.flow import SWEEP
from shanzhi.work.sweeps.models import Sweep

MOST_HELP = 30
MOST_LOG = 30


def response_out(row: Activation, names: dict[UUID, str]) -> shapes.BoardResponseOut:
    """The head of a board."""
    state = RESPONSE.state(row.state)
    return shapes.BoardResponseOut(
        id=row.id, number=row.number, title=row.title, hazard=row.hazard, level=row.level, state=row.state,
        state_zh=state.zh, state_en=state.en, is_drill=row.is_drill, live_at=row.live_at, ended_at=row.ended_at,
        last_on=row.last_on,
        places=[shapes.BoardPlaceOut(one, names.get(one, "")) for one in row.place_ids],
    )  # fmt: skip


def responses_out(actor: Actor, at: datetime) -> list[shapes.BoardResponseOut]:
    """Every response that has a board."""
    rows = queries.responses(actor, localdate(at))
    names = _names(rows)
    return [response_out(row, names) for row in rows]


def _names(rows: Sequence[Activation]) -> dict[UUID, str]:
    wanted = {place for row in rows for place in row.place_ids}
    return dict(Place.objects.filter(id__in=wanted).values_list("id", "name"))


def board_out(
    row: Activation, actor: Actor, at: datetime, *, place: UUID | None, order: UUID | None, sweep: UUID | None
) -> shapes.CommandBoardOut:
    """One response on one page, below a place, with one order and one sweep in focus. Raises NotFound."""
    on = localdate(at)
    within = queries.scope(actor, row, on)
    if place is not None:
        queries.check_place(place, row, within, on)
    found_orders = list(queries.orders_of(row, actor, on))
    found_sweeps = list(queries.sweeps_of(row, actor, on))
    turns = queries.turns_now(found_sweeps, at)
    covers = queries.covers(found_sweeps, turns, within)
    chosen_order = next((one for one in found_orders if one.id == order), next(iter(found_orders), None))
    chosen_sweep = next((one for one in found_sweeps if one.id == sweep), next(iter(found_sweeps), None))
    tops = [place] if place is not None else within
    names = _names([row])
    return shapes.CommandBoardOut(
        at=at,
        response=response_out(row, names),
        trail=_trail(place, row, on),
        orders=[
            _order_out(one, orders.numbers(one, orders.scope_of(actor, one, on))) for one in found_orders
        ],
        order_id=chosen_order.id if chosen_order else None,
        sweeps=[_sweep_out(one, covers.get(one.id, _uncounted(one, within))) for one in found_sweeps],
        sweep_id=chosen_sweep.id if chosen_sweep else None,
        curve=_curve(chosen_order, chosen_sweep, turns) if within is None else [],
        promise_seconds=packs.promise().seconds,
        places=_places(row, chosen_order, chosen_sweep, turns, place, actor, within, at),
        help=_help(found_orders, found_sweeps, tops, at),
        resources=resources.of_response(row, actor, at),
        log=[
            shapes.BoardLogOut(one.at, one.zh, one.en, one.who, one.address)
            for one in reversed(happenings.of(row.id, actor, at)[-MOST_LOG:])
        ],
    )


def _uncounted(sweep: Sweep, within: Sequence[UUID] | None) -> queries.Cover:
    """Before its first turn a sweep has all its doors ahead; a part of it without doors has none."""
    return queries.Cover(sweep.doors or 0 if within is None else 0)


def _trail(place: UUID | None, row: Activation, on: date) -> list[shapes.BoardPlaceOut]:
    if place is None:
        return []
    path = [*places.ancestors(place, on), places.node(place, on)]
    inside = [one for one in path if places.is_within(one.id, row.place_ids, on)]
    return [shapes.BoardPlaceOut(one.id, one.name) for one in inside]


def _order_out(order: Order, numbers: orders.Numbers) -> shapes.BoardOrderOut:
    assert order.issued_at is not None
    state = ORDER.state(order.state)
    return shapes.BoardOrderOut(
        order.id, order.number, order.title, order.sentence, order.state, state.zh, state.en, order.issued_at,
        order.until_at, numbers.people, numbers.delivered, numbers.acknowledged, numbers.working, numbers.done,
        numbers.cannot,
    )  # fmt: skip


def _sweep_out(sweep: Sweep, cover: queries.Cover) -> shapes.BoardSweepOut:
    assert sweep.issued_at is not None
    state = SWEEP.state(sweep.state)
    return shapes.BoardSweepOut(
        sweep.id, sweep.number, sweep.title, sweep.state, state.zh, state.en, sweep.issued_at, sweep.until_at,
        cover.doors, cover.settled, cover.visited, cover.absent, cover.refused, cover.vacant, cover.help,
        cover.wrong, cover.remaining,
    )  # fmt: skip


def _curve(order: Order | None, sweep: Sweep | None, turns: dict[UUID, int]) -> list[shapes.BoardPointOut]:
    """Both curves on one axis of time: a point holds what was last known of the other."""
    points: dict[datetime, shapes.BoardPointOut] = {}
    for one in orders.curve(order) if order else []:
        points[one.at] = shapes.BoardPointOut(one.at, one.delivered, one.acknowledged, one.working)
    if sweep is not None and sweep.id in turns:
        for at, settled in queries.door_curve(sweep, turns[sweep.id]):
            points.setdefault(at, shapes.BoardPointOut(at)).doors = settled
    last = shapes.BoardPointOut(datetime.min.replace(tzinfo=UTC))
    for at in sorted(points):
        point = points[at]
        for name in ("delivered", "acknowledged", "working", "doors"):
            setattr(point, name, max(getattr(point, name), getattr(last, name)))
        last = point
    return [points[at] for at in sorted(points)]


def _places(
    row: Activation, order: Order | None, sweep: Sweep | None, turns: dict[UUID, int], place: UUID | None,
    actor: Actor, within: list[UUID] | None, at: datetime,
) -> list[shapes.BoardLineOut]:  # fmt: skip
    """The places right under the one asked for; without one the highest, or what lies under the only highest."""
    highest = within if within is not None else row.place_ids
    if place is None and len(highest) == 1:
        found = _lines(order, sweep, turns, highest[0], actor, within, at)
        if found:
            return found
    return _lines(order, sweep, turns, place, actor, within, at)


def _lines(
    order: Order | None, sweep: Sweep | None, turns: dict[UUID, int], place: UUID | None, actor: Actor,
    within: list[UUID] | None, at: datetime,
) -> list[shapes.BoardLineOut]:  # fmt: skip
    """Places with their people and their doors, those with most left to do first."""
    found: dict[UUID, shapes.BoardLineOut] = {}
    if order is not None:
        for one in orders.by_place(order, place, orders.scope_of(actor, order, localdate(at))):
            found[one.place_id] = shapes.BoardLineOut(
                one.place_id, one.name, one.level, one.has_below, one.numbers.people, one.numbers.acknowledged,
                one.numbers.cannot, 0, 0, 0,
            )  # fmt: skip
    if sweep is not None and sweep.id in turns:
        for line in queries.cover_lines(sweep, turns[sweep.id], place, within, localdate(at)):
            known = found.setdefault(
                line.place_id,
                shapes.BoardLineOut(line.place_id, line.name, line.level, line.has_below, 0, 0, 0, 0, 0, 0),
            )
            known.doors, known.done, known.help = line.cover.doors, line.cover.settled, line.cover.help
    return sorted(
        found.values(), key=lambda line: (line.done - line.doors, line.acknowledged - line.people, line.name)
    )


def _help(
    found_orders: Sequence[Order], found_sweeps: Sequence[Sweep], tops: Sequence[UUID] | None, at: datetime
) -> list[shapes.BoardHelpOut]:
    on = localdate(at)
    calls = [
        shapes.BoardHelpOut("cannot", "无法执行", "Cannot", when, where, why, f"/orders/{order_id}")
        for when, why, where, order_id in queries.who_cannot(found_orders, tops, on, MOST_HELP)
    ]
    calls += [
        shapes.BoardHelpOut("door", "住户求助", "Door", when, where, "", f"/sweeps/{sweep_id}")
        for when, where, sweep_id, _ in queries.doors_in_need(found_sweeps, tops, on, MOST_HELP)
    ]
    return sorted(calls, key=lambda one: one.at, reverse=True)[:MOST_HELP]
