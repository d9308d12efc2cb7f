"""Destroying (执行销毁): one transaction for each holding, so that a run killed half-way goes on where it was.

What a line destroyed, its digest and its sealed event are in the transaction that destroyed it: the certificate is
right whenever the run ends.
"""

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import SYSTEM
from shanzhi.base.retention import actions, holdings, queries
from shanzhi.base.retention.flow import DONE, SIGNED
from shanzhi.base.retention.models import DestructionLine, DestructionRun, LineState, RetentionEvent


def run_through(run_id: UUID, at: datetime) -> bool:
    """Destroy what a signed run still has to; True when it is done. Nothing before its day, nothing on hold."""
    run = DestructionRun.objects.filter(id=run_id, state=SIGNED).first()
    if run is None or run.due_on > localdate(at):
        return DestructionRun.objects.filter(id=run_id, state=DONE).exists()
    for position in run.lines.exclude(state=LineState.DONE).values_list("position", flat=True):
        _destroy(run.id, position, at)
    return _finish(run.id, at)


def _destroy(run_id: UUID, position: int, at: datetime) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [actions.HOLDS])
        run = DestructionRun.objects.select_for_update().get(id=run_id)
        line = DestructionLine.objects.select_for_update().get(run_id=run_id, position=position)
        if run.state != SIGNED or line.state == LineState.DONE:
            return
        holding = holdings.known()[line.holding]
        hold = queries.hold_on(holding, run.activation_id, at)
        if hold is not None:
            if line.hold_id != hold.id:
                line.state, line.hold_id = LineState.HELD, hold.id
                line.save(update_fields=["state", "hold_id"])
                _event(run, line, "held", at, reason=hold.document)
            return
        scope = actions.scope_of(run, line)
        done = holding.destroy(scope)
        line.state, line.hold_id, line.done_at = LineState.DONE, None, at
        line.destroyed, line.digest, line.remained = done.rows, done.digest, holding.count(scope)
        line.save()
        _event(run, line, "destroy", at)


def _event(run: DestructionRun, line: DestructionLine, verb: str, at: datetime, reason: str = "") -> None:
    RetentionEvent.objects.create(
        run=run, verb=verb, from_state=run.state, to_state=run.state, actor_id=None, actor_name=SYSTEM.name,
        reason=reason, holding=line.holding, counted=line.counted, rows=line.destroyed, remained=line.remained,
        digest=line.digest, at=at,
    )  # fmt: skip


def _finish(run_id: UUID, at: datetime) -> bool:
    """Close the run once every line is done; one of an everyday run that is on hold is left to later nights."""
    with transaction.atomic():
        run = DestructionRun.objects.select_for_update().get(id=run_id)
        if run.state != SIGNED:
            return run.state == DONE
        left = run.lines.exclude(state=LineState.DONE)
        if run.activation_id is None:
            left = left.exclude(state=LineState.HELD)
        if left.exists():
            return False
        source, run.state, run.done_at = run.state, DONE, at
        run.digest = certificate_digest(run)
        run.save(update_fields=["state", "done_at", "digest"])
        event = RetentionEvent(
            run=run, verb="finish", from_state=source, to_state=DONE, actor_name=SYSTEM.name, digest=run.digest,
            rows=sum(line.destroyed or 0 for line in run.lines.all()), at=at,
        )  # fmt: skip
        event.save()
    return True


def certificate_digest(run: DestructionRun) -> str:
    """SHA-256 over everything that the certificate says, in a form that is canonical."""
    lines: list[dict[str, Any]] = [
        {
            "holding": line.holding, "zh": line.zh, "en": line.en, "class": line.data_class, "days": line.days,
            "before": _time(line.before), "state": line.state, "counted": line.counted,
            "destroyed": line.destroyed, "remained": line.remained, "digest": line.digest,
            "done": _time(line.done_at), "hold": str(line.hold_id or ""),
        }
        for line in run.lines.order_by("position")
    ]  # fmt: skip
    said = {
        "number": run.number, "scope": run.scope, "response": str(run.activation_id or ""),
        "subject": run.subject, "title": run.title, "basis": run.basis, "rule": run.rule, "due": str(run.due_on),
        "planned": [str(run.planned_by_id or ""), run.planned_by, _time(run.planned_at)],
        "counted": _time(run.counted_at),
        "signed": [
            [str(run.first_signer_id or ""), run.first_signer, run.first_role, _time(run.first_signed_at)],
            [str(run.second_signer_id or ""), run.second_signer, run.second_role, _time(run.second_signed_at)],
        ],
        "done": _time(run.done_at), "lines": lines,
    }  # fmt: skip
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _time(at: datetime | None) -> str:
    from datetime import UTC

    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else ""
