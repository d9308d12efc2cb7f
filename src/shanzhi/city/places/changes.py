"""Dated changes of the tree (区划调整): create, rename, re-code, move, merge, split, close; preview and undo.

Each is one transaction: a wish becomes a plan by ids (`wishes`), the plan is checked against all that is recorded
(`days`) and written in sets; then others follow (`touching`), and the journal keeps what was and what became.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLACE_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.base.outbox import actions as outbox
from shanzhi.city.places import days, journal, queries, store, touching
from shanzhi.city.places.errors import CannotGoBack, ChangedLater, StillUsed, TooLargeToUndo
from shanzhi.city.places.models import PlaceChange
from shanzhi.city.places.near import Near
from shanzhi.city.places.succession import Plan, Tree, Wanted
from shanzhi.city.places.wishes import Change, Wish, wish_of
from shanzhi.core.kit.errors import Conflict, InvalidInput

KINDS = {
    "create": ("新建", "created"), "rename": ("更名", "renamed"), "recode": ("更码", "re-coded"),
    "move": ("调整隶属", "moved"), "merge": ("合并", "merged"), "split": ("拆分", "split"),
    "close": ("撤销", "closed"), "import": ("导入", "imported"), "divide": ("划分微网格", "divided"),
    "undo": ("撤回变更", "taken back"),
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What a change does or did. `change_id` is None for a preview."""

    rows: list[journal.Row]
    touches: list[touching.Touched]
    warnings: list[tuple[str, str]]
    change_id: UUID | None = None


def preview(change: Change, *, actor: Actor, at: datetime) -> Outcome:
    """What the change would do and touch (变更预览); nothing is written. Raises as `make`."""
    with transaction.atomic():
        store.lock()
        wish, tree = _work_out(change, actor, at)
        outcome = _outcome(wish.plan, tree, wish.warnings, change.on)
        transaction.set_rollback(True)
    return outcome


def make(change: Change, *, actor: Actor, at: datetime) -> Outcome:
    """Carry out a change as of its day (执行变更).

    Raises Refused, NotFound, OutsideYourPlaces, InvalidInput naming the field.
    """
    if not change.reason.strip():
        raise InvalidInput(field="reason", reason_zh="请填写变更理由。", reason_en="Say why.")
    with transaction.atomic():
        store.lock()
        wish, tree = _work_out(change, actor, at)
        outcome = _outcome(wish.plan, tree, wish.warnings, change.on)
        _carry_out(wish.plan, change.on)
        followed = touching.follow({old: many[0] for old, many in wish.heirs.items()}, change.on)
        written = journal.write(
            kind=change.kind, rows=outcome.rows, summary=_summary(change.kind, outcome.rows, tree), on=change.on,
            at=at, actor=actor, reason=change.reason, followed=followed, successors=wish.heirs,
        )  # fmt: skip
        _tell(written, outcome.rows, actor, at)
    return Outcome(outcome.rows, outcome.touches, outcome.warnings, written.id)


def undo(change_id: UUID, reason: str, *, actor: Actor, at: datetime) -> Outcome:
    """Take back the last change that touched its places (撤回变更): from its own day all is as before it.

    Raises Refused, NotFound, OutsideYourPlaces, Conflict when it was taken back already, ChangedLater, StillUsed,
    CannotGoBack, TooLargeToUndo, InvalidInput.
    """
    actor.require(PLACE_MANAGE)
    if not reason.strip():
        raise InvalidInput(field="reason", reason_zh="请填写撤回理由。", reason_en="Say why.")
    with transaction.atomic():
        store.lock()
        change = queries.change(change_id, actor, localdate(at), PLACE_MANAGE)
        rows = journal.read_rows(change)
        if change.undoes_id is not None or hasattr(change, "undone_by"):
            raise Conflict(field="change_id")
        if rows is None:
            raise TooLargeToUndo()
        later = journal.last_on(change.places, change)
        if later is not None:
            raise ChangedLater(summary=later.summary_zh, summary_en=later.summary_en)
        followed = dict(change.followed)
        shapes = followed.pop("shapes", [])
        touching.unfollow(followed, change.on)
        tree = Near()
        tree.nodes.load(row.place for row in rows)
        plan = _backwards(rows, tree)
        _must_be_possible(plan, tree, change.on)
        _carry_out(plan, change.on)
        store.set_shapes(
            [(UUID(place), bytes.fromhex(wkb) if wkb else None, *rest) for place, wkb, *rest in shapes]
        )
        back = [journal.Row(r.place, r.level, _opposite(r.what), r.after, r.before) for r in rows]
        written = journal.write(
            kind="undo", rows=back, summary=(f"撤回：{change.summary_zh}", f"Taken back: {change.summary_en}"),
            on=change.on, at=at, actor=actor, reason=reason, followed={}, successors={}, undoes=change,
        )  # fmt: skip
        _tell(written, back, actor, at)
    return Outcome(back, [], [], written.id)


def _carry_out(plan: Plan, on: date) -> None:
    errors = store.write(plan, on)
    if errors:
        raise InvalidInput(field="on", reason_zh=errors[0].message_zh, reason_en=errors[0].message_en)


def _outcome(plan: Plan, tree: Tree, warnings: list[tuple[str, str]], on: date) -> Outcome:
    rows = journal.rows_of(plan, tree)
    standing = [row.place for row in rows if row.before is not None]
    below = queries.ids_below(standing, on) | set(standing) if standing else set()
    return Outcome(rows, touching.touched(below, on), warnings)


def _tell(written: PlaceChange, rows: list[journal.Row], actor: Actor, at: datetime) -> None:
    detail = {"kind": written.kind, "on": written.on.isoformat(), "places": len(rows)}
    audit.record(actor=actor, event=f"places.{written.kind}", subject=str(written.id), detail=detail, at=at)
    outbox.publish([outbox.News("", "places", written.id, written.kind, {"on": written.on.isoformat()}, at)])


def _summary(kind: str, rows: list[journal.Row], tree: Tree) -> tuple[str, str]:
    zh, en = KINDS[kind]
    if kind == "merge":
        zh_names = "、".join(r.before.name for r in rows if "closed" in r.what and r.before)
        into = next((r.after.name for r in rows if "created" in r.what and r.after), "")
        moved = next((r.after.parent for r in rows if "moved" in r.what and r.after), None)
        if not into and moved is not None and moved in tree.nodes:
            into = tree.nodes[moved].name
        return f"{zh}：{zh_names} → {into}" if into else f"{zh}：{zh_names}", f"{en}: {zh_names} -> {into}"
    names = "、".join(
        dict.fromkeys((row.after or row.before).name for row in rows[:4] if row.after or row.before)  # type: ignore[union-attr]
    )
    more = f"等{len(rows)}处" if len(rows) > 4 else ""
    return f"{zh}：{names}{more}", f"{en}: {names}{more and f' and {len(rows) - 4} more'}"


def _work_out(change: Change, actor: Actor, at: datetime) -> tuple[Wish, Tree]:
    actor.require(PLACE_MANAGE)
    if change.kind not in KINDS or change.kind in ("import", "divide", "undo"):
        raise InvalidInput(field="kind", reason_zh="未知的变更方式。", reason_en="There is no such change.")
    if change.on > localdate(at):
        raise InvalidInput(
            field="on", reason_zh="生效日期不得晚于今天。", reason_en="The day must not be after today."
        )
    # On both days: what has left one's places since is no longer one's to change, on an earlier day either.
    tree = Near(queries.reach(actor, PLACE_MANAGE), [change.on, localdate(at)])
    wish = wish_of(change, tree)
    found = days.faults(wish.plan, tree, change.on)
    if found:
        first = found[0]
        field = "on" if first.about == "day" else wish.inputs.get(first.place, "place_id")
        raise InvalidInput(field=field, reason_zh=first.zh, reason_en=first.en)
    return wish, tree


def _opposite(what: tuple[str, ...]) -> tuple[str, ...]:
    words = {"created": "closed", "closed": "reopened"}
    return tuple(words.get(word, word) for word in what)


def _backwards(rows: Sequence[journal.Row], tree: Tree) -> Plan:
    """The plan that leads from what became to what was."""
    plan = Plan()
    for row in rows:
        node = tree.nodes[row.place]
        if "created" in row.what:
            plan.closed.append(row.place)
            plan.unmade.append(row.place)
            continue
        side = row.before
        assert side is not None
        wanted = Wanted(0, row.place, node.level, side.code, side.name, side.parent, "", node.lon, node.lat)
        if "closed" in row.what:
            plan.reopened.append(wanted)
            if node.parent != side.parent:
                plan.moved.append(wanted)
            continue
        plan.changed.add(row.place)
        if (side.code, side.name) != (node.code, node.name):
            plan.renamed.append(wanted)
        if side.parent != node.parent:
            plan.moved.append(wanted)
    return plan


def _must_be_possible(plan: Plan, tree: Tree, on: date) -> None:
    """Nothing may hang on a place that an undoing takes away, and nothing since may stand against it.

    Raises StillUsed, CannotGoBack.
    """
    for fault in days.faults(plan, tree, on):
        name = tree.nodes[fault.place].name
        if fault.about == "below":
            raise StillUsed(name=name, what=fault.zh.rstrip("。"), what_en=fault.en.rstrip("."))
        raise CannotGoBack(name=name, why_zh=fault.zh, why_en=fault.en)
    for place in plan.unmade:
        for one in touching.ever(place, on):
            raise StillUsed(
                name=tree.nodes[place].name,
                what=f"{one.count} 条“{one.zh}”记录", what_en=f"{one.count} records of {one.en}",
            )  # fmt: skip
