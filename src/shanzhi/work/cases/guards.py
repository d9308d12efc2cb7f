"""Whether a verb may be done: capability, reach, separation, requests, and the guards of the table.

`refusal` is asked before a verb is done and to tell which verbs are allowed, so both always agree.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import CASE_RATE, CASE_VIEW, LABELS
from shanzhi.base.clocks import queries as clocks
from shanzhi.base.clocks.models import Clock, ClockState
from shanzhi.core.flow import Edge
from shanzhi.core.kit.errors import NotFound, Refused, ShanzhiError
from shanzhi.work.cases import errors
from shanzhi.work.cases.flow import request_step
from shanzhi.work.cases.limits import roads
from shanzhi.work.cases.models import Case, CaseEvent, CaseRequest, CaseSupport, Rating, RequestState
from shanzhi.work.cases.reach import Reach
from shanzhi.work.cases.roads import ASKED


class Facts:
    """What guards ask about the cases of one area, read for all of them at the first question."""

    def __init__(self, area: str, cases: Iterable[Case], at: datetime) -> None:
        self.area, self.reach, self.at = area, Reach(at), at
        self.cases = {case.id: case for case in cases}
        self._actors: dict[str, dict[UUID, UUID | None]] = {}
        self._pending: dict[UUID, dict[str, CaseRequest]] | None = None
        self._clocks: dict[UUID, dict[str, Clock]] | None = None

    def forget(self) -> None:
        """Read anew: something was written."""
        self._actors, self._pending, self._clocks = {}, None, None

    def last_actor(self, case: Case, verb: str) -> UUID | None:
        """Who was the last to do `verb`."""
        if verb not in self._actors:
            events = CaseEvent.objects.filter(area=self.area, case_id__in=list(self.cases), verb=verb)
            rows = events.order_by("case_id", "-sequence").distinct("case_id")
            self._actors[verb] = dict(rows.values_list("case_id", "actor_id"))
        return self._actors[verb].get(case.id)

    def pending(self, case: Case) -> dict[str, CaseRequest]:
        """Requests that wait, by kind."""
        if not case.open_requests:
            return {}
        if self._pending is None:
            self._pending = {}
            ids = [one.id for one in self.cases.values() if one.open_requests]
            for found in CaseRequest.objects.filter(
                area=self.area, case_id__in=ids, state=RequestState.PENDING
            ):
                self._pending.setdefault(found.case_id, {})[found.kind] = found
        return self._pending.get(case.id, {})

    def clocks(self, case: Case) -> dict[str, Clock]:
        """Clocks that run or stand still, by name."""
        if self._clocks is None:
            self._clocks = clocks.standing(self.area, self.cases)
        return self._clocks.get(case.id, {})

    def was_granted(self, case: Case, kind: str) -> bool:
        """Whether a request of the kind was approved before."""
        rows = CaseRequest.objects.filter(area=self.area, case_id=case.id, kind=kind)
        return bool(rows.filter(state=RequestState.APPROVED).exists())

    def was_decided(self, case: Case, kind: str) -> bool:
        """Whether a request of the kind was approved or refused before."""
        rows = CaseRequest.objects.filter(area=self.area, case_id=case.id, kind=kind)
        return bool(rows.filter(state__in=[RequestState.APPROVED, RequestState.REFUSED]).exists())


Guard = Callable[[Facts, Case, Actor], ShanzhiError | None]


def _not_reporter(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    own = case.reporter_id is not None and case.reporter_id == actor.account_id
    return errors.SamePerson() if own else None


def _not_closer(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    last = CaseEvent.objects.filter(area=case.area, case_id=case.id, to_state="closed")
    closer = (
        last.exclude(from_state="closed").order_by("-sequence").values_list("actor_id", flat=True).first()
    )
    return errors.SamePerson() if closer is not None and closer == actor.account_id else None


def rating_of(case: Case) -> Rating | None:
    """What the resident said at the end, if anything yet."""
    found: Rating | None = (
        Rating.objects.filter(area=case.area, case_id=case.id).order_by("-sequence").first()
    )
    return found


def _unsolved(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    last = rating_of(case)
    return None if last is not None and not last.solved else errors.RatedSolved()


def _supports_done(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    if not case.open_supports:
        return None
    rows = CaseSupport.objects.filter(area=case.area, case_id=case.id, done_at=None, released_at=None)
    return errors.SupportPending(units="、".join(rows.values_list("unit__name", flat=True)))


def _supports(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    return None if case.open_supports and support_of(case, actor) else NotFound()


def _has_supports(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    return None if case.open_supports else NotFound(field="unit_id")


def support_of(case: Case, actor: Actor) -> CaseSupport | None:
    """What is still asked of the actor's unit to help with the case."""
    units = [post.unit_id for post in actor.posts if post.unit_id is not None]
    rows = CaseSupport.objects.filter(area=case.area, case_id=case.id, done_at=None, released_at=None)
    found: CaseSupport | None = (rows if not actor.posts else rows.filter(unit_id__in=units)).first()
    return found


def _handling(facts: Facts, case: Case) -> Clock | None:
    return facts.clocks(case).get("handle")


def _handling_runs(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    clock = _handling(facts, case)
    runs = clock is not None and clock.state == ClockState.RUNNING and case.bundle_id is None
    return None if runs else errors.NoOwnLimit()


def _handling_not_paused(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    clock = _handling(facts, case)
    return errors.NoOwnLimit() if clock is not None and clock.state == ClockState.PAUSED else None


def _not_overdue(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    clock = _handling(facts, case)
    return errors.AlreadyOverdue() if clock is not None and clock.due_at <= facts.at else None


def _extensions_left(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    return errors.UsedUp(times=roads().extensions) if case.extensions >= roads().extensions else None


def _never_suspended(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    return errors.UsedUp(times=1) if facts.was_granted(case, "suspend") else None


def _never_appealed(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    return errors.UsedUp(times=1) if facts.was_decided(case, "appeal") else None


def _was_overdue(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    return None if case.is_overdue else errors.NeverOverdue()


def _refusals_left(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    spent = case.refused_returns >= roads().refused_returns
    return errors.ForArbitration(times=case.refused_returns) if spent else None


def _refusals_spent(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    return None if case.refused_returns >= roads().refused_returns else errors.NotYetForArbitration()


def _bundled(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    return None if case.bundle_id is not None else NotFound()


def _has_unit(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    return None if case.unit_id is not None else NotFound()


def _was_filed(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    return None if case.condition_id is not None else errors.NeverFiled()


def _never_filed(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    return None if case.condition_id is None else errors.WasFiled()


def _asked_it(facts: Facts, case: Case, actor: Actor) -> ShanzhiError | None:
    return None  # the request itself says who asked: see `_request_refusal`


GUARDS: dict[str, Guard] = {
    "asked_it": _asked_it,
    "bundled": _bundled,
    "extensions_left": _extensions_left,
    "handling_not_paused": _handling_not_paused,
    "handling_runs": _handling_runs,
    "has_supports": _has_supports,
    "never_appealed": _never_appealed,
    "never_filed": _never_filed,
    "never_suspended": _never_suspended,
    "not_closer": _not_closer,
    "not_overdue": _not_overdue,
    "not_reporter": _not_reporter,
    "other_unit": _has_unit,
    "refusals_left": _refusals_left,
    "refusals_spent": _refusals_spent,
    "supports": _supports,
    "supports_done": _supports_done,
    "unsolved": _unsolved,
    "was_filed": _was_filed,
    "was_overdue": _was_overdue,
}


def _request_refusal(edge: Edge, case: Case, actor: Actor, facts: Facts) -> ShanzhiError | None:
    step, kind = request_step(edge)
    found = facts.pending(case).get(kind)
    asked = ASKED[kind]
    if step == "ask":
        return errors.AlreadyAsked(kind_zh=asked.zh, kind_en=asked.en) if found else None
    if found is None:
        return errors.NothingAsked(kind_zh=asked.zh, kind_en=asked.en)
    first = found.consents == 0 and asked.consents == 2
    if step in ("endorse", "decline") and not first or step in ("approve", "refuse") and first:
        return errors.NotYourTurn(kind_zh=asked.zh, kind_en=asked.en)
    # The table keeps the second consent apart from the first; whoever asked gives neither.
    if step in ("endorse", "approve") and found.asked_by is not None and found.asked_by == actor.account_id:
        return errors.SamePerson()
    if step == "withdraw" and found.asked_by != actor.account_id:
        return errors.NotYours()
    return None


def visible(actor: Actor, case: Case, facts: Facts) -> bool:
    """Whether the actor may know of the case; whoever holds its secret may, to rate it."""
    if CASE_RATE in actor.capabilities and actor.channel == "resident":
        return True
    return facts.reach.holds(actor, CASE_VIEW, case)


def refusal(edge: Edge, case: Case, actor: Actor, facts: Facts) -> ShanzhiError | None:
    """Why the actor may not do this to the case now; None when it is allowed."""
    if not actor.can(edge.capability):
        zh, en = LABELS[edge.capability]
        return Refused(what_zh=zh, what_en=en)
    if not facts.reach.holds(actor, edge.capability, case):
        return NotFound()
    if edge.request and (found := _request_refusal(edge, case, actor, facts)):
        return found
    if edge.separate_from and actor.account_id is not None:
        if facts.last_actor(case, edge.separate_from) == actor.account_id:
            return errors.SamePerson()
    for name in edge.guards:
        if found := GUARDS[name](facts, case, actor):
            return found
    return None
