"""Simulated staff at work (模拟处置): which verb comes next for a case, who does it, and when.

Method: discrete events. A step ends when whoever is free first in the role has taken it up and spent its minutes; the
end of one step makes the next. What is decided depends on the state, on what was done before and on repeatable
chance alone, so a replay that was killed goes on from the cases as they stand.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shanzhi.base.access import SYSTEM, Actor
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.worktime import Calendar, Limit, Unit, due_at
from shanzhi.edge.exchange.staff import Chance, Desk, Staff
from shanzhi.edge.exchange.town import Town
from shanzhi.work.cases.actions import Given, Step
from shanzhi.work.cases.effects import is_drawn
from shanzhi.work.cases.flow import CLOSED_LOOP
from shanzhi.work.cases.limits import roads
from shanzhi.work.cases.queries import resident
from shanzhi.work.cases.steps import Said

# After these the outcome is looked at before anything is decided.
LOOKED_AT = frozenset({"close", "approve_special", "confirm_self", "pass_sample"})
_GIVE_UP = 8
_RESIDENT = resident()


@dataclass(slots=True)
class Matter:
    """A case as the simulated staff know it. `at` is when it was last touched, in epoch seconds."""

    id: UUID
    kind: str
    place_id: UUID
    right_unit: UUID
    reporter: UUID | None
    state: str = "reported"
    unit: UUID | None = None
    at: float = 0.0
    done: Counter[str] = field(default_factory=Counter)
    master: UUID | None = None
    refused_returns: int = 0
    is_overdue: bool = False
    solved: bool = True
    until: float = 0.0
    handler: UUID | None = None
    refused: int = 0
    skipped: set[str] = field(default_factory=set)
    turn: int = 0


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


class Simulation:
    """Events of one area in the order of their time."""

    def __init__(self, town: Town, staff: Staff, calendar: Calendar, photo: str) -> None:
        self.town, self.staff, self.calendar, self.photo = town, staff, calendar, photo
        self.chance = Chance(staff.seed)
        self.matters: dict[UUID, Matter] = {}
        self._events: list[tuple[float, int, UUID, int, str, Actor, Given]] = []
        self._count = 0
        self._open_of_kind: dict[tuple[str, UUID], UUID] = {}
        self._merged: dict[UUID, list[UUID]] = {}
        self._unit_ids = sorted(set(town.units.values()))

    def enter(self, matter: Matter) -> None:
        """A case begins, or goes on after a break: decide what comes next."""
        self.matters[matter.id] = matter
        if matter.state == "merged" and matter.master:
            self._merged.setdefault(matter.master, []).append(matter.id)
        self._decide(matter, matter.at)

    def until(self, end: float) -> list[Step]:
        """All steps that end before `end`, in the order of their time."""
        steps: list[Step] = []
        while self._events and self._events[0][0] < end:
            at, _, case_id, turn, verb, actor, given = heapq.heappop(self._events)
            matter = self.matters[case_id]
            if turn != matter.turn:  # decided on what has turned out otherwise
                continue
            steps.append(Step(case_id, verb, actor, _time(at), None, given, uuid7()))
            self._note(matter, verb, at, actor, given)
            if verb not in LOOKED_AT:
                self._decide(matter, at)
        return steps

    @property
    def next_at(self) -> float | None:
        """When the next step ends; None when nothing is under way."""
        return self._events[0][0] if self._events else None

    def correct(self, matter: Matter, *, state: str, unit: UUID | None, is_overdue: bool) -> None:
        """How a case really stands after a step that had to be looked at, or that was refused."""
        matter.state, matter.unit, matter.is_overdue = state, unit, is_overdue
        matter.turn += 1
        self._decide(matter, matter.at)

    def refuse(self, matter: Matter, verb: str) -> bool:
        """A step was refused and is not tried again; False when the staff give the case up."""
        matter.done[verb] -= 1
        matter.skipped.add(verb)
        matter.refused += 1
        return matter.refused <= _GIVE_UP

    def _note(self, matter: Matter, verb: str, at: float, actor: Actor, given: Given) -> None:
        edge = CLOSED_LOOP.edge(matter.state, verb)
        matter.done[verb] += 1
        matter.at, matter.state = at, edge.target
        if verb == "self_handle" and is_drawn(self.town.area, matter.id):
            matter.state = "sampled"
        if verb in ("dispatch", "reassign"):
            matter.unit = given.unit_id
        elif verb in ("handle", "self_handle"):
            matter.handler = actor.account_id
        elif verb in ("refuse_return", "overrule_return"):
            matter.refused_returns += 1
        elif verb == "ask_suspend" and given.until_at:
            matter.until = given.until_at.timestamp()
        elif verb == "rate" and given.rating:
            matter.solved = given.rating.solved
        elif verb == "merge" and given.master_id:
            matter.master = given.master_id
            self._merged.setdefault(given.master_id, []).append(matter.id)
        if edge.target != edge.source and CLOSED_LOOP.state(edge.target).final and matter.id in self._merged:
            for duplicate in self._merged.pop(matter.id):
                other = self.matters[duplicate]
                if other.state == "merged":
                    other.state, other.at = ("closed" if edge.target == "closed" else "declined"), at
                    self._decide(other, at)

    # What comes next

    def _hit(self, matter: Matter, share: str, turn: int = 0) -> bool:
        return self.chance.draw(matter.id, share, turn) < self.staff.shares[share]

    def _seconds(self, matter: Matter, name: str) -> float:
        turn = sum(matter.done.values())
        mean = self.staff.minutes[name] * 60
        return self.chance.lognormal(matter.id, name, turn, mean, self.staff.spread)

    def _push(
        self, matter: Matter, verb: str, desk: Desk | Actor, ready: float, minutes: str, given: Given | None = None
    ) -> None:  # fmt: skip
        given = given or Given(note=f"模拟：{CLOSED_LOOP.edge(matter.state, verb).zh}")
        seconds = self._seconds(matter, minutes)
        if isinstance(desk, Actor):
            done, actor = ready + seconds, desk
        else:
            own = matter.reporter if verb.startswith("verify") else matter.handler
            done, actor = desk.serve(ready, seconds, but=own)
        self._at(matter, verb, actor, done, given)

    def _at(self, matter: Matter, verb: str, actor: Actor, at: float, given: Given) -> None:
        self._count += 1
        heapq.heappush(self._events, (at, self._count, matter.id, matter.turn, verb, actor, given))

    def _decide(self, matter: Matter, ready: float) -> None:
        decide = _DECISIONS.get(matter.state)
        if decide is not None:
            decide(self, matter, ready)

    def _reported(self, m: Matter, ready: float) -> None:
        desks, key = self.town.desks, (m.kind, m.place_id)
        known = self._open_of_kind.get(key)
        master = self.matters.get(known) if known else None
        self._open_of_kind[key] = m.id
        if m.reporter and self._hit(m, "self_handled"):
            given = Given(note="模拟：已现场处理", photos=(self.photo,))
            self._push(m, "self_handle", desks["grid_worker"], ready, "inspect", given)
        elif master and self._can_take(master) and self._hit(m, "duplicate"):
            self._open_of_kind[key] = master.id
            given = Given(note="模拟：与主案重复", master_id=master.id)
            self._push(m, "merge", desks["acceptor"], ready, "accept", given)
        elif self._hit(m, "rejected"):
            self._push(m, "reject", desks["acceptor"], ready, "accept")
        elif self._hit(m, "verified_first"):
            self._push(m, "ask_verify", desks["acceptor"], ready, "accept")
        else:
            self._push(m, "accept", desks["acceptor"], ready, "accept")

    def _can_take(self, master: Matter) -> bool:
        final = CLOSED_LOOP.state(master.state).final
        return not final and master.state not in ("merged", "inspected") and not master.done["merge"]

    def _verifying(self, m: Matter, ready: float) -> None:
        verb = "verify_untrue" if self._hit(m, "verified_untrue") else "verify_true"
        self._push(m, verb, self.town.desks["grid_worker"], ready, "verify")

    def _self_handled(self, m: Matter, ready: float) -> None:
        verb = "doubt_self" if self._hit(m, "self_doubted") else "confirm_self"
        self._push(m, verb, self.town.desks["acceptor"], ready, "accept")

    def _sampled(self, m: Matter, ready: float) -> None:
        verb = "fail_sample" if self._hit(m, "sample_failed") else "pass_sample"
        self._push(m, verb, self.town.desks["grid_worker"], ready, "inspect")

    def _accepted(self, m: Matter, ready: float) -> None:
        if self._hit(m, "declined"):
            self._push(m, "decline", self.town.desks["shift_lead"], ready, "file")
            return
        given = Given(condition_id=self.town.conditions[m.kind].id)
        self._push(m, "file", self.town.desks["shift_lead"], ready, "file", given)

    def _filed(self, m: Matter, ready: float) -> None:
        unit = m.right_unit
        if not m.done["dispatch"] and self._hit(m, "misdirected"):
            unit = self._another(m)
        self._push(
            m, "dispatch", self.town.desks["dispatcher"], ready, "dispatch", Given(unit_id=unit)
        )  # fmt: skip

    def _another(self, m: Matter) -> UUID:
        others = [unit for unit in self._unit_ids if unit != m.right_unit] or [m.right_unit]
        return others[int(self.chance.draw(m.id, "another") * len(others))]

    def _dispatched(self, m: Matter, ready: float) -> None:
        desk = self._unit_desk(m)
        if m.unit != m.right_unit:
            if self._hit(m, "reassigned"):
                given = Given(note="模拟：派错单位", unit_id=m.right_unit)
                self._push(m, "reassign", self.town.desks["dispatcher"], ready, "dispatch", given)
            else:
                self._push(m, "ask_return", desk, ready, "sign", self._cited(m, "模拟：不属本单位职责"))
        elif self._hit(m, "returned", m.done["ask_return"]) and m.done["ask_return"] < 4:
            self._push(m, "ask_return", desk, ready, "sign", self._cited(m, "模拟：请求回退"))
        else:
            self._push(m, "sign", desk, ready, "sign")

    def _unit_desk(self, m: Matter) -> Desk:
        assert m.unit is not None
        return self.town.unit_desks[m.unit]

    def _cited(self, m: Matter, note: str) -> Given:
        return Given(note=note, condition_id=self.town.conditions[m.kind].id)

    def _returning(self, m: Matter, ready: float) -> None:
        refused = m.unit == m.right_unit and self._hit(m, "return_refused", m.done["ask_return"])
        if m.refused_returns >= roads().refused_returns:
            verb, desk = ("overrule_return" if refused else "uphold_return"), self.town.desks["shift_lead"]
        else:
            verb, desk = ("refuse_return" if refused else "approve_return"), self.town.desks["dispatcher"]
        self._push(m, verb, desk, ready, "dispatch")

    def _chain(self, m: Matter) -> tuple[str, Desk | None, str, Given | None] | None:
        """The next step of whatever this case goes through while it is being handled: verb, desk, minutes, input."""
        desks, done = self.town.desks, m.done
        unit, lead = self._unit_desk(m), self.town.lead_desks[m.unit] if m.unit else None
        if self._hit(m, "forwarded") and not done["forward"] and len(unit.people) > 1:
            colleague = unit.anybody(self.chance.draw(m.id, "colleague"))
            return "forward", unit, "sign", Given(assignee_id=colleague.account_id)
        settled = done["approve_extend"] or done["refuse_extend"] or "ask_extend" in m.skipped
        if self._hit(m, "extended") and not settled:
            if not done["ask_extend"]:
                return "ask_extend", unit, "sign", None
            if not done["endorse_extend"]:
                return "endorse_extend", lead, "file", None
            verb = "refuse_extend" if self._hit(m, "extension_refused") else "approve_extend"
            return verb, desks["dispatcher"], "dispatch", None
        if self._hit(m, "supported"):
            other = Given(note="模拟：请协助", unit_id=self._another(m))
            if other.unit_id != m.unit:
                if not done["add_support"]:
                    return "add_support", desks["dispatcher"], "dispatch", other
                if not done["finish_support"]:
                    assert other.unit_id is not None
                    return "finish_support", self.town.unit_desks[other.unit_id], "sign", None
        for share, ask, answer, who in (
            ("urged", "urge", "answer_urge", "acceptor"),
            ("supervised", "supervise", "answer_supervise", "shift_lead"),
        ):
            if self._hit(m, share):
                if not done[ask]:
                    return ask, desks[who], "file", None
                if not done[answer]:
                    return answer, unit, "sign", None
        return self._ending(m)

    def _ending(self, m: Matter) -> tuple[str, Desk | None, str, Given | None] | None:
        desks, done, unit = self.town.desks, m.done, self._unit_desk(m)
        for share, kind in (("voided", "void"), ("special", "special")):
            if self._hit(m, share):
                if not done[f"ask_{kind}"]:
                    return f"ask_{kind}", desks["dispatcher"], "dispatch", None
                return f"approve_{kind}", desks["shift_lead"], "file", None
        if self._hit(m, "suspended") and not (done["approve_suspend"] or done["refuse_suspend"]):
            if not done["ask_suspend"]:
                until = _time(m.at) + timedelta(days=self.staff.suspension_days)
                return "ask_suspend", unit, "sign", Given(note="模拟：条件不具备", until_at=until)
            verb = "refuse_suspend" if self._hit(m, "suspension_refused") else "approve_suspend"
            return verb, desks["dispatcher"], "dispatch", None
        return None

    def _signed(self, m: Matter, ready: float) -> None:
        found = self._chain(m)
        if found is not None and found[0] not in m.skipped:
            verb, desk, minutes, given = found
            assert desk is not None
            self._push(m, verb, desk, ready, minutes, given)
            return
        limit = self.town.conditions[m.kind]
        turn = m.done["handle"]
        share = self.chance.lognormal(m.id, "handling", turn, 1.0, self.staff.handling_spread)
        share *= self.staff.handling_median
        amount = Limit(float(limit.limit_amount) * share, Unit(limit.limit_unit))
        done = due_at(self.calendar, _time(ready), amount).timestamp()
        actor = self._unit_desk(m).anybody(self.chance.draw(m.id, "handler", turn))
        photos = (self.photo,) if limit.photo_required else ()
        self._at(m, "handle", actor, done, Given(note="模拟：处置完毕", photos=photos))

    def _handled(self, m: Matter, ready: float) -> None:
        self._push(m, "feed_back", self._unit_desk(m), ready, "sign")

    def _inspecting(self, m: Matter, ready: float) -> None:
        failed = m.done["rework"] < 2 and self._hit(m, "reworked", m.done["rework"])
        self._push(m, "rework" if failed else "inspect", self.town.desks["grid_worker"], ready, "inspect")

    def _inspected(self, m: Matter, ready: float) -> None:
        self._push(m, "close", self.town.desks["shift_lead"], ready, "file")

    def _suspended(self, m: Matter, ready: float) -> None:
        self._at(m, "wake", SYSTEM, max(m.until, ready), Given())

    def _closed(self, m: Matter, ready: float) -> None:
        desks, done = self.town.desks, m.done
        if m.is_overdue and m.unit and self._hit(m, "appealed") and not done["approve_appeal"]:
            if not done["ask_appeal"]:
                self._push(m, "ask_appeal", self._unit_desk(m), ready, "sign")
                return
            if not done["endorse_appeal"]:
                self._push(m, "endorse_appeal", desks["dispatcher"], ready, "dispatch")
                return
            if not done["refuse_appeal"]:
                verb = "refuse_appeal" if self._hit(m, "appeal_refused") else "approve_appeal"
                self._push(m, verb, desks["shift_lead"], ready, "file")
                return
        if not done["rate"] and self._hit(m, "rated"):
            solved = not self._hit(m, "unsolved")
            said = Given(rating=Said(solved, 4 if solved else 2))
            self._push(m, "rate", _RESIDENT, ready, "rate", said)

    def _rated(self, m: Matter, ready: float) -> None:
        if not m.solved and not m.done["reopen"] and not m.done["reopen_unfiled"]:
            verb = "reopen" if m.done["file"] else "reopen_unfiled"
            self._push(m, verb, self.town.desks["dispatcher"], ready, "dispatch")


_DECISIONS = {
    "reported": Simulation._reported,
    "verifying": Simulation._verifying,
    "self_handled": Simulation._self_handled,
    "sampled": Simulation._sampled,
    "accepted": Simulation._accepted,
    "filed": Simulation._filed,
    "dispatched": Simulation._dispatched,
    "returning": Simulation._returning,
    "signed": Simulation._signed,
    "handled": Simulation._handled,
    "inspecting": Simulation._inspecting,
    "inspected": Simulation._inspected,
    "suspended": Simulation._suspended,
    "closed": Simulation._closed,
    "rated": Simulation._rated,
}
