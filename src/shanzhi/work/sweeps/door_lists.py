"""Doors as the endpoints show them: somebody's own list, what was missed, the doors of a piece."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import IntegrityError, connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.audit import actions as audit
from shanzhi.city.places.models import Place
from shanzhi.core.kit.errors import NotFound, ShanzhiError
from shanzhi.core.kit.outcomes import INVALID, Outcome
from shanzhi.core.kit.texts import text_of
from shanzhi.work.forms import packs as form_packs
from shanzhi.work.forms import queries as forms
from shanzhi.work.sweeps import courses, packs, queries, shapes, visits
from shanzhi.work.sweeps.addresses import addresses_of
from shanzhi.work.sweeps.flow import Result, Unit
from shanzhi.work.sweeps.models import Away, Piece, Sweep
from shanzhi.work.sweeps.shown import form_out, result_code

_KINDS = {
    Unit.HOME: "home", Unit.COMPOUND_HOME: "home", Unit.SHOP: "shop", Unit.COMPOUND_SHOP: "shop",
    Unit.COMPOUND: "compound",
}  # fmt: skip


def _hidden(form: form_packs.Form) -> set[str]:
    return {one.code for section in form.sections for one in section.questions if one.sensitive}


def _last(
    pieces: Sequence[Piece], form: form_packs.Form
) -> dict[tuple[UUID, int], tuple[dict[str, Any], bool]]:
    """Of each door the newest answers that are not sensitive, and whether there are others."""
    hidden, read, found = _hidden(form), {}, {}
    for piece, door, position, raw in queries.last_raw(pieces):
        text = bytes(raw)
        items = read.get(text)
        if items is None:
            items = read[text] = visits.opened(text)
        answers = items[position].get("answers") or {}
        found[piece, door] = (
            {code: value for code, value in answers.items() if code not in hidden},
            any(code in hidden for code in answers),
        )
    return found


def mine_out(account_id: UUID, at: datetime) -> shapes.MyListsOut:
    """Somebody's lists (我的敲门单): priority first, then the way; who is to be visited again, by that time."""
    away = Away.objects.filter(account_id=account_id, to_at=None).exists()
    return shapes.MyListsOut(away, [_list_out(one, at) for one in queries.mine(account_id, at)])


def _list_out(mine: queries.Mine, at: datetime) -> shapes.MyListOut:
    sweep, turn, pieces = mine.sweep, mine.turn, list(mine.pieces.values())
    form = forms.form(sweep.form, sweep.form_version)
    addresses, seen, last = addresses_of(pieces), queries.seen(pieces, turn.number), _last(pieces, form)
    settles, cadence = packs.rule().settles, packs.cadences().get(sweep.cadence)
    doors, done, on = [], 0, localdate(at)
    with connection.cursor() as cursor:
        moved = courses.of_sweep(cursor, sweep.id, [one.id for one in pieces])
    for share in mine.shares:
        piece = mine.pieces[share.piece_id]
        states, priority = mine.states.get(piece.id, b""), set(piece.priority)
        for number in share.doors:
            door, there = addresses.door(piece.id, number), seen.get((piece.id, number))
            answers, has_hidden = last.get((piece.id, number), (None, False))
            state = states[number] if number < len(states) else 0
            # What was seen a moment ago counts, though it is not folded yet.
            shown = state if state or there is None else there.result
            done += shown in settles
            course = moved.get((piece.id, number))
            first = courses.day_one(piece.anchor_on, course)
            doors.append(
                shapes.MyDoorOut(
                    piece.area, piece.id, number, _KINDS[Unit(door.kind)], door.address, number in priority,
                    result_code(shown), there.happened_at if there else None, there.name if there else "",
                    there.revisit_at if there and shown == Result.ABSENT else None, answers, has_hidden,
                    (on - first).days + 1 if cadence and cadence.slots else 0, course.from_on if course else None,
                    courses.longer_to(piece.anchor_on, course),
                )
            )  # fmt: skip
    return shapes.MyListOut(
        sweep.id, sweep.number, sweep.title, sweep.body, sweep.is_drill, sweep.until_at, turn.number, turn.zh,
        turn.en, turn.closes_at, form_out(form), doors, done,
    )  # fmt: skip


def doors_out(actor: Actor, area: str, piece_id: UUID, turn: int, at: datetime) -> list[shapes.DoorOut]:
    """The doors of a piece and who was there last, straight from the visits. Raises NotFound."""
    piece = queries.piece_for(actor, area, piece_id, localdate(at))
    addresses, seen = addresses_of([piece]), queries.seen([piece], turn)
    found = []
    for number in range(piece.doors):
        there = seen.get((piece.id, number))
        found.append(
            shapes.DoorOut(
                number, addresses.door(piece.id, number).address, result_code(there.result if there else 0),
                there.happened_at if there else None, there.name if there else "",
                there.revisit_at if there else None,
            )
        )  # fmt: skip
    return found


def hidden_answers(
    actor: Actor, area: str, piece_id: UUID, door: int, reason: str, at: datetime
) -> dict[str, Any]:
    """All the newest answers of a door, against a reason; who asked and why is recorded. Raises NotFound."""
    said = text_of(reason, "reason", "理由", "The reason", 200)
    piece = queries.piece_for(actor, area, piece_id, localdate(at))
    raw = next((row for row in queries.last_raw([piece]) if row[1] == door), None)
    if raw is None:
        raise NotFound(field="door")
    audit.record_reveal(
        actor=actor, area=area, subject=str(piece.id),
        detail={"what": "answers", "door": door, "sweep": str(piece.sweep_id), "reason": said}, at=at,
    )  # fmt: skip
    return visits.opened(raw[3])[raw[2]].get("answers") or {}


def missed_out(found: Sequence[queries.Missed], turn: int) -> list[shapes.MissedDoorOut]:
    """Doors that remain, with where they are."""
    pieces = [one.piece for one in found]
    addresses, seen = addresses_of(pieces), queries.seen(pieces, turn)
    names = dict(Place.objects.filter(id__in=[one.place_id for one in pieces]).values_list("id", "name"))
    rows = []
    for one in found:
        priority = set(one.piece.priority)
        for number in sorted([*one.open, *one.absent]):
            there = seen.get((one.piece.id, number))
            rows.append(
                shapes.MissedDoorOut(
                    one.piece.area, one.piece.id, number, names.get(one.piece.place_id, ""),
                    addresses.door(one.piece.id, number).address, "open" if number in one.open else "absent",
                    there.revisit_at if there else None, number in priority,
                )
            )  # fmt: skip
    return rows


def take_visits(
    items: Sequence[dict[str, Any]], account_id: UUID, at: datetime
) -> list[shapes.VisitOutcomeOut]:
    """What somebody sends where the hot door cannot be reached: the same reading, the same taking."""
    read: list[tuple[str | None, visits.Submission | ShanzhiError]] = []
    for item in items:
        known = item.get("id")
        try:
            one = visits.submission(account_id, visits.read(msgspec.json.encode(item)))
        except ShanzhiError as error:
            read.append((known if isinstance(known, str) else None, error))
            continue
        read.append((str(one.visit.id), one))
    good = [one for _, one in read if isinstance(one, visits.Submission)]

    def take() -> list[Outcome]:
        with transaction.atomic(), connection.cursor() as cursor:
            return visits.take(cursor, good, at)

    try:
        taken = iter(take())
    except IntegrityError:  # the hot door took the same at the same time
        taken = iter(take())
    outcomes = [
        next(taken) if isinstance(one, visits.Submission) else Outcome(INVALID, one) for _, one in read
    ]
    return [
        shapes.VisitOutcomeOut(known, outcome.status, _error_out(outcome.error))
        for (known, _), outcome in zip(read, outcomes, strict=True)
    ]


def _error_out(error: ShanzhiError | None) -> shapes.SweepErrorOut | None:
    if error is None:
        return None
    return shapes.SweepErrorOut(
        error.code, error.status, error.sentence("zh"), error.sentence("en"), error.field
    )


def form_of(sweep: Sweep) -> form_packs.Form:
    """The form of a sweep that was issued."""
    return forms.form(sweep.form, sweep.form_version)
