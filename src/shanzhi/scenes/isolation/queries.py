"""Every read of one isolation. All start from what the actor may see, or from the secret of the person's own page."""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import ISOLATION_CARE, ISOLATION_MANAGE, ISOLATION_VIEW
from shanzhi.city.modes.flow import LIVE as RESPONSE_LIVE
from shanzhi.city.modes.models import Activation
from shanzhi.city.places import queries as places
from shanzhi.core.flow import Edge
from shanzhi.core.kit.errors import NotFound
from shanzhi.scenes.isolation import packs
from shanzhi.scenes.isolation.editions import Missing, Schedule, applying, missing, schedule
from shanzhi.scenes.isolation.flow import ISOLATION, LIVE, MONITORING, PROPOSED, RESIDENT, SlotState
from shanzhi.scenes.isolation.models import Isolation, IsolationEvent, Regime, Slot, Swab

_ABOVE_SQL = (
    "SELECT coalesce(array_agg(DISTINCT ancestor_id), '{}') FROM places_placeclosure "
    "WHERE descendant_id = %s AND from_on <= %s AND (to_on IS NULL OR to_on > %s)"
)
_VERBS = {edge.verb: (edge.zh, edge.en) for edge in ISOLATION.edges}
NUMBER_PREFIX = "GL"


def visible_to(actor: Actor, on: date) -> "QuerySet[Isolation]":
    """Isolations under the places at which the actor sees them."""
    return _under(actor, ISOLATION_VIEW, on)


def cared_for_by(actor: Actor, on: date) -> "QuerySet[Isolation]":
    """People whom the actor cares for: those isolated or observed now, under the places of their posts."""
    return _under(actor, ISOLATION_CARE, on).filter(state__in=LIVE)


def _under(actor: Actor, capability: str, on: date) -> "QuerySet[Isolation]":
    grounds = places.reach(actor, capability)
    if grounds is None:
        return Isolation.objects.all()
    return Isolation.objects.filter(place_id__in=RawSQL(places.BELOW_SQL, [grounds, on, on]))


def in_reach(actor: Actor, capability: str, place_id: UUID, on: date) -> bool:
    """Whether the actor holds the capability for a place."""
    grounds = places.reach(actor, capability)
    return grounds is None or places.is_within(place_id, grounds, on)


def isolation_for(actor: Actor, area: str, isolation_id: UUID, at: datetime) -> Isolation:
    """One that the actor sees. Raises NotFound."""
    found: Isolation | None = (
        visible_to(actor, localdate(at)).select_related("place").filter(area=area, id=isolation_id).first()
    )
    if found is None:
        raise NotFound(field="id")
    return found


def isolation_for_writer(area: str, isolation_id: UUID, *, lock: bool = False) -> Isolation:
    """One whose reader was checked already, read anew; locked in the caller's transaction where asked."""
    rows = Isolation.objects.select_related("place")
    if lock:
        rows = rows.select_for_update(of=("self",))
    return rows.get(area=area, id=isolation_id)


def touched_by(actor: Actor, area: str, isolation_id: UUID, at: datetime) -> Isolation:
    """One that the actor manages or cares for. Raises NotFound."""
    on = localdate(at)
    for rows in (_under(actor, ISOLATION_MANAGE, on), cared_for_by(actor, on)):
        found: Isolation | None = rows.select_related("place").filter(area=area, id=isolation_id).first()
        if found is not None:
            return found
    raise NotFound(field="id")


def secret_of(area: str, row_id: UUID, what: str = "isolation") -> str:
    """The secret of a person's page: 192 bits, derived with a key that only the program holds."""
    message = f"{what}/{area}/{row_id}".encode()
    return hmac.new(settings.SHANZHI_FOLLOW_KEY.encode(), message, hashlib.sha256).hexdigest()[:48]


def link_of(isolation: Isolation) -> str:
    """The address of a person's page."""
    secret = secret_of(isolation.area, isolation.id)
    return f"{settings.SHANZHI_PUBLIC_URL}/r/#/care/{isolation.number}/{secret}"


def follow(number: str, secret: str) -> Isolation:
    """One by its number and secret, ended ones too. Raises NotFound alike for a wrong number and a wrong secret."""
    found: Isolation | None = (
        Isolation.objects.select_related("place").filter(area=number[2:8], number=number).first()
    )
    expected = secret_of(found.area, found.id) if found else "0" * 48
    right = hmac.compare_digest(expected.encode(), secret.encode("utf-8", "replace"))
    if found is None or not right:
        raise NotFound(field="number")
    return found


def resident() -> Actor:
    """Whoever holds the secret: the person, or somebody of the household."""
    return Actor(None, "本人", "resident")


def content_hash(*parts: Any) -> bytes:
    """A keyed hash by which a repetition is told from another content; it tells nothing to whoever copies it."""
    said = json.dumps(parts, ensure_ascii=False, default=str, sort_keys=True).encode()
    return hmac.new(settings.SHANZHI_FOLLOW_KEY.encode(), said, hashlib.sha256).digest()


@dataclass(frozen=True)
class Allowed:
    """A response under which isolation may begin at a place."""

    regime: Regime
    activation: Activation


def allowed_at(place_id: UUID, at: datetime) -> list[Allowed]:
    """The responses that let isolation begin at a place now, the newest first."""
    on = localdate(at)
    rows = Regime.objects.filter(
        place_ids__overlap=RawSQL(f"({_ABOVE_SQL})", [place_id, on, on]), ended_at=None
    ).order_by("-from_at", "-id")
    live = live_activations([row.activation_id for row in rows], on)
    return [Allowed(row, live[row.activation_id]) for row in rows if row.activation_id in live]


def live_activations(ids: Iterable[UUID], on: date) -> dict[UUID, Activation]:
    """Of these responses those that are live, and not beyond their hard last day."""
    rows = Activation.objects.filter(id__in=set(ids), state=RESPONSE_LIVE)
    return {row.id: row for row in rows if row.last_on is None or row.last_on >= on}


def last_on(isolation: Isolation) -> date | None:
    """The hard last day of its response (最晚结束日); None for a voluntary one."""
    if isolation.activation_id is None:
        return None
    found: date | None = (
        Activation.objects.filter(id=isolation.activation_id).values_list("last_on", flat=True).first()
    )
    return found


def schedule_of(isolation: Isolation, on: date) -> Schedule:
    """Its dates, by the edition in force on the day; what ended stays as it was."""
    until, editions = localdate(isolation.ended_at) if isolation.ended_at else on, packs.editions()
    if isolation.edition in editions:
        return applying(editions, isolation.edition, isolation.begun_on, until)
    # A city took the edition out of its pack: what was promised still holds.
    days = (isolation.release_on - isolation.begun_on).days
    more = (isolation.monitored_until_on - isolation.release_on).days
    code = isolation.edition
    return schedule(
        packs.Edition(code, code, code, isolation.begun_on, days, more, [], 0, "", ""), isolation.begun_on
    )


def missing_of(isolation: Isolation, plan: Schedule, at: datetime) -> list[Missing]:
    """What still lacks for an ordinary release."""
    negatives = [
        swab.taken_on
        for swab in Swab.objects.filter(area=isolation.area, isolation=isolation)
        if json.loads(swab.content)["result"] == "negative"
    ]
    unanswered = Slot.objects.filter(
        area=isolation.area, isolation=isolation, state=SlotState.OPEN, due_at__lte=at
    ).values_list("on_day", flat=True)
    return missing(plan, localdate(at), negatives, set(unanswered))


def allowed(actor: Actor, isolation: Isolation, at: datetime) -> list[Edge]:
    """The edges that this actor may take now (allowed_actions), transfers apart: those have a door of their own."""
    on = localdate(at)
    if actor.channel == RESIDENT:
        edges = [edge for edge in ISOLATION.edges_from(isolation.state) if edge.capability == RESIDENT]
        return edges if isolation.is_voluntary else []
    if not in_reach(actor, ISOLATION_MANAGE, isolation.place_id, on):
        return []
    found = []
    for edge in ISOLATION.edges_from(isolation.state):
        if edge.capability == RESIDENT or edge.verb in ("hand_over", "finish", "lapse"):
            continue
        if edge.verb.startswith("sign_"):
            if edge.verb != signing(isolation, on) or actor.account_id == isolation.proposed_by_id:
                continue
        if edge.verb == "propose_release" and missing_of(isolation, schedule_of(isolation, on), at):
            continue
        found.append(edge)
    return found


def signing(isolation: Isolation, on: date) -> str:
    """Which signature fits: health monitoring follows while its days last."""
    return "sign_to_monitoring" if isolation.monitored_until_on > on else "sign_release"


def verb_label(verb: str) -> tuple[str, str]:
    """Chinese and English name of a verb of the isolation itself."""
    return _VERBS.get(verb, (verb, verb))


def events_of(isolation: Isolation) -> list[IsolationEvent]:
    """What happened, oldest first."""
    rows = IsolationEvent.objects.filter(area=isolation.area, isolation_id=isolation.id)
    return list(rows.order_by("at", "id"))


def place_names(place_ids: Iterable[UUID], on: date) -> dict[UUID, str]:
    """Place id -> its name on the day, with that of the place right above."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id, concat_ws(' ', u.name, coalesce(v.name, p.name)) FROM places_place p "
            "LEFT JOIN places_placeversion v ON v.place_id = p.id AND v.from_on <= %(on)s "
            "AND (v.to_on IS NULL OR v.to_on > %(on)s) "
            "LEFT JOIN places_placeclosure k ON k.descendant_id = p.id AND k.depth = 1 AND k.from_on <= %(on)s "
            "AND (k.to_on IS NULL OR k.to_on > %(on)s) "
            "LEFT JOIN places_place u ON u.id = k.ancestor_id WHERE p.id = ANY(%(ids)s)",
            {"on": on, "ids": list(set(place_ids))},
        )
        return dict(cursor.fetchall())


def is_live(isolation: Isolation, on: date) -> bool:
    """Whether somebody is isolated or observed on the day: the hard last day ends it, done or not by a job."""
    if isolation.state not in LIVE:
        return False
    if isolation.state == MONITORING and isolation.monitored_until_on <= on:
        return False
    final = last_on(isolation)
    return final is None or on <= final


def waits_for_signature(isolation: Isolation) -> bool:
    """Whether a release is proposed and not signed yet."""
    return bool(isolation.state == PROPOSED)
