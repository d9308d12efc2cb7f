"""Kinds that are offered only while a response lasts (应急事项): which, where, and whether just now."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection

from shanzhi.core.kit.errors import NotFound
from shanzhi.work.catalogue.errors import KindNotOffered
from shanzhi.work.catalogue.models import Kind

# A report that was written while the kind was offered may arrive a little later.
GRACE = timedelta(hours=24)
_OFFERED = """
SELECT DISTINCT o.kind_id FROM catalogue_offeredkind o
WHERE (o.to_at IS NULL OR o.to_at > %s) AND EXISTS (
  SELECT 1 FROM places_placeclosure k WHERE k.descendant_id = %s AND k.ancestor_id = ANY(o.place_ids)
    AND k.from_on <= %s AND (k.to_on IS NULL OR k.to_on > %s))
"""


def offered_at(place_id: UUID, on: date, since: datetime) -> set[UUID]:
    """The kinds that responses offer at a place: those that go on, and those that ended after `since`."""
    with connection.cursor() as cursor:
        cursor.execute(_OFFERED, [since, place_id, on, on])
        return {row[0] for row in cursor.fetchall()}


def kind_of_report(code: str, place_id: UUID, on: date, at: datetime) -> UUID:
    """The id of the kind that a report names. Raises NotFound, KindNotOffered."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, only_in_response FROM catalogue_kind WHERE code = %s", [code])
        row = cursor.fetchone()
    if row is None:
        raise NotFound(field="kind")
    found: UUID = row[0]
    if row[1] and found not in offered_at(place_id, on, at - GRACE):
        raise KindNotOffered(field="kind", name=Kind.objects.values_list("name", flat=True).get(id=found))
    return found


def is_offered(kind: Kind, place_id: UUID, on: date, at: datetime) -> bool:
    """Whether a kind may be used at a place: always, unless it is one of a response."""
    return not kind.only_in_response or kind.id in offered_at(place_id, on, at)
