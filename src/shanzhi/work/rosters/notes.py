"""What people wrote at their turns (交班记录、换班理由) as a holding: it may tell of people, and ends in time."""

import hashlib
import json

from django.db.models import Q, QuerySet

from shanzhi.base.retention.holdings import Destroyed, Holding, Scope
from shanzhi.work.rosters.models import Turn


def _rows(scope: Scope) -> "QuerySet[Turn]":
    rows = Turn.objects.filter(~Q(handover="") | ~Q(swap_reason=""))
    if scope.activation_id is not None:
        return rows.filter(shift__roster__activation_id=scope.activation_id)
    return rows.filter(ends_at__lt=scope.before)


def count(scope: Scope) -> int:
    """How many turns still have a note."""
    return _rows(scope).count()


def destroy(scope: Scope) -> Destroyed:
    """Blank the notes; the turn itself stays as a record of the work."""
    digest, ids = hashlib.sha256(), []
    for turn in _rows(scope).select_for_update(of=("self",)).order_by("area", "id"):
        digest.update(json.dumps([turn.area, str(turn.id), turn.handover, turn.swap_reason]).encode())
        ids.append(turn.id)
    Turn.objects.filter(id__in=ids).update(handover="", swap_reason="")
    return Destroyed(len(ids), digest.hexdigest())


NOTES = Holding(
    code="roster-notes",
    zh="交班记录与换班理由",
    en="Handover notes and reasons for swaps",
    purpose_zh="让接班的人知道情况，让排班的人能调班",
    purpose_en="whoever takes over knows how things stand, whoever makes the roster can swap",
    data_class="personal",
    days=180,
    of_activation=True,
    count=count,
    destroy=destroy,
)
