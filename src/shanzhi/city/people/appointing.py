"""Appointing many people at once: to posts whose kind says who else than account managers appoints to it."""

from base64 import b32encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import ACCOUNT_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.city.people.errors import OwnPost, PostTakesNoUnit
from shanzhi.city.people.models import Account, Post, PostKind
from shanzhi.city.places import queries as places
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.ids import uuid7


@dataclass(frozen=True)
class Appointment:
    """Somebody to be appointed: an account, or a name for which one is opened."""

    place_id: UUID
    from_on: date
    to_on: date | None
    account_id: UUID | None = None
    display_name: str = ""


def _capability(kind: PostKind, actor: Actor) -> str:
    """The capability by which the actor appoints to the kind. Raises Refused."""
    if kind.appointed_by and actor.can(kind.appointed_by):
        return str(kind.appointed_by)
    actor.require(ACCOUNT_MANAGE)
    return ACCOUNT_MANAGE


def _check_reach(place_ids: Iterable[UUID], capability: str, actor: Actor, on: date) -> None:
    reach = places.reach(actor, capability)
    if reach is None:
        return
    outside = set(place_ids) - places.ids_below(reach, on)
    if outside:
        raise OutsideYourPlaces(field="place_id", name=places.node(min(outside), on).name)


def appoint_many(kind: str, listed: Sequence[Appointment], *, actor: Actor, at: datetime) -> list[Post]:
    """Appoint many to one kind of post (批量任命), in the order of the list; all or nobody.

    An account that is opened here has no password: it opens nothing until an administrator sets one. The kind must
    be one that says by whom it is appointed. Raises Refused, NotFound, InvalidInput, OwnPost, OutsideYourPlaces,
    PostTakesNoUnit.
    """
    found = PostKind.objects.filter(code=kind).first()
    if found is None or not found.appointed_by:
        raise NotFound(field="kind")
    if found.for_unit:
        raise PostTakesNoUnit(field="kind", zh_name=found.zh, en_name=found.en)
    capability = _capability(found, actor)
    if actor.account_id is not None and any(one.account_id == actor.account_id for one in listed):
        raise OwnPost(field="account_id")
    if any(one.to_on is not None and one.to_on <= one.from_on for one in listed):
        raise InvalidInput(
            field="to_on", reason_zh="结束日期应晚于开始日期。", reason_en="It must end after it begins."
        )
    _check_reach({one.place_id for one in listed}, capability, actor, localdate(at))
    known = {one.account_id for one in listed if one.account_id is not None}
    with transaction.atomic():
        if Account.objects.filter(id__in=known).count() != len(known):
            raise NotFound(field="account_id")
        opened = _open_accounts([one.display_name for one in listed if one.account_id is None], at)
        waiting = iter(opened)
        made = Post.objects.bulk_create(
            Post(
                account_id=one.account_id or next(waiting).id, kind=found, place_id=one.place_id,
                from_on=one.from_on, to_on=one.to_on,
            )
            for one in listed
        )  # fmt: skip
        audit.record(
            actor=actor, event="people.appointed-many",
            detail={"kind": kind, "posts": len(made), "accounts_opened": len(opened)}, at=at,
        )  # fmt: skip
    return made


def _open_accounts(names: Sequence[str], at: datetime) -> list[Account]:
    locked = make_password(None)
    made = []
    for name in names:
        account_id = uuid7()
        word = b32encode(account_id.bytes).decode().rstrip("=").lower()
        made.append(
            Account(
                id=account_id,
                username=f"surge-{word}",
                display_name=name,
                password=locked,
                created_at=at,
                password_changed_at=at,
            )  # fmt: skip
        )
    return Account.objects.bulk_create(made)


def end_many(days: Mapping[UUID, date], *, actor: Actor, at: datetime) -> None:
    """End posts, each on its day (批量免除): on that day it is no longer held; one not begun was never held.

    Posts that have ended by then stay as they are. Raises Refused, NotFound, OwnPost, OutsideYourPlaces.
    """
    with transaction.atomic():
        # Not the whole row of the kind: nobody else waits for it.
        posts = list(Post.objects.select_for_update(of=("self",)).filter(id__in=days).select_related("kind"))
        if len(posts) != len(days):
            raise NotFound(field="post_id")
        for capability in {_capability(post.kind, actor) for post in posts}:
            ground = {post.place_id for post in posts if _capability(post.kind, actor) == capability}
            _check_reach(ground, capability, actor, localdate(at))
        if any(post.account_id == actor.account_id for post in posts):
            raise OwnPost(field="post_id")
        ended = []
        for post in posts:
            on = max(days[post.id], post.from_on)
            if post.to_on is None or post.to_on > on:
                post.to_on = on
                ended.append(post)
        Post.objects.bulk_update(ended, ["to_on"])
        for post in ended:
            audit.record(
                actor=actor, event="people.post-ended", subject=str(post.id),
                detail={"to_on": post.to_on.isoformat() if post.to_on else ""}, at=at,
            )  # fmt: skip
