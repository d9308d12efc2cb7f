"""Leads of the fenced store (流调线索): a positive re-test becomes a task for a tracer, who opens tracing from it.

What reports results calls `note`; it never reads anything back. A lead may be made only where the store may be used:
during a live response with a basis. Whoever reads one is logged, as with people.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import CONTACT_TRACE
from shanzhi.base.audit import actions as audit
from shanzhi.base.outbox import actions as outbox
from shanzhi.city.places import queries as places
from shanzhi.city.places.levels import Level
from shanzhi.core.kit.errors import NotFound
from shanzhi.core.kit.texts import text_of
from shanzhi.scenes.isolation import contacts_queries as store
from shanzhi.scenes.isolation.contacts_models import MOST_DAYS, ContactLead, ContactRead, LeadState

TOPIC = "tracing"


@dataclass(frozen=True)
class Found:
    """A household with a positive result: `key` is the reporter's own, the place at or below a community."""

    key: UUID
    area: str
    place_id: UUID
    door: str
    people: int


def note(found: Sequence[Found], at: datetime) -> int:
    """Make a lead of each (记线索), once, in the caller's transaction; how many are new.

    Without a live response with a basis there, nothing is made: the store is closed.
    """
    on, made = localdate(at), []
    for one in found:
        above = [place for place in places.ancestors(one.place_id, on) if place.level == Level.COMMUNITY]
        community = above[0].id if above else one.place_id
        response = store.response_at(community, on)
        if response is None:
            continue
        made.append(
            ContactLead(
                id=_key(one.key), area=one.area, community_id=community, activation_id=response.id,
                door=one.door[:120], people=one.people, found_on=on, made_at=at,
                destroy_at=at + timedelta(days=MOST_DAYS),
            )
        )  # fmt: skip
    known = set(ContactLead.objects.filter(id__in=[one.id for one in made]).values_list("id", flat=True))
    new = [one for one in made if one.id not in known]
    ContactLead.objects.bulk_create(new, ignore_conflicts=True)
    # The news says that there is something, and where: not what, nor at which door.
    outbox.publish([outbox.News(one.area, TOPIC, one.id, "lead", {}, at) for one in new])
    return len(new)


def _key(given: UUID) -> UUID:
    key = hashlib.blake2b(
        settings.SHANZHI_FIELD_KEY.encode(), digest_size=32, person=b"shanzhi-lead"
    ).digest()
    return UUID(bytes=hmac.new(key, given.bytes, hashlib.sha256).digest()[:16])


def visible_to(actor: Actor, at: datetime) -> "QuerySet[ContactLead]":
    """Open leads of the communities for which the actor traces, while their rows may live."""
    rows = ContactLead.objects.filter(state=LeadState.OPEN, destroy_at__gt=at)
    on, grounds = localdate(at), places.reach(actor, CONTACT_TRACE)
    if grounds is None:
        return rows
    return rows.filter(community_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))


def count(actor: Actor, at: datetime) -> int:
    """How many wait; none is read for it."""
    return visible_to(actor, at).count()


def read(actor: Actor, at: datetime) -> list[ContactLead]:
    """The leads that wait, the oldest first; each reading is logged (查看并记录)."""
    found = list(visible_to(actor, at).order_by("made_at", "id")[:200])
    _log(actor, found, at)
    return found


def _log(actor: Actor, found: Sequence[ContactLead], at: datetime) -> None:
    posts = actor.posts_with(CONTACT_TRACE)
    ContactRead.objects.bulk_create(
        ContactRead(
            area=one.area, person_id=one.id, post=posts[0].kind if posts else "", reader_id=actor.account_id,
            purpose="check", at=at,
        )
        for one in found
    )  # fmt: skip


def settle(area: str, lead_id: UUID, state: str, *, actor: Actor, at: datetime, reason: str = "") -> UUID:
    """Take a lead, or dismiss it with a reason (处理线索): its door is blanked; its community. Raises NotFound."""
    actor.require(CONTACT_TRACE)
    said = text_of(reason, "reason", "理由", "The reason", 200, needed=state == LeadState.DISMISSED.value)
    with transaction.atomic():
        if not visible_to(actor, at).filter(area=area, id=lead_id).exists():
            raise NotFound(field="lead")
        row = ContactLead.objects.select_for_update().get(area=area, id=lead_id)
        if row.state != LeadState.OPEN:
            raise NotFound(field="lead")
        row.state, row.settled_by, row.settled_at, row.reason, row.door = (
            state,
            actor.name[:60],
            at,
            said,
            None,
        )
        row.save(update_fields=["state", "settled_by", "settled_at", "reason", "door"])
        audit.record(
            actor=actor, event=f"contacts.lead-{state}", area=area, subject=str(lead_id), at=at,
            detail={"community": str(row.community_id)},
        )  # fmt: skip
    return row.community_id
