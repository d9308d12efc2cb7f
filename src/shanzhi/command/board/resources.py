"""People at their posts and goods of a response (资源): what is there of what is needed."""

from datetime import datetime
from uuid import UUID

from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import ROSTER_VIEW, STOCK_VIEW
from shanzhi.city.modes.models import Activation
from shanzhi.command.board import shapes
from shanzhi.work.rosters import queries as rosters
from shanzhi.work.stock import packs as stock_packs
from shanzhi.work.stock import queries as stock


def of_response(row: Activation, actor: Actor, at: datetime) -> list[shapes.BoardResourceOut]:
    """Shifts that are on or ahead, then articles; each for whoever may see it."""
    found: list[shapes.BoardResourceOut] = []
    if actor.can(ROSTER_VIEW):
        found += _people(row.id, actor, at)
    if actor.can(STOCK_VIEW):
        found += _goods(row.id)
    return found


def _people(activation_id: UUID, actor: Actor, at: datetime) -> list[shapes.BoardResourceOut]:
    on = localdate(at)
    rows = rosters.visible_to(actor, on).filter(activation_id=activation_id, ended_at=None)
    names = dict(rows.values_list("id", "name"))
    return [
        shapes.BoardResourceOut(
            f"roster-{roster_id}", f"{names[roster_id]}（已排）", f"{names[roster_id]} (posted)", one.held,
            one.wanted, f"/rosters/{roster_id}",
        )
        for roster_id, one in rosters.numbers(names, actor, at, on).items()
    ]  # fmt: skip


def _goods(activation_id: UUID) -> list[shapes.BoardResourceOut]:
    items = stock_packs.articles()
    found: dict[str, tuple[int, int]] = {}
    for one in stock.of_response(activation_id):
        issued, reserved = found.get(one.item, (0, 0))
        found[one.item] = issued + one.issued, reserved + one.reserved
    return [
        shapes.BoardResourceOut(
            f"stock-{code}", f"{items[code].zh}（已发出）", f"{items[code].en} (issued)", issued,
            issued + max(reserved, 0), "/stock",
        )
        for code, (issued, reserved) in found.items()
        if code in items
    ]  # fmt: skip
