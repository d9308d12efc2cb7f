"""What a verb does to the case besides its state, clocks and history.

Each effect checks first and changes after: what it refuses leaves the case as it was. Rows of other tables are put
into the batch and written with it.
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.access.capabilities import CASE_HANDLE
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.worktime import Limit, Unit
from shanzhi.work.cases import emergency
from shanzhi.work.cases.errors import ConditionNotUsable, NotMergeable, SameUnit
from shanzhi.work.cases.flow import CLOSED_LOOP
from shanzhi.work.cases.guards import support_of
from shanzhi.work.cases.limits import due, roads
from shanzhi.work.cases.models import (
    Bundle,
    Case,
    CaseLimit,
    CaseRequest,
    CaseSupport,
    CloseKind,
    Rating,
    RequestState,
)  # fmt: skip
from shanzhi.work.catalogue import offering
from shanzhi.work.catalogue.errors import KindNotOffered

if TYPE_CHECKING:
    from shanzhi.work.cases.door import Batch
    from shanzhi.work.cases.steps import Step

_DRAW = 2**64


def _file(case: Case, step: "Step", batch: "Batch") -> None:
    """立案 copies the limit in force: what the catalogue says later does not touch this case."""
    assert step.given.condition_id is not None
    rule = batch.condition(step.given.condition_id)
    if not rule.usable:
        raise ConditionNotUsable(field="condition_id", limit_text=rule.limit_text)
    if not batch.is_in_force(rule, localdate(step.at)):
        raise NotFound(field="condition_id")
    if rule.kind_id != case.kind_id and not offering.is_offered(
        rule.kind, case.place_id, localdate(step.at), step.at
    ):
        raise KindNotOffered(field="condition_id", name=rule.kind.name)
    case.condition, case.kind = rule, rule.kind
    case.limit_amount, case.limit_unit, case.limit_text = rule.limit_amount, rule.limit_unit, rule.limit_text
    _file_in_emergency(case, step, batch)


def _file_in_emergency(case: Case, step: "Step", batch: "Batch") -> None:
    """A limit that a response brings along goes before the usual one, where it is due earlier; it is copied too."""
    assert case.kind is not None and case.limit_amount is not None
    live = emergency.live_at(case.place_id, localdate(step.at))
    usual = Limit(case.limit_amount, Unit(case.limit_unit))
    best = emergency.chosen(live, case.area, "handle", case.kind.code, usual, step.at)
    if best is None:
        return
    copy = emergency.copy_of(case.id, case.area, best[0], "handle", best[1], usual, step.at)
    # Filed a second time: the newest copy counts.
    before = CaseLimit.objects.filter(area=case.area, case_id=case.id, clock="handle").first()
    if before is not None:
        for name in ("amount", "unit", "activation_id", "number", "limit_before", "at"):
            setattr(before, name, getattr(copy, name))
    batch.keep(before or copy)
    case.limit_amount, case.limit_unit, case.limit_text = copy.amount, copy.unit, emergency.text_of(copy)
    case.has_own_limits = True


def _dispatch(case: Case, step: "Step", batch: "Batch") -> None:
    assert step.given.unit_id is not None
    unit = batch.unit(step.given.unit_id)
    if unit.id != case.unit_id:
        case.refused_returns, case.assignee = 0, None
        _wait_no_more(case, step, batch, unit.id)
    case.unit = unit


def _wait_no_more(case: Case, step: "Step", batch: "Batch", unit_id: UUID | None = None) -> None:
    """Nobody waits any more for the units that support, or for the one that has the case itself now."""
    if not case.open_supports:
        return
    rows = CaseSupport.objects.filter(area=case.area, case_id=case.id, done_at=None, released_at=None)
    for row in rows if unit_id is None else rows.filter(unit_id=unit_id):
        row.released_at = step.at
        batch.keep(row)
        case.open_supports -= 1


def _reassign(case: Case, step: "Step", batch: "Batch") -> None:
    _other_unit(case, step, batch)
    _dispatch(case, step, batch)


def _other_unit(case: Case, step: "Step", batch: "Batch") -> None:
    assert step.given.unit_id is not None
    unit = batch.unit(step.given.unit_id)
    if unit.id == case.unit_id:
        raise SameUnit(field="unit_id", unit=unit.name)


def _forward(case: Case, step: "Step", batch: "Batch") -> None:
    assert step.given.assignee_id is not None and case.unit_id is not None
    colleagues = batch.handlers(case.unit_id, localdate(step.at))
    found = next((one for one in colleagues if one.id == step.given.assignee_id), None)
    if found is None:
        raise InvalidInput(
            field="assignee_id", reason_zh="只能批转给本单位的处置人员。",
            reason_en="It is forwarded to somebody of the same unit only.",
        )  # fmt: skip
    case.assignee = found


def _merge(case: Case, step: "Step", batch: "Batch") -> None:
    assert step.given.master_id is not None
    master = batch.facts.cases.get(step.given.master_id)
    if master is None:
        raise NotFound(field="master_id")
    why = None
    if master.id == case.id:
        why = ("不能与自己并案", "a case is no duplicate of itself")
    elif master.master_id is not None:
        why = (f"{master.number} 本身已并入其他案件", f"{master.number} is merged into another case itself")
    elif CLOSED_LOOP.state(master.state).final:
        why = (f"{master.number} 已经办结", f"{master.number} has ended")
    elif Case.objects.filter(area=case.area, master_id=case.id, state="merged").exists():
        why = ("其他案件已并入本案，请先撤销", "others are merged into this one: undo that first")
    if why:
        raise NotMergeable(field="master_id", why_zh=why[0], why_en=why[1])
    case.master_id = master.id


def _unmerge(case: Case, step: "Step", batch: "Batch") -> None:
    case.master_id = None


def is_drawn(area: str, case_id: UUID) -> bool:
    """Whether a case handled on the spot is drawn (抽查): by a number that nobody can choose or foresee."""
    key, said = settings.SHANZHI_FOLLOW_KEY.encode(), f"draw {area} {case_id}".encode()
    number = int.from_bytes(hmac.new(key, said, hashlib.sha256).digest()[:8], "big")
    return number < roads().self_handled_sample * _DRAW


def _self_handle(case: Case, step: "Step", batch: "Batch") -> None:
    if is_drawn(case.area, case.id):
        batch.follow_on(case, "draw", step.at)


def _reopen(case: Case, step: "Step", batch: "Batch") -> None:
    """It goes its own way: a duplicate that was closed with its master is no duplicate any more."""
    case.closed_at, case.close_kind, case.master_id = None, CloseKind.NONE, None


def _refused_return(case: Case, step: "Step", batch: "Batch") -> None:
    case.refused_returns += 1


def _extend(case: Case, step: "Step", batch: "Batch") -> None:
    case.extensions += 1


def _exempt(case: Case, step: "Step", batch: "Batch") -> None:
    case.is_exempt = True


def _ask_suspend(case: Case, step: "Step", batch: "Batch") -> None:
    until_at, most = step.given.until_at, roads().suspension_days
    if until_at is None or not step.at < until_at <= step.at + timedelta(days=most):
        raise InvalidInput(
            field="until_at", reason_zh=f"恢复日期应在今后 {most} 天以内。",
            reason_en=f"It has to end within the next {most} days.",
        )  # fmt: skip


def _ask_return(case: Case, step: "Step", batch: "Batch") -> None:
    assert step.given.condition_id is not None
    batch.condition(step.given.condition_id)  # it has to be there


def _add_support(case: Case, step: "Step", batch: "Batch") -> None:
    _other_unit(case, step, batch)
    unit_id = step.given.unit_id
    known = CaseSupport.objects.filter(area=case.area, case_id=case.id, unit_id=unit_id).first()
    if known is not None and known.done_at is None and known.released_at is None:
        raise SameUnit(field="unit_id", unit=known.unit.name)
    row = known or CaseSupport(area=case.area, case=case, unit_id=unit_id)
    row.asked_at, row.note, row.done_at, row.released_at = step.at, step.given.note.strip(), None, None
    batch.keep(row)
    case.open_supports += 1


def _finish_support(case: Case, step: "Step", batch: "Batch") -> None:
    row = support_of(case, step.actor)
    assert row is not None  # the guard looked
    row.done_at, row.result = step.at, step.given.note.strip()
    batch.keep(row)
    case.open_supports -= 1


def _release_support(case: Case, step: "Step", batch: "Batch") -> None:
    rows = CaseSupport.objects.filter(area=case.area, case_id=case.id, done_at=None, released_at=None)
    row = rows.filter(unit_id=step.given.unit_id).first()
    if row is None:
        raise NotFound(field="unit_id")
    row.released_at, row.result = step.at, step.given.note.strip()
    batch.keep(row)
    case.open_supports -= 1


def _bundle(case: Case, step: "Step", batch: "Batch") -> None:
    bundle = Bundle.objects.filter(area=case.area, id=step.given.bundle_id).first()
    if bundle is None:
        raise NotFound(field="bundle_id")
    case.bundle = bundle


def _unbundle(case: Case, step: "Step", batch: "Batch") -> None:
    case.bundle = None


def _rate(case: Case, step: "Step", batch: "Batch") -> None:
    said = step.given.rating
    assert said is not None
    batch.keep(
        Rating(
            area=case.area, case=case, sequence=case.version + 1, solved=said.solved, stars=said.stars,
            text=said.text, at=step.at,
        )
    )  # fmt: skip


EFFECTS: dict[str, Callable[[Case, "Step", "Batch"], None]] = {
    "file": _file,
    "dispatch": _dispatch,
    "reassign": _reassign,
    "forward": _forward,
    "merge": _merge,
    "unmerge": _unmerge,
    "self_handle": _self_handle,
    "reopen": _reopen,
    "reopen_unfiled": _reopen,
    "ask_return": _ask_return,
    "refuse_return": _refused_return,
    "overrule_return": _refused_return,
    "approve_extend": _extend,
    "approve_appeal": _exempt,
    "ask_suspend": _ask_suspend,
    "add_support": _add_support,
    "finish_support": _finish_support,
    "release_support": _release_support,
    "bundle": _bundle,
    "unbundle": _unbundle,
    "rate": _rate,
}

_CLOSED_AS = {
    "approve_special": CloseKind.SPECIAL,
    "confirm_self": CloseKind.SELF_HANDLED,
    "pass_sample": CloseKind.SELF_HANDLED,
    "close_with_master": CloseKind.MERGED,
}


def end(case: Case, step: "Step", batch: "Batch") -> None:
    """The case comes to an end: when, how, and its duplicates with it."""
    case.closed_at = step.at
    _wait_no_more(case, step, batch)
    closed = case.state == "closed"
    if closed:
        usual = CloseKind.OVERDUE if case.is_overdue else CloseKind.NORMAL
        case.close_kind = _CLOSED_AS.get(step.verb, usual)
    for duplicate in batch.duplicates(case):
        batch.follow_on(
            duplicate, "close_with_master" if closed else "end_with_master", step.at, note=step.given.note
        )


_OUTCOMES: dict[str, Any] = {
    "approve": RequestState.APPROVED,
    "refuse": RequestState.REFUSED,
    "decline": RequestState.REFUSED,
    "answer": RequestState.ANSWERED,
    "withdraw": RequestState.WITHDRAWN,
}


def move_request(verb: str, kind: str, case: Case, step: "Step", batch: "Batch") -> None:
    """Open a request, take it a consent further, or end it."""
    note = step.given.note.strip()
    if verb == "ask":
        units = step.actor.unit_ids(CASE_HANDLE)
        own = emergency.own_of(case, kind)
        asked = kind in ("urge", "supervise")
        answer_due = due(case.area, kind, step.at, None, own=own).due_at if asked else None
        row = CaseRequest(
            id=uuid7(), area=case.area, case=case, kind=kind, state=RequestState.PENDING,
            asked_by=step.actor.account_id, asked_name=step.actor.name, asked_at=step.at, note=note,
            unit_id=units[0] if units else None, condition_id=step.given.condition_id,
            until_at=step.given.until_at, due_at=answer_due,
        )  # fmt: skip
        case.open_requests += 1
        batch.keep(row)
        return
    row = batch.facts.pending(case)[kind]
    if verb == "endorse":
        row.consents += 1
    else:
        finish_request(row, case, _OUTCOMES[verb], step, batch)
        row.answer = note
    batch.keep(row)


def finish_request(row: CaseRequest, case: Case, outcome: Any, step: "Step", batch: "Batch") -> None:
    """A request is over; it waits no more."""
    row.state, row.decided_at, row.decided_name = outcome, step.at, step.actor.name
    case.open_requests -= 1
    batch.keep(row)
