"""What visits lead to (后续): who needs help becomes a case, exactly once; wrong data waits for a manager.

A follow-up is noted by folding, from the visit. Its case is made by the loop, outside the hot path: from an id that
follows from the visit's own, so that a second try finds the first case.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import connection, transaction

from shanzhi.base.access import SYSTEM
from shanzhi.base.rows.encryption import encrypt
from shanzhi.core.kit.errors import ShanzhiError
from shanzhi.core.kit.ids import uuid7
from shanzhi.work.cases.actions import NewReport, create_report
from shanzhi.work.forms import answers as form_answers
from shanzhi.work.forms import packs as forms_packs
from shanzhi.work.forms import queries as forms
from shanzhi.work.sweeps import packs
from shanzhi.work.sweeps.addresses import addresses_of
from shanzhi.work.sweeps.flow import FollowKind, FollowState, Result
from shanzhi.work.sweeps.models import FollowUp, Piece, Submission, Sweep, Visit
from shanzhi.work.sweeps.visits import opened

KINDS = {int(Result.HELP): FollowKind.HELP, int(Result.WRONG): FollowKind.WRONG}
MOST_TRIES = 5
AT_ONCE = 100

log = logging.getLogger("shanzhi.sweeps")

_VISITS = """
SELECT v.area, v.id, v.sweep_id, v.piece_id, p.place_id, v.door, v.result, v.position, s.raw
FROM sweeps_visit v JOIN sweeps_piece p ON p.area = v.area AND p.id = v.piece_id
LEFT JOIN sweeps_submission s ON s.area = v.area AND s.id = v.submission_id
WHERE v.id = ANY(%s)
"""
_NOTE = """
INSERT INTO sweeps_followup (id, area, visit_id, sweep_id, piece_id, place_id, door, kind, state, what, doors, note,
  tries, made_at, settled_by, reason)
SELECT id, area, visit_id, sweep_id, piece_id, place_id, door, kind, 'waiting', what, doors, note, 0, %s, '', ''
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::int[], %s::text[],
  %s::text[], %s::int[], %s::bytea[])
  AS g (id, area, visit_id, sweep_id, piece_id, place_id, door, kind, what, doors, note)
ON CONFLICT DO NOTHING
"""


def item_of(raw: bytes | memoryview | None, position: int) -> dict[str, Any]:
    """What a phone sent as one item; empty when it was destroyed."""
    if raw is None:
        return {}
    return opened(raw)[position]


def note(cursor: Any, visit_ids: Sequence[UUID], at: datetime) -> None:
    """Note what these visits lead to, each once, in the transaction that folds them."""
    if not visit_ids:
        return
    cursor.execute(_VISITS, [list(visit_ids)])
    rows = []
    for area, visit_id, sweep_id, piece_id, place_id, door, result, position, raw in cursor.fetchall():
        item = item_of(raw, position)
        wrong = item.get("wrong") or {}
        said = str(item.get("note") or "")
        rows.append(
            (uuid7(), area, visit_id, sweep_id, piece_id, place_id, door, str(KINDS[result]), wrong.get("what", ""),
             wrong.get("doors"), encrypt(said) if said else None)
        )  # fmt: skip
    rows.sort(key=lambda row: row[2])
    if rows:
        cursor.execute(_NOTE, [at, *(list(column) for column in zip(*rows, strict=True))])


_OF_DRILLS = """
UPDATE sweeps_followup f SET state = 'dismissed', settled_at = %s, settled_by = %s,
  reason = CASE f.kind WHEN 'help' THEN '演练，不转案件' ELSE '演练，不更正登记' END
FROM sweeps_sweep s
WHERE s.id = f.sweep_id AND s.is_drill AND f.state = 'waiting'
"""


def drop_of_drills(at: datetime) -> int:
    """What a drill leads to ends there: no case, no correction (演练不转案件、不更正登记), in one set; how many."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_DRILLS, [at, SYSTEM.name])
        return int(cursor.rowcount)


def make_cases(at: datetime) -> int:
    """Make the cases of those who need help (转案件); how many. Safe beside other workers."""
    made = 0
    with transaction.atomic():
        waiting = FollowUp.objects.select_for_update(skip_locked=True).filter(
            kind=FollowKind.HELP, state=FollowState.WAITING
        )
        drop_of_drills(at)
        for one in waiting.order_by("made_at", "id")[:AT_ONCE]:
            made += _make_case(one, at)
    return made


def _make_case(one: FollowUp, at: datetime) -> bool:
    sweep = Sweep.objects.get(id=one.sweep_id)
    piece = Piece.objects.get(area=one.area, id=one.piece_id)
    case_id = uuid5(one.visit_id, "help")
    try:
        with transaction.atomic():
            receipt = create_report(
                NewReport(
                    id=case_id, kind=forms_packs.newest_of(sweep.form).case_kind, text=_text(one, sweep),
                    place_id=one.place_id, address=addresses_of([piece]).door(piece.id, one.door).address[:200],
                ),
                actor=SYSTEM, at=at,
            )  # fmt: skip
    except ShanzhiError as error:
        log.warning("no case for a visit: %s", error.code)
        one.tries += 1
        one.state = FollowState.FAILED if one.tries >= MOST_TRIES else FollowState.WAITING
        one.save(update_fields=["tries", "state"])
        return False
    one.case_id = receipt.id
    if "help" in packs.cadence(sweep.cadence).restart_on:
        from shanzhi.work.sweeps.actions import restart_for

        restart_for(sweep, one.area, piece.compound_id, at, "该小区有人需要协助")
    return _settle(one, FollowState.CASE, at)


def _settle(one: FollowUp, state: str, at: datetime, reason: str = "") -> bool:
    one.state, one.settled_at, one.settled_by, one.reason = state, at, SYSTEM.name, reason
    one.save(update_fields=["state", "settled_at", "settled_by", "reason", "case_id"])
    return True


def _text(one: FollowUp, sweep: Sweep) -> str:
    """What the case says: no answer that is sensitive goes into it."""
    visit = Visit.objects.get(id=one.visit_id)
    raw = (
        Submission.objects.filter(area=one.area, id=visit.submission_id).values_list("raw", flat=True).first()
    )
    answers = item_of(raw, visit.position).get("answers") or {}
    form = forms.form(sweep.form, sweep.form_version)
    open_ones = {
        question.code: answers[question.code]
        for section in form.sections
        for question in section.questions
        if question.code in answers and not question.sensitive
    }
    parts = [f"敲门行动“{sweep.title}”走访时发现需要协助。", one.note or ""]
    parts += [f"{question}：{said}" for question, said in form_answers.words(form, open_ones)]
    return "\n".join(part for part in parts if part)[:2000]


def waiting() -> int:
    """How many who need help wait for their case."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM sweeps_followup WHERE state = 'waiting' AND kind = %s", [FollowKind.HELP]
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0
