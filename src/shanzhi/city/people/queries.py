"""Every read of people."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.utils.timezone import localdate

from shanzhi.base.access import Actor, ActorPost
from shanzhi.base.access.capabilities import ACCOUNT_MANAGE, ALL_CAPABILITIES
from shanzhi.city.people import sessions
from shanzhi.city.people.models import Account, ApiKey, DeviceToken, Post, PostKind, Unit
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import NotFound

DEVICE_PREFIX = "szd_"
PARTNER_PREFIX = "szk_"
_USED_EVERY = timedelta(minutes=5)

_ACTOR = """
SELECT a.id, a.display_name, a.password, p.id, p.kind_id, p.place_id, p.unit_id, k.capabilities{extra}
FROM people_account a
LEFT JOIN people_post p
  ON p.account_id = a.id AND p.from_on <= %s AND (p.to_on IS NULL OR p.to_on > %s)
LEFT JOIN people_postkind k ON k.code = p.kind_id
{join}WHERE a.is_active AND {where} ORDER BY p.from_on, p.id
"""
_BY_ACCOUNT = _ACTOR.format(extra="", join="", where="a.id = %s")
_BY_DEVICE = _ACTOR.format(
    extra=", d.id, d.last_used_at",
    join="JOIN people_devicetoken d ON d.account_id = a.id\n",
    where="d.hash = %s AND d.revoked_at IS NULL",
)
_BY_SESSION = _ACTOR.format(
    extra=", s.id, s.fingerprint, s.begun_at, s.seen_at",
    join="JOIN people_desksession s ON s.account_id = a.id\n",
    where="s.hash = %s",
)

_SENDERS = """
SELECT d.hash, a.id FROM people_devicetoken d JOIN people_account a ON a.id = d.account_id
WHERE d.hash = ANY(%s::bytea[]) AND d.revoked_at IS NULL AND a.is_active
UNION ALL
SELECT NULL, id FROM people_account WHERE id = ANY(%s::uuid[]) AND is_active
"""


@dataclass(frozen=True)
class PostHeld:
    """A post of an account, in words."""

    kind: str
    kind_zh: str
    kind_en: str
    place_name: str
    unit_name: str


@dataclass(frozen=True)
class PostsAtPlace:
    """How many hold a kind of post at a place, for which unit: no names."""

    kind: str
    kind_zh: str
    kind_en: str
    unit_name: str
    count: int


@dataclass(frozen=True)
class PostsBelow:
    """How many hold a kind of post at a place or below it; `names` those at the place itself."""

    kind: str
    kind_zh: str
    kind_en: str
    count: int
    names: tuple[str, ...]


def _fetch(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def _actor(rows: list[tuple[Any, ...]], channel: str) -> Actor:
    account_id, name = rows[0][:2]
    posts = tuple(
        ActorPost(row[3], row[4], row[5], row[6], frozenset(row[7])) for row in rows if row[3] is not None
    )
    return Actor(account_id, name, channel, posts)


def actor_for_account(account_id: UUID, channel: str, on: date) -> Actor | None:
    """An account in the posts that it holds on the day; None when there is none or it is not active."""
    rows = _fetch(_BY_ACCOUNT, [on, on, account_id])
    return _actor(rows, channel) if rows else None


def actor_for_request(request: HttpRequest, at: datetime) -> Actor | None:
    """Who asks: by bearer token where one is sent, else by session; None for nobody.

    A session whose password has changed since, or whose account is no longer active, ends here.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _actor_for_token(token.strip(), at)
    cookie = sessions.token_in(request)
    if not cookie:
        return None
    on = localdate(at)
    rows = _fetch(_BY_SESSION, [on, on, sessions.token_hash(cookie)])
    if not rows or not sessions.holds(request, rows[0][8:], rows[0][2], at):
        return None
    return _actor(rows, "desk")


def _actor_for_token(token: str, at: datetime) -> Actor | None:
    hashed = sessions.token_hash(token)
    if token.startswith(PARTNER_PREFIX):
        key = ApiKey.objects.filter(hash=hashed, revoked_at=None).first()
        if key is None:
            return None
        return Actor(None, key.name, "partner", capabilities=frozenset(key.scopes) & ALL_CAPABILITIES)
    on = localdate(at)
    rows = _fetch(_BY_DEVICE, [on, on, hashed])
    if not rows:
        return None
    device_id, last_used_at = rows[0][8:]
    if last_used_at is None or at - last_used_at >= _USED_EVERY:
        DeviceToken.objects.filter(id=device_id).update(last_used_at=at)
    return _actor(rows, "phone")


def senders(cursor: Any, hashes: list[bytes], account_ids: list[UUID]) -> tuple[dict[bytes, UUID], set[UUID]]:
    """Whose phones these hashes of tokens are, and which of the accounts are active; in the caller's transaction.

    A token that was revoked, or whose account is not active, is left out.
    """
    cursor.execute(_SENDERS, [hashes, account_ids])
    devices, active = {}, set()
    for hashed, found in cursor.fetchall():
        if hashed is None:
            active.add(found)
        else:
            devices[bytes(hashed)] = found
    return devices, active


def account(account_id: UUID) -> Account:
    """An account. Raises NotFound."""
    found = Account.objects.filter(id=account_id).first()
    if found is None:
        raise NotFound(field="account_id")
    return found


def visible_to(actor: Actor, on: date, capability: str = ACCOUNT_MANAGE) -> "QuerySet[Account]":
    """The accounts with a post, past or present, under the places of the actor; and those without any."""
    grounds = places.reach(actor, capability)
    if grounds is None:
        return Account.objects.all()
    if not grounds:
        return Account.objects.none()
    inside = f"SELECT account_id FROM people_post WHERE place_id IN ({places.BELOW_SQL})"
    return Account.objects.filter(id__in=RawSQL(inside, [grounds, on, on])) | Account.objects.filter(
        posts=None
    )


def unit(unit_id: UUID) -> Unit:
    """A unit. Raises NotFound."""
    found = Unit.objects.filter(id=unit_id).first()
    if found is None:
        raise NotFound(field="unit_id")
    return found


def units_by_id(unit_ids: Iterable[UUID]) -> dict[UUID, Unit]:
    """Units by their ids; those that are not there are left out."""
    return {found.id: found for found in Unit.objects.filter(id__in=set(unit_ids))}


def units_in(place_ids: Iterable[UUID], on: date) -> "QuerySet[Unit]":
    """The units of these places and of all below them, by code."""
    return Unit.objects.filter(place_id__in=RawSQL(places.BELOW_SQL, [list(place_ids), on, on])).order_by(
        "code"
    )


def unit_names(unit_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Unit id -> name."""
    return dict(Unit.objects.filter(id__in=set(unit_ids)).values_list("id", "name"))


def account_names(account_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Account id -> name shown."""
    return dict(Account.objects.filter(id__in=set(account_ids)).values_list("id", "display_name"))


def post_kinds() -> list[PostKind]:
    """Every kind of post, in the order of the pack."""
    return list(PostKind.objects.order_by("position", "code"))


def posts_held(account_id: UUID, on: date) -> list[PostHeld]:
    """The posts of an account on the day, in words."""
    rows = _fetch(
        """
        SELECT k.code, k.zh, k.en, coalesce(v.name, l.name), coalesce(u.name, '')
        FROM people_post p
        JOIN people_postkind k ON k.code = p.kind_id
        JOIN places_place l ON l.id = p.place_id
        LEFT JOIN places_placeversion v
          ON v.place_id = l.id AND v.from_on <= %s AND (v.to_on IS NULL OR v.to_on > %s)
        LEFT JOIN people_unit u ON u.id = p.unit_id
        WHERE p.account_id = %s AND p.from_on <= %s AND (p.to_on IS NULL OR p.to_on > %s)
        ORDER BY k.position, k.code, p.from_on, p.id
        """,
        [on, on, account_id, on, on],
    )
    return [PostHeld(*row) for row in rows]


def posts_at(place_id: UUID, on: date) -> list[PostsAtPlace]:
    """Which posts are held at a place on the day, and by how many."""
    rows = _fetch(
        """
        SELECT k.code, k.zh, k.en, coalesce(u.name, ''), count(*)
        FROM people_post p
        JOIN people_postkind k ON k.code = p.kind_id
        JOIN people_account a ON a.id = p.account_id AND a.is_active
        LEFT JOIN people_unit u ON u.id = p.unit_id
        WHERE p.place_id = %s AND p.from_on <= %s AND (p.to_on IS NULL OR p.to_on > %s)
        GROUP BY k.position, k.code, k.zh, k.en, u.code, u.name
        ORDER BY k.position, k.code, u.code NULLS FIRST
        """,
        [place_id, on, on],
    )
    return [PostsAtPlace(*row) for row in rows]


def posts_below(place_id: UUID, on: date) -> list[PostsBelow]:
    """Which posts are held at a place or below it on the day: how many, and who holds those at the place itself."""
    rows = _fetch(
        f"""
        SELECT k.code, k.zh, k.en, count(*), coalesce(array_agg(a.display_name ORDER BY a.display_name)
          FILTER (WHERE p.place_id = %s), '{{}}')
        FROM people_post p
        JOIN people_postkind k ON k.code = p.kind_id
        JOIN people_account a ON a.id = p.account_id AND a.is_active
        WHERE p.place_id IN ({places.BELOW_SQL}) AND p.from_on <= %s AND (p.to_on IS NULL OR p.to_on > %s)
        GROUP BY k.position, k.code, k.zh, k.en ORDER BY k.position, k.code
        """,
        [place_id, [place_id], on, on, on, on],
    )
    return [PostsBelow(kind, zh, en, count, tuple(names)) for kind, zh, en, count, names in rows]


@dataclass(frozen=True)
class PersonBelow:
    """Somebody in a post at a place or below it."""

    kind: str
    kind_zh: str
    kind_en: str
    name: str
    place_id: UUID
    place_code: str
    place_name: str
    unit_name: str
    from_on: date


def people_below(place_id: UUID, kind: str, on: date, limit: int) -> tuple[int, list[PersonBelow]]:
    """Who holds posts at a place or below it on the day, of one kind or of all, by place: how many, and the first."""
    rows = _fetch(
        f"""
        SELECT k.code, k.zh, k.en, a.display_name, l.id, coalesce(v.code, l.code), coalesce(v.name, l.name),
          coalesce(u.name, ''), p.from_on, count(*) OVER ()
        FROM people_post p
        JOIN people_postkind k ON k.code = p.kind_id
        JOIN people_account a ON a.id = p.account_id AND a.is_active
        JOIN places_place l ON l.id = p.place_id
        LEFT JOIN places_placeversion v
          ON v.place_id = l.id AND v.from_on <= %s AND (v.to_on IS NULL OR v.to_on > %s)
        LEFT JOIN people_unit u ON u.id = p.unit_id
        WHERE p.place_id IN ({places.BELOW_SQL}) AND p.from_on <= %s AND (p.to_on IS NULL OR p.to_on > %s)
          AND (%s = '' OR k.code = %s)
        ORDER BY k.position, k.code, coalesce(v.code, l.code), a.display_name, p.id LIMIT %s
        """,
        [on, on, [place_id], on, on, on, on, kind, kind, limit],
    )
    return (rows[0][-1] if rows else 0), [PersonBelow(*row[:-1]) for row in rows]


def holders(unit_id: UUID, capability: str, on: date) -> list[Account]:
    """The accounts that hold a capability for the unit on the day, by name."""
    held = Post.objects.filter(unit_id=unit_id, kind__capabilities__contains=[capability], from_on__lte=on)
    held = held.exclude(to_on__lte=on)
    return list(
        Account.objects.filter(is_active=True, id__in=held.values("account_id")).order_by("display_name")
    )
