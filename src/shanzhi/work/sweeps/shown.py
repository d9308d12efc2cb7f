"""Sweeps as the endpoints show them."""

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
import shapely
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import SWEEP_MANAGE
from shanzhi.city.places import queries as places
from shanzhi.city.places.models import Place
from shanzhi.work.forms import packs as form_packs
from shanzhi.work.forms import queries as form_queries
from shanzhi.work.sweeps import courses, group, packs, queries, shapes, snapshot
from shanzhi.work.sweeps.flow import DRAFT, ISSUED, SWEEP, FollowKind, Result
from shanzhi.work.sweeps.models import Sweep, SweepEvent, Turn

_OTHER_VERBS = {
    "draft": ("拟制", "Drafted"),
    "edit": ("修改", "Edited"),
    "revisit": ("组织复访", "Divided what remained anew"),
    "restart": ("重新计天", "Counted days anew"),
    "group": ("导入名单", "Imported a list of doors"),
    "ungroup": ("清空名单", "Took the list off"),
    "erase": ("销毁填写内容", "Destroyed answers"),
}


def form_out(form: form_packs.Form) -> shapes.FormOut:
    """A version of a form."""
    return shapes.FormOut(
        form.code, form.version, form.zh, form.en,
        [
            shapes.FormSectionOut(
                section.code, section.zh, section.en,
                [
                    shapes.FormQuestionOut(
                        one.code, one.zh, one.en, one.kind, one.required, one.sensitive, one.least, one.most,
                        [shapes.SweepNamedOut(choice.code, choice.zh, choice.en) for choice in one.choices],
                        one.hint_zh, one.hint_en,
                    )
                    for one in section.questions
                ],
            )
            for section in form.sections
        ],
    )  # fmt: skip


def cadence_out(one: packs.Cadence) -> shapes.CadenceOut:
    """A cadence."""
    rules = [
        shapes.CadenceRuleOut(rule.code, rule.zh, rule.en, rule.form, rule.does, rule.days)
        for rule in one.rules
    ]
    return shapes.CadenceOut(one.code, one.zh, one.en, len(one.slots), one.days, bool(one.restart_on), rules)


def _named(codes: Iterable[str], known: dict[str, Any]) -> list[shapes.SweepNamedOut]:
    found = []
    for code in codes:
        one = known.get(code)
        zh, en = one if isinstance(one, tuple) else (one.zh, one.en) if one else (code, code)
        found.append(shapes.SweepNamedOut(code, zh, en))
    return found


def options() -> shapes.SweepOptionsOut:
    """Everything that a composer offers."""
    return shapes.SweepOptionsOut(
        templates=[
            shapes.SweepTemplateOut(
                one.code, one.title_zh, one.title_en, one.form, one.targets, one.reasons, one.cadence, one.hours,
                one.per_head, one.hazard, one.body,
            )
            for one in packs.templates().values()
        ],
        forms=[form_out(one) for one in form_packs.newest().values()],
        targets=_named(packs.TARGETS, packs.TARGETS),
        cadences=[cadence_out(one) for one in packs.cadences().values()],
        reasons=_named(packs.reasons(), packs.reasons()),
        bases=_named(packs.bases(), packs.bases()),
        results=[shapes.SweepNamedOut(one.code, one.zh, one.en) for one in packs.results()],
    )  # fmt: skip


def numbers_out(found: queries.Numbers) -> shapes.SweepNumbersOut:
    """How far it got."""
    return shapes.SweepNumbersOut(
        found.doors, found.visited, found.absent, found.refused, found.vacant, found.help, found.wrong,
        found.settled, found.remaining,
    )  # fmt: skip


def preview_out(found: tuple[snapshot.Doors, int], per_head: int) -> shapes.SweepPreviewOut:
    """Doors and people of a preview."""
    doors, people = found
    return shapes.SweepPreviewOut(
        doors.doors, doors.homes, doors.shops, people, math.ceil(doors.doors / per_head),
        math.ceil(doors.doors / people) if people else doors.doors,
    )  # fmt: skip


def turn_out(turn: Turn, sweep: Sweep, numbers: queries.Numbers, at: datetime) -> shapes.TurnOut:
    """A turn, with the numbers in sight."""
    is_open = sweep.state == ISSUED and turn.opens_at <= at < turn.closes_at
    return shapes.TurnOut(
        turn.number,
        turn.zh,
        turn.en,
        turn.opens_at,
        turn.closes_at,
        is_open,
        turn.revisits,
        numbers_out(numbers),
    )


def _place_names(ids: Iterable[UUID]) -> dict[UUID, str]:
    return dict(Place.objects.filter(id__in=set(ids)).values_list("id", "name"))


def _form_of(sweep: Sweep) -> form_packs.Form:
    if sweep.form_version is not None:
        return form_queries.form(sweep.form, sweep.form_version)
    return form_packs.newest_of(sweep.form)


def rows_out(sweeps: Sequence[Sweep], actor: Actor, at: datetime) -> list[shapes.SweepRowOut]:
    """Sweeps in a list, each with the part in sight of its newest turn."""
    names = _place_names(sweep.place_id for sweep in sweeps)
    newest: dict[UUID, Turn] = {
        turn.sweep_id: turn for turn in Turn.objects.filter(sweep__in=sweeps).order_by("sweep_id", "number")
    }
    on = localdate(at)
    return [
        row_out(
            sweep, queries.numbers(sweep, newest.get(sweep.id), queries.scope_of(actor, sweep, on)),
            names[sweep.place_id],
        )
        for sweep in sweeps
    ]  # fmt: skip


def row_out(sweep: Sweep, numbers: queries.Numbers, place_name: str) -> shapes.SweepRowOut:
    """A sweep in a list."""
    state, form = SWEEP.state(sweep.state), _form_of(sweep)
    return shapes.SweepRowOut(
        sweep.id, sweep.number, sweep.title, sweep.state, state.zh, state.en,
        shapes.SweepPlaceOut(sweep.place_id, place_name), form.zh, form.en, sweep.is_drill, sweep.drafted_by,
        sweep.drafted_at, sweep.issued_at, sweep.until_at, sweep.ended_at, numbers_out(numbers),
    )  # fmt: skip


def sweep_out(sweep: Sweep, actor: Actor, at: datetime) -> shapes.SweepOut:
    """The whole of a sweep, the part in sight."""
    on = localdate(at)
    scope = queries.scope_of(actor, sweep, on)
    turns = queries.turns_of(sweep)
    names = _place_names([*sweep.place_ids, sweep.place_id])
    newer = Sweep.objects.filter(supersedes=sweep).values_list("id", flat=True).first()
    outline = (
        msgspec.json.decode(shapely.to_geojson(shapely.from_wkb(bytes(sweep.outline))))
        if sweep.outline
        else None
    )
    numbers = {turn.number: queries.numbers(sweep, turn, scope) for turn in turns}
    last = numbers[turns[-1].number] if turns else queries.numbers(sweep, None, scope)
    return shapes.SweepOut(
        row=row_out(sweep, last, names[sweep.place_id]), body=sweep.body,
        places=[shapes.SweepPlaceOut(one, names.get(one, "")) for one in sweep.place_ids], outline=outline,
        targets=_named(sweep.targets, packs.TARGETS), reasons=_named(sweep.reasons, packs.reasons()),
        form=form_out(_form_of(sweep)), cadence=cadence_out(packs.cadence(sweep.cadence)), per_head=sweep.per_head,
        template=sweep.template, activation_id=sweep.activation_id, issued_by=sweep.issued_by,
        supersedes=sweep.supersedes_id, superseded_by=newer, answers_erased_at=sweep.answers_erased_at,
        turns=[turn_out(turn, sweep, numbers[turn.number], at) for turn in turns],
        people=queries.visitors(sweep.place_ids, at), actions=_actions(sweep, actor, turns, at),
        events=[_event_out(one) for one in SweepEvent.objects.filter(sweep=sweep)], rules=_rules(sweep, scope),
        beyond=courses.beyond(sweep, packs.cadence(sweep.cadence), localdate(sweep.until_at)),
        group=_group(sweep, actor, on),
    )  # fmt: skip


def _group(sweep: Sweep, actor: Actor, on: date) -> shapes.SweepGroupOut:
    """The list that came by a file."""
    basis, grounds = packs.bases().get(sweep.group_basis), places.reach(actor, SWEEP_MANAGE)
    may = grounds is None or all(places.is_within(one, grounds, on) for one in sweep.place_ids)
    return shapes.SweepGroupOut(
        group.count(sweep.id), sweep.group_purpose, basis.zh if basis else "", basis.en if basis else "",
        may and group.is_open(sweep),
    )  # fmt: skip


def _rules(sweep: Sweep, scope: list[UUID] | None) -> list[shapes.SweepRuleOut]:
    """The rules of its cadence with how many doors each moved; those destroyed together."""
    told = {one.rule: one for one in courses.told(sweep.id, scope, queries.day_of(sweep))}
    found = []
    for rule in packs.door_rules(sweep.cadence, sweep.form):
        one = told.pop(rule.code, None)
        found.append(
            shapes.SweepRuleOut(
                rule.code, rule.zh, rule.en, rule.does, one.doors if one else 0, one.last_on if one else None
            )
        )
    if told:
        doors, last = sum(one.doors for one in told.values()), max(one.last_on for one in told.values())
        found.append(shapes.SweepRuleOut("", "原因已销毁", "Reason destroyed", "restart", doors, last))
    return found


def _event_out(event: SweepEvent) -> shapes.SweepEventOut:
    edge = next((one for one in SWEEP.edges if one.verb == event.verb), None)
    zh, en = (edge.zh, edge.en) if edge else _OTHER_VERBS.get(event.verb, (event.verb, event.verb))
    return shapes.SweepEventOut(event.verb, zh, en, event.actor_name, event.reason, event.at)


def _actions(sweep: Sweep, actor: Actor, turns: Sequence[Turn], at: datetime) -> list[shapes.SweepActionOut]:
    grounds = places.reach(actor, SWEEP_MANAGE)
    on = localdate(at)
    if grounds is not None and not all(places.is_within(one, grounds, on) for one in sweep.place_ids):
        return []
    found = []
    for edge in SWEEP.edges_from(sweep.state):
        if edge.verb == "supersede" or (edge.verb == "issue" and actor.account_id == sweep.drafted_by_id):
            continue
        found.append(
            shapes.SweepActionOut(edge.verb.replace("_", "-"), edge.zh, edge.en, "reason" in edge.requires)
        )
    if sweep.state == DRAFT:
        found.append(shapes.SweepActionOut("edit", "修改", "Edit", False))
    if sweep.state == ISSUED:
        found.append(shapes.SweepActionOut("correct", "更正", "Correct", False))
        if turns and queries.numbers_of([turns[-1]]).remaining:
            found.append(shapes.SweepActionOut("revisit", "组织复访", "Divide what remains anew", False))
        if packs.cadence(sweep.cadence).restart_on:
            found.append(shapes.SweepActionOut("restart", "重新计天", "Count days anew", True))
    return found


def coverage_out(
    sweep: Sweep, number: int | None, place_id: UUID | None, actor: Actor, at: datetime
) -> shapes.CoverageOut:
    """Coverage of a turn (覆盖情况): roll-ups, a second or two old."""
    scope = queries.scope_of(actor, sweep, localdate(at))
    queries.check_place(sweep, place_id, scope)
    turn = queries.turn_of(sweep, number, at)
    if turn is None:
        empty = numbers_out(queries.numbers(sweep, None, scope))
        return shapes.CoverageOut(None, empty, [], [], 0, 0)
    tops = [place_id] if place_id is not None else scope
    numbers = queries.numbers(sweep, turn, tops)
    waiting = queries.waiting_of(sweep, tops)
    return shapes.CoverageOut(
        turn_out(turn, sweep, queries.numbers(sweep, turn, scope), at), numbers_out(numbers),
        [
            shapes.CoverPointOut(one.at, one.doors, one.settled, one.absent)
            for one in (queries.curve(sweep, turn) if scope is None and place_id is None else [])
        ],
        [
            shapes.CoverLineOut(one.place_id, one.name, one.level, numbers_out(one.numbers), one.has_below)
            for one in queries.by_place(sweep, turn, place_id, scope)
        ],
        waiting.get(FollowKind.HELP, 0), waiting.get(FollowKind.WRONG, 0),
    )  # fmt: skip


def result_code(byte: int) -> str:
    """The code of a byte of state: open, visited, absent …"""
    return Result(byte).name.lower()


def lists_out(found: Iterable[queries.ListLine]) -> list[shapes.ListLineOut]:
    """How the doors are shared."""
    return [
        shapes.ListLineOut(
            one.place_id, one.name, one.code, one.people, one.doors, one.remaining,
            math.ceil(one.remaining / one.people) if one.people else one.remaining,
        )
        for one in found
    ]  # fmt: skip
