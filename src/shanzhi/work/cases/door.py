"""The one door (唯一入口) for every change of a case's state.

`perform_many` takes steps of one area in one transaction: it locks the cases in the order of their ids, checks each
step against the table, and writes rows, events, clocks and outbox in sets. A step that is refused changes nothing
and holds up no other. What a verb does besides stands in `effects.py`, what forbids it in `guards.py`.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import connection, models, transaction

from shanzhi.base.access import SYSTEM
from shanzhi.base.access.capabilities import CASE_HANDLE
from shanzhi.base.clocks import actions as clocks
from shanzhi.base.clocks import queries as clock_queries
from shanzhi.base.clocks.models import Clock, ClockState
from shanzhi.base.outbox import actions as outbox
from shanzhi.city.people import queries as people
from shanzhi.city.people.models import Account, Unit
from shanzhi.core.flow import Edge
from shanzhi.core.kit.errors import NotFound, ShanzhiError
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.cases import effects
from shanzhi.work.cases.emergency import own_of
from shanzhi.work.cases.errors import SameKeyOtherRequest
from shanzhi.work.cases.flow import CLOSED_LOOP, SIDE_CLOCKS, clock_steps, request_step
from shanzhi.work.cases.guards import Facts, refusal, visible
from shanzhi.work.cases.limits import Due, due, due_on_a_date, handling
from shanzhi.work.cases.models import Case, CaseEvent, CasePhoto, RequestState, Stage
from shanzhi.work.cases.roads import ASKED
from shanzhi.work.cases.steps import Given, Outcome, Step, check_input, conflict
from shanzhi.work.catalogue import queries as catalogue
from shanzhi.work.catalogue.models import Condition

_STAGE = {"handle": Stage.AFTER, "self_handle": Stage.AFTER, "finish_support": Stage.AFTER}
# Columns that a step may change, with their types.
_CHANGED = {
    "state": "text", "version": "int", "kind_id": "uuid", "condition_id": "uuid", "unit_id": "uuid",
    "assignee_id": "uuid", "master_id": "uuid", "bundle_id": "uuid", "limit_amount": "float8",
    "limit_unit": "text", "limit_text": "text", "due_at": "timestamptz", "warn_at": "timestamptz",
    "clock_name": "text", "closed_at": "timestamptz", "close_kind": "text", "extensions": "int",
    "refused_returns": "int", "open_requests": "int", "open_supports": "int", "is_overdue": "bool",
    "is_exempt": "bool", "has_own_limits": "bool",
}  # fmt: skip
_SAVE = (
    "UPDATE cases_case c SET "
    + ", ".join(f"{name} = given.{name}" for name in _CHANGED)
    + " FROM unnest(%s::uuid[], "
    + ", ".join(f"%s::{kind}[]" for kind in _CHANGED.values())
    + f") AS given (id, {', '.join(_CHANGED)}) WHERE c.area = %s AND c.id = given.id"
)


def perform_many(area: str, steps: Sequence[Step]) -> list[Outcome]:
    """Do steps to cases of one area in one transaction; for each the case, or why it was refused.

    Steps of one case are done in their order. All are of one day: who sees what is asked of the tree of the first
    step's day. A step whose `event_id` was done before changes nothing.
    """
    if not steps:
        return []
    outcomes: list[Outcome] = [NotFound()] * len(steps)
    with transaction.atomic():
        batch = Batch(area, steps)
        for chosen in _rounds(steps):
            for index in chosen:
                try:
                    outcomes[index] = batch.take(steps[index])
                except ShanzhiError as error:
                    outcomes[index] = error
            batch.write()
    return outcomes


def _rounds(steps: Sequence[Step]) -> Iterable[list[int]]:
    """Positions of the steps in rounds: no case twice in one, and each case's steps in their order.

    A step that names a master case counts for both.
    """
    rounds: list[list[int]] = []
    seen: dict[UUID, int] = {}
    for index, step in enumerate(steps):
        touched = [step.case_id, *([step.given.master_id] if step.given.master_id else [])]
        number = max(seen.get(case_id, 0) for case_id in touched)
        seen |= dict.fromkeys(touched, number + 1)
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(index)
    return rounds


class Batch:
    """Cases under lock, and what is to be written about them."""

    def __init__(self, area: str, steps: Sequence[Step]) -> None:
        self.area = area
        self._conditions: dict[UUID, Condition] | None = None
        self._in_force: dict[date, dict[UUID, UUID]] = {}
        self._units: dict[UUID, Unit] | None = None
        self._handlers: dict[tuple[UUID, date], list[Account]] = {}
        self.steps = steps
        self._ends = any(CLOSED_LOOP.ends(step.verb) for step in steps)
        self.facts = Facts(area, self._lock(steps), steps[0].at)
        # Under the locks: who repeats a request waits for the first.
        self._done = self._done_before(steps)
        self._begin()

    def _begin(self) -> None:
        self._changed: dict[UUID, Case] = {}
        self._events: list[CaseEvent] = []
        self._photos: list[CasePhoto] = []
        self._rows: dict[UUID, models.Model] = {}
        self._turns: dict[str, list[clocks.Turn]] = {"stop": [], "pause": [], "resume": [], "start": []}
        self._moved: list[clocks.Moved] = []
        self._slept: list[UUID] = []
        self._news: list[outbox.News] = []
        self._next: list[Step] = []

    def _lock(self, steps: Sequence[Step]) -> list[Case]:
        """The cases of the steps, their masters-to-be and their duplicates, in the order of their ids.

        What was merged in before the locks were held is found under them only. Then the locks are given back and
        taken anew, all in order: whoever holds a case and waits for an older one may wait for ever.
        """
        named = {step.case_id for step in steps} | {
            step.given.master_id for step in steps if step.given.master_id
        }
        ids = named | (self._merged_into(named) if self._ends else set())
        while True:
            before = transaction.savepoint() if self._ends else None
            rows = Case.objects.select_for_update().filter(area=self.area, id__in=ids)
            found = list(rows.order_by("id"))
            # Nobody merges into a case that is locked.
            more = self._merged_into(named) - ids if self._ends else set()
            if before and more:
                transaction.savepoint_rollback(before)
            elif before:
                transaction.savepoint_commit(before)
            if not more:
                break
            ids |= more
        # Not by a join: a row that was waited for would be paired with what it referred to before.
        models.prefetch_related_objects(found, "condition", "bundle")
        models.prefetch_related_objects([one for one in found if one.has_own_limits], "own_limits")
        return found

    def _done_before(self, steps: Sequence[Step]) -> dict[UUID, tuple[UUID, str]]:
        """What was done under the ids of these events: to which case, which verb."""
        ids = [step.event_id for step in steps if step.event_id]
        if not ids:
            return {}
        rows = CaseEvent.objects.filter(id__in=ids).values_list("id", "case_id", "verb")
        return {event_id: (case_id, verb) for event_id, case_id, verb in rows}

    def _merged_into(self, ids: set[UUID]) -> set[UUID]:
        rows = Case.objects.filter(area=self.area, master_id__in=ids, state="merged")
        return set(rows.values_list("id", flat=True))

    def duplicates(self, case: Case) -> list[Case]:
        """The cases merged into this one, locked when a step of the batch may end it."""
        return [
            one for one in self.facts.cases.values() if one.master_id == case.id and one.state == "merged"
        ]

    def condition(self, condition_id: UUID) -> Condition:
        """A condition that a step names; all of them are read at once. Raises NotFound."""
        if self._conditions is None:
            named = (step.given.condition_id for step in self.steps)
            self._conditions = catalogue.conditions_by_id(found for found in named if found)
        if condition_id not in self._conditions:
            raise NotFound(field="condition_id")
        return self._conditions[condition_id]

    def is_in_force(self, rule: Condition, on: date) -> bool:
        """Whether a condition is in force on the day; asked for all that steps name at once."""
        if on not in self._in_force:
            kinds = {found.kind_id for found in (self._conditions or {}).values()}
            self._in_force[on] = catalogue.version_by_kind(on, kinds)
        return self._in_force[on].get(rule.kind_id) == rule.version_id

    def unit(self, unit_id: UUID) -> Unit:
        """A unit that a step names; all of them are read at once. Raises NotFound."""
        if self._units is None:
            named = (step.given.unit_id for step in self.steps)
            self._units = people.units_by_id(found for found in named if found)
        if unit_id not in self._units:
            raise NotFound(field="unit_id")
        return self._units[unit_id]

    def handlers(self, unit_id: UUID, on: date) -> list[Account]:
        """Who handles cases for a unit on the day; asked once a unit."""
        if (unit_id, on) not in self._handlers:
            self._handlers[unit_id, on] = people.holders(unit_id, CASE_HANDLE, on)
        return self._handlers[unit_id, on]

    def keep(self, row: models.Model) -> None:
        """Write this row with the batch."""
        self._rows[row.pk] = row

    def follow_on(self, case: Case, verb: str, at: datetime, note: str = "") -> None:
        """Have the program do a verb as a consequence, in the same transaction."""
        self._next.append(Step(case.id, verb, SYSTEM, at, given=Given(note=note)))

    def take(self, step: Step) -> Case:
        """Check one step and, when nothing forbids it, do it in memory. Raises what `perform` raises."""
        case = self.facts.cases.get(step.case_id)
        self.facts.at = step.at
        if case is None or not visible(step.actor, case, self.facts):
            raise NotFound
        if step.event_id and (done := self._done.get(step.event_id)):
            if done != (case.id, step.verb):
                raise SameKeyOtherRequest
            return case
        if step.version is not None and step.version != case.version:
            raise conflict(case)
        edge = CLOSED_LOOP.edge(case.state, step.verb)
        if found := refusal(edge, case, step.actor, self.facts):
            raise found
        check_input(case, edge, step.given)
        unit_before = case.unit_id
        effect = effects.EFFECTS.get(step.verb)
        if effect is not None:
            effect(case, step, self)
        self._turn_clocks(case, edge, step, unit_before)
        verb, kind = request_step(edge)
        if verb:
            effects.move_request(verb, kind, case, step, self)
        ended = CLOSED_LOOP.state(edge.target).final and not CLOSED_LOOP.state(case.state).final
        case.state = edge.target
        case.version += 1
        self._lapse(case, step, unit_before)
        if ended:
            effects.end(case, step, self)
        self._tell(case, edge, step)
        self._changed[case.id] = case
        if step.event_id:
            self._done[step.event_id] = (case.id, step.verb)
        return case

    def _tell(self, case: Case, edge: Edge, step: Step) -> None:
        units, given = step.actor.unit_ids(edge.capability), step.given
        own = case.unit_id if case.unit_id in units else (units[0] if units else None)
        event = CaseEvent(
            id=step.event_id or uuid7(), area=case.area, case=case, sequence=case.version, verb=edge.verb,
            from_state=edge.source, to_state=edge.target, actor_id=step.actor.account_id,
            actor_name=step.actor.name or "市民", unit_id=own,
            named_unit_id=given.unit_id, named_account_id=given.assignee_id, named_case_id=given.master_id,
            named_condition_id=given.condition_id, until_at=given.until_at, note=given.note.strip(),
            public="{note}" in edge.told_zh, at=step.at,
        )  # fmt: skip
        self._events.append(event)
        stage = _STAGE.get(edge.verb, Stage.CHECK)
        for sha256 in dict.fromkeys(given.photos):
            self._photos.append(CasePhoto(area=case.area, case=case, event=event, sha256=sha256, stage=stage))
        self._news.append(outbox.News(case.area, "cases", case.id, edge.verb, {"state": case.state}, step.at))

    def _lapse(self, case: Case, step: Step, unit_before: UUID | None) -> None:
        """Requests that nobody can decide any more are over, and so are those of a unit that gave the case up."""
        for kind, row in list(self.facts.pending(case).items()):
            if row.state != RequestState.PENDING:
                continue
            decided = any(
                request_step(edge) in (("approve", kind), ("answer", kind))
                for edge in CLOSED_LOOP.edges_from(case.state)
            )
            moved = ASKED[kind].of_unit and unit_before is not None and case.unit_id != unit_before
            if moved or not decided:
                effects.finish_request(row, case, RequestState.LAPSED, step, self)
                if kind in self.facts.clocks(case):
                    self._stop(case, kind, step)

    def _turn_clocks(self, case: Case, edge: Edge, step: Step, unit_before: UUID | None) -> None:
        for verb, name in clock_steps(edge):
            standing = self.facts.clocks(case)
            if name == "all":
                for each in list(standing):
                    self._stop(case, each, step)
            elif verb == "stop":
                if name in standing:
                    self._stop(case, name, step)
            elif verb == "pause":
                self._wake(standing[name], step)
                self._turns["pause"].append(clocks.Turn(self.area, case.id, name, step.at))
                self._show(case, name, None)
            elif verb == "resume":
                self._resume(case, name, step)
            elif verb == "recompute":
                self._recompute(case, name)
            elif name in standing and standing[name].state == ClockState.PAUSED:
                # Back at the same unit the rest of its time runs on; another unit has the whole limit.
                if case.unit_id == unit_before:
                    self._resume(case, name, step)
                else:
                    self._stop(case, name, step)
                    self._start(case, name, step)
            else:
                self._start(case, name, step)

    def _start(self, case: Case, name: str, step: Step) -> None:
        if name == "handle":
            case.extensions = 0
        until_at = self.facts.pending(case)["suspend"].until_at if name == "suspend" else None
        found = due_of(case, name, step.at, until_at=until_at)
        self._turns["start"].append(
            clocks.Turn(self.area, case.id, name, step.at, found.due_at, found.warn_at)
        )
        if name not in SIDE_CLOCKS:
            case.clock_name, case.due_at, case.warn_at = name, found.due_at, found.warn_at

    def _stop(self, case: Case, name: str, step: Step) -> None:
        clock = self.facts.clocks(case).pop(name)
        self._wake(clock, step)
        self._turns["stop"].append(clocks.Turn(self.area, case.id, name, step.at))
        still = clock.paused_at if clock.state == ClockState.PAUSED else None
        if name == "handle" and clock.due_at < (still or step.at):
            case.is_overdue = True
        self._show(case, name, None)

    def _wake(self, clock: Clock, step: Step) -> None:
        """A clock that came due and was not told of yet is told of before it stands still."""
        if clock.next_at is not None and clock.next_at <= step.at:
            self._slept.append(clock.id)

    def _resume(self, case: Case, name: str, step: Step) -> None:
        clock = self.facts.clocks(case)[name]
        stood = clock_queries.pauses_of(self.area, [clock.id], step.at).get(clock.id, [])
        found = due_of(case, name, clock.started_at, stood)
        self._turns["resume"].append(
            clocks.Turn(self.area, case.id, name, step.at, found.due_at, found.warn_at)
        )
        self._show(case, "", None)
        case.clock_name, case.due_at, case.warn_at = name, found.due_at, found.warn_at

    def _recompute(self, case: Case, name: str) -> None:
        clock = self.facts.clocks(case).get(name)
        if clock is None:
            return
        stood = clock_queries.pauses_of(self.area, [clock.id], self.facts.at).get(clock.id, [])
        found = due_of(case, name, clock.started_at, stood)
        self._moved.append(clocks.Moved(self.area, clock.id, found.due_at, found.warn_at))
        self._show(case, name, found)

    def _show(self, case: Case, name: str, found: Due | None) -> None:
        """What the case itself says of the clock of its step; nothing when that one no longer runs."""
        if case.clock_name == name:
            case.clock_name = name if found else ""
            case.due_at, case.warn_at = (found.due_at, found.warn_at) if found else (None, None)

    def write(self) -> None:
        """Write what was done, then do what follows from it."""
        if self._changed:
            cases = list(self._changed.values())
            columns = [[getattr(case, name) for case in cases] for name in _CHANGED]
            with connection.cursor() as cursor:
                cursor.execute(_SAVE, [[case.id for case in cases], *columns, self.area])
            CaseEvent.objects.bulk_create(self._events)
            CasePhoto.objects.bulk_create(self._photos)
            for row in self._rows.values():
                row.save()
            clocks.fire_these(self.area, self._slept, self.facts.at)
            for verb in ("stop", "pause", "resume", "start"):
                getattr(clocks, verb)(self._turns[verb])
            clocks.recompute(self._moved, self.facts.at)
            outbox.publish(self._news)
        after = self._next
        self._begin()
        self.facts.forget()
        if after:
            for step in after:
                self.take(step)
            self.write()


def due_of(
    case: Case, name: str, started_at: datetime, pauses: Sequence[tuple[datetime, datetime]] = (),
    *, until_at: datetime | None = None,
) -> Due:  # fmt: skip
    """When a clock of this case warns and is due: by a date that was set, by its bundle, or by its limit."""
    if name == "handle" and case.bundle is not None:
        return due_on_a_date(name, started_at, case.bundle.due_at)
    if until_at is not None:
        return due_on_a_date(name, started_at, until_at)
    return due(
        case.area, name, started_at, handling(case.limit_amount, case.limit_unit, case.extensions), pauses,
        own_of(case, name),
    )  # fmt: skip
