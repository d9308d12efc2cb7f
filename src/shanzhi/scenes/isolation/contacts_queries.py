"""Every read of the fenced store: by post and community, one hop, for as long as a row may live; each is logged."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import CONTACT_TRACE
from shanzhi.city.modes.flow import LIVE as RESPONSE_LIVE
from shanzhi.city.modes.models import Activation
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import NotFound
from shanzhi.scenes.isolation import queries
from shanzhi.scenes.isolation.contacts_models import ContactFact, ContactPerson, ContactRead, ContactTask
from shanzhi.scenes.isolation.errors import OneHop

NUMBER_PREFIX = "MJ"
FARTHEST_ASKED = 1  # links are computed for the case and for its contacts: one hop from each, nothing beyond
# A response is no larger than needed: often a micro-grid or two of the community.
_LINE_SQL = (
    "SELECT coalesce(array_agg(DISTINCT CASE WHEN descendant_id = %s THEN ancestor_id ELSE descendant_id END), '{}') "
    "FROM places_placeclosure WHERE (descendant_id = %s OR ancestor_id = %s) AND from_on <= %s "
    "AND (to_on IS NULL OR to_on > %s)"
)


def tasks_visible_to(actor: Actor, at: datetime) -> "QuerySet[ContactTask]":
    """Open tasks of the communities for which the actor traces, while their rows may live."""
    rows = ContactTask.objects.filter(closed_at=None, destroy_at__gt=at)
    on, grounds = localdate(at), places.reach(actor, CONTACT_TRACE)
    if grounds is None:
        return rows
    return rows.filter(community_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))


def counted(actor: Actor, at: datetime) -> list[ContactTask]:
    """The tasks with counts of people, the newest first; no person is read for it."""
    alive = Q(destroy_at__gt=at)
    rows = list(tasks_visible_to(actor, at).order_by("-opened_at", "-id")[:200])
    counts = dict(
        ContactPerson.objects.filter(task_id__in=[row.id for row in rows], degree__gte=1)
        .filter(alive)
        .values_list("task_id")
        .annotate(people=Count("id"))
        .order_by()
    )
    for row in rows:
        row.people = counts.get(row.id, 0)
    return rows


def task_for(actor: Actor, area: str, task_id: UUID, at: datetime) -> ContactTask:
    """One task. Raises NotFound."""
    found: ContactTask | None = tasks_visible_to(actor, at).filter(area=area, id=task_id).first()
    if found is None:
        raise NotFound(field="id")
    return found


def people_of(task: ContactTask, at: datetime) -> "QuerySet[ContactPerson]":
    """The people of a task whose day has not come."""
    return ContactPerson.objects.filter(area=task.area, task=task, destroy_at__gt=at)


def person_for(actor: Actor, area: str, person_id: UUID, at: datetime) -> ContactPerson:
    """One person of a task in sight. The caller logs the reading. Raises NotFound."""
    found: ContactPerson | None = (
        ContactPerson.objects.filter(
            area=area, id=person_id, destroy_at__gt=at, task_id__in=tasks_visible_to(actor, at).values("id")
        )
        .select_related("task")
        .first()
    )
    if found is None:
        raise NotFound(field="id")
    return found


def read_people(actor: Actor, task: ContactTask, at: datetime) -> list[ContactPerson]:
    """The people of a task, each reading logged (查看并记录)."""
    found = list(people_of(task, at).order_by("degree", "added_at", "id"))
    log_reads(actor, found, "check", at)
    return found


def log_reads(actor: Actor, people: Iterable[ContactPerson], purpose: str, at: datetime) -> None:
    """Write down who looked, by post, when and what for."""
    posts = actor.posts_with(CONTACT_TRACE)
    ContactRead.objects.bulk_create(
        ContactRead(
            area=one.area, person_id=one.id, post=posts[0].kind if posts else "", reader_id=actor.account_id,
            purpose=purpose, at=at,
        )
        for one in people
    )  # fmt: skip


def readers_of(person: ContactPerson) -> list[ContactRead]:
    """Who has looked at somebody, the newest first: for that person's own page."""
    rows = ContactRead.objects.filter(area=person.area, person_id=person.id)
    return list(rows.order_by("-at", "-id")[:200])


def mark(task_id: UUID, kind: str, value: str, on_day: date | None) -> str:
    """A keyed hash of a fact: equal within a task, never across tasks; blanks and width do not count."""
    plain = re.sub(r"[\s　]+", "", value).translate(_NARROW).lower()
    said = f"{task_id}|{kind}|{on_day or ''}|{plain}".encode()
    key = hashlib.blake2b(
        settings.SHANZHI_FIELD_KEY.encode(), digest_size=32, person=b"shanzhi-contact"
    ).digest()
    return hmac.new(key, said, hashlib.sha256).hexdigest()


_NARROW = {0xFF01 + offset: 0x21 + offset for offset in range(94)}


@dataclass(frozen=True)
class Link:
    """Somebody linked by equal facts, and the kinds of those facts."""

    person: ContactPerson
    kinds: tuple[str, ...]


def links_of(actor: Actor, person: ContactPerson, at: datetime) -> list[Link]:
    """Who of the task shares a door, a household or a session with somebody: one hop, from typed facts alone.

    For the case and its contacts only. Each row read is logged. Raises OneHop for a contact's contact.
    """
    if person.degree > FARTHEST_ASKED:
        raise OneHop(field="id")
    marks = ContactFact.objects.filter(area=person.area, person=person).values_list("mark", flat=True)
    kinds: dict[UUID, set[str]] = {}
    rows = ContactFact.objects.filter(area=person.area, mark__in=list(marks)).exclude(person=person)
    for person_id, kind in rows.values_list("person_id", "kind"):
        kinds.setdefault(person_id, set()).add(kind)
    others = ContactPerson.objects.filter(
        area=person.area, task_id=person.task_id, id__in=kinds, destroy_at__gt=at
    ).order_by("degree", "added_at", "id")
    found = [Link(one, tuple(sorted(kinds[one.id]))) for one in others]
    log_reads(actor, [person, *(link.person for link in found)], "check", at)
    return found


def facts_of(people: Sequence[ContactPerson]) -> dict[UUID, list[ContactFact]]:
    """Person id -> facts."""
    found: dict[UUID, list[ContactFact]] = {}
    ids = [one.id for one in people]
    for fact in ContactFact.objects.filter(area__in={one.area for one in people}, person_id__in=ids):
        found.setdefault(fact.person_id, []).append(fact)
    return found


def response_at(community_id: UUID, on: date) -> Activation | None:
    """The live response with a legal basis at a community, above it or at a part of it; the newest."""
    rows = Activation.objects.filter(
        state=RESPONSE_LIVE, is_compulsory=True,
        place_ids__overlap=RawSQL(f"({_LINE_SQL})", [community_id, community_id, community_id, on, on]),
    ).order_by("-live_at", "-id")  # fmt: skip
    return next((row for row in rows if row.last_on is None or row.last_on >= on), None)


def link_of(person: ContactPerson) -> str:
    """The address of a person's own page."""
    secret = queries.secret_of(person.area, person.id, "contact")
    return f"{settings.SHANZHI_PUBLIC_URL}/r/#/contact/{person.number}/{secret}"


def follow(number: str, secret: str, at: datetime) -> ContactPerson:
    """Somebody's own row by number and secret. Raises NotFound alike for both, and when its day has come."""
    found: ContactPerson | None = (
        ContactPerson.objects.select_related("task")
        .filter(area=number[2:8], number=number, destroy_at__gt=at)
        .first()
    )
    expected = queries.secret_of(found.area, found.id, "contact") if found else "0" * 48
    right = hmac.compare_digest(expected.encode(), secret.encode("utf-8", "replace"))
    if found is None or not right:
        raise NotFound(field="number")
    return found
