"""Reading clocks."""

from collections.abc import Iterable
from uuid import UUID

from shanzhi.base.clocks.models import Clock


def for_subjects(area: str, subject_ids: Iterable[UUID]) -> dict[UUID, list[Clock]]:
    """The clocks of each subject, oldest first, stopped ones included."""
    found: dict[UUID, list[Clock]] = {}
    rows = Clock.objects.filter(area=area, subject_id__in=list(subject_ids))
    for clock in rows.order_by("started_at", "id"):
        found.setdefault(clock.subject_id, []).append(clock)
    return found
