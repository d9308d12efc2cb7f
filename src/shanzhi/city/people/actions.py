"""The verbs of units, accounts and posts: the only writers."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import ACCOUNT_MANAGE, ALL_CAPABILITIES, SECURITY_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.city.people import queries, sessions
from shanzhi.city.people.appointing import Appointment, appoint_many, end_many
from shanzhi.city.people.errors import (
    DutiesConflict,
    OwnPost,
    PostEnded,
    PostNeedsUnit,
    PostTakesNoUnit,
    UsernameTaken,
)
from shanzhi.city.people.models import Account, ApiKey, DeviceToken, Post, PostKind, Unit
from shanzhi.city.people.passwords import check_password_rules
from shanzhi.city.people.sign_in import sign_in, sign_out
from shanzhi.city.places import queries as places
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.city.places.models import Place
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.yaml_files import read_yaml

__all__ = [
    "Appointment", "Enrolment", "appoint", "appoint_many", "create_account", "create_unit", "end_many", "end_post",
    "enrol", "issue_api_key", "issue_device_token", "load_post_kinds", "revoke_api_key", "revoke_device_token",
    "set_active", "set_password", "sign_in", "sign_out",
]  # fmt: skip

SEPARATE_DUTIES = frozenset({"system_admin", "security_admin", "audit_admin"})
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")


def _text(value: str, field: str, zh: str, en: str, most: int) -> str:
    value = value.strip()
    if not value or len(value) > most or "\0" in value:
        raise InvalidInput(
            field=field,
            reason_zh=f"“{zh}”应为 1 至 {most} 字。",
            reason_en=f"{en} needs 1 to {most} characters.",
        )
    return value


def _reachable_place(place_id: UUID, actor: Actor, on: date) -> Place:
    place = Place.objects.filter(id=place_id, closed_on=None).first()
    if place is None:
        raise NotFound(field="place_id")
    reach = places.reach(actor, ACCOUNT_MANAGE)
    if reach is not None and not places.is_within(place_id, reach, on):
        raise OutsideYourPlaces(field="place_id", name=place.name)
    return place


def _managed_account(account_id: UUID, actor: Actor, at: datetime) -> Account:
    """The account, locked. Raises NotFound when it is out of the actor's reach."""
    seen = queries.visible_to(actor, localdate(at)).filter(id=account_id).values("id")
    found = Account.objects.select_for_update().filter(id__in=seen).first()
    if found is None:
        raise NotFound(field="account_id")
    return found


def create_unit(*, code: str, name: str, place_id: UUID, actor: Actor, at: datetime) -> Unit:
    """Enter a unit (登记单位). Raises Refused, NotFound, OutsideYourPlaces, InvalidInput."""
    actor.require(ACCOUNT_MANAGE)
    code = _text(code, "code", "单位代码", "The code", 32)
    name = _text(name, "name", "单位名称", "The name", 120)
    place = _reachable_place(place_id, actor, localdate(at))
    try:
        with transaction.atomic():
            made = Unit.objects.create(code=code, name=name, place=place)
            audit.record(
                actor=actor, event="people.unit-created", area=place.area, subject=str(made.id),
                detail={"code": code, "place_id": str(place.id)}, at=at,
            )  # fmt: skip
    except IntegrityError as error:
        raise InvalidInput(
            field="code", reason_zh=f"单位代码“{code}”已使用。", reason_en=f"The code {code} is taken."
        ) from error
    return made


def create_account(username: str, display_name: str, password: str, *, actor: Actor, at: datetime) -> Account:
    """Open an account (开设账号); it may do nothing until it is appointed to a post.

    Raises Refused, UsernameTaken, WeakPassword, InvalidInput.
    """
    actor.require(ACCOUNT_MANAGE)
    username = username.strip().lower()
    if not _USERNAME.fullmatch(username):
        raise InvalidInput(
            field="username",
            reason_zh="用户名应为 2 至 32 位小写字母、数字、点、横线或下划线。",
            reason_en="A user name is 2 to 32 lower-case letters, digits, dots, hyphens or underscores.",
        )
    display_name = _text(display_name, "display_name", "姓名", "The name", 60)
    check_password_rules(password, username)
    hashed = make_password(password)
    try:
        with transaction.atomic():
            made = Account.objects.create(
                username=username, display_name=display_name, password=hashed, created_at=at,
                password_changed_at=at,
            )  # fmt: skip
            audit.record(actor=actor, event="people.account-created", subject=str(made.id), detail={}, at=at)
    except IntegrityError as error:
        raise UsernameTaken(field="username", username=username) from error
    return made


@dataclass(frozen=True)
class Enrolment:
    """Somebody to be let in: account and post in one."""

    username: str
    display_name: str
    kind: str
    place_id: UUID
    unit_id: UUID | None = None


def enrol(
    listed: Sequence[Enrolment], password: str, *, from_on: date, actor: Actor, at: datetime
) -> list[Account]:
    """Open many accounts and appoint each to a post (批量开设), all with one first password.

    Somebody listed twice has one account and two posts. Raises Refused, UsernameTaken, WeakPassword, NotFound,
    PostNeedsUnit, PostTakesNoUnit, DutiesConflict; then nobody is enrolled.
    """
    actor.require(ACCOUNT_MANAGE)
    kinds = {kind.code: kind for kind in PostKind.objects.all()}
    for one in listed:
        kind = kinds.get(one.kind)
        if kind is None:
            raise NotFound(field="kind")
        if kind.for_unit and one.unit_id is None:
            raise PostNeedsUnit(field="unit_id", zh_name=kind.zh, en_name=kind.en)
        if not kind.for_unit and one.unit_id is not None:
            raise PostTakesNoUnit(field="unit_id", zh_name=kind.zh, en_name=kind.en)
        duties = {other.kind for other in listed if other.username == one.username} & SEPARATE_DUTIES
        if one.kind in SEPARATE_DUTIES and len(duties) > 1:
            held = kinds[min(duties - {one.kind})]
            raise DutiesConflict(field="kind", held_zh=held.zh, held_en=held.en)
        check_password_rules(password, one.username)
    names = {one.username: one.display_name for one in listed}
    taken = Account.objects.filter(username__in=names).values_list("username", flat=True).first()
    if taken is not None:
        raise UsernameTaken(field="username", username=taken)
    hashed = make_password(password)
    with transaction.atomic():
        made = Account.objects.bulk_create(
            Account(
                username=username, display_name=name, password=hashed, created_at=at, password_changed_at=at
            )
            for username, name in names.items()
        )
        by_name = {account.username: account for account in made}
        Post.objects.bulk_create(
            Post(
                account=by_name[one.username], kind_id=one.kind, place_id=one.place_id, unit_id=one.unit_id,
                from_on=from_on,
            )
            for one in listed
        )  # fmt: skip
        audit.record(
            actor=actor, event="people.enrolled", detail={"accounts": len(made), "posts": len(listed)}, at=at
        )
    return made


def set_password(account_id: UUID, password: str, *, actor: Actor, at: datetime) -> None:
    """Set the password of an account, one's own or one that the actor manages (重置口令).

    Sessions and device tokens made with the old one end. Raises Refused, NotFound, WeakPassword.
    """
    if actor.account_id != account_id:
        actor.require(ACCOUNT_MANAGE)
    with transaction.atomic():
        if actor.account_id == account_id:
            account = Account.objects.select_for_update().get(id=account_id)
        else:
            account = _managed_account(account_id, actor, at)
        check_password_rules(password, account.username)
        account.password, account.password_changed_at = make_password(password), at
        account.save(update_fields=["password", "password_changed_at"])
        DeviceToken.objects.filter(account=account, revoked_at=None).update(revoked_at=at)
        audit.record(actor=actor, event="people.password-set", subject=str(account_id), detail={}, at=at)


def set_active(account_id: UUID, active: bool, *, actor: Actor, at: datetime) -> None:
    """Suspend an account or let it in again (停用、启用). Raises Refused, NotFound, OwnPost."""
    actor.require(ACCOUNT_MANAGE)
    if actor.account_id == account_id:
        raise OwnPost(field="account_id")
    with transaction.atomic():
        account = _managed_account(account_id, actor, at)
        account.is_active = active
        account.save(update_fields=["is_active"])
        audit.record(
            actor=actor, event="people.account-resumed" if active else "people.account-suspended",
            subject=str(account_id), detail={}, at=at,
        )  # fmt: skip


def appoint(
    account_id: UUID,
    kind: str,
    place_id: UUID,
    unit_id: UUID | None = None,
    *,
    from_on: date,
    to_on: date | None = None,
    actor: Actor,
    at: datetime,
) -> Post:
    """Appoint an account to a post at a place, for a unit where the kind asks for one (任命).

    Raises Refused, OwnPost, NotFound, OutsideYourPlaces, PostNeedsUnit, PostTakesNoUnit, DutiesConflict.
    """
    actor.require(ACCOUNT_MANAGE)
    if actor.account_id == account_id:
        raise OwnPost(field="account_id")
    if to_on is not None and to_on <= from_on:
        raise InvalidInput(
            field="to_on", reason_zh="结束日期应晚于开始日期。", reason_en="It must end after it begins."
        )
    found = PostKind.objects.filter(code=kind).first()
    if found is None:
        raise NotFound(field="kind")
    if found.for_unit and unit_id is None:
        raise PostNeedsUnit(field="unit_id", zh_name=found.zh, en_name=found.en)
    if not found.for_unit and unit_id is not None:
        raise PostTakesNoUnit(field="unit_id", zh_name=found.zh, en_name=found.en)
    place = _reachable_place(place_id, actor, localdate(at))
    unit = None if unit_id is None else queries.unit(unit_id)
    with transaction.atomic():
        # The lock on the account makes two appointments at once wait for each other.
        account = _managed_account(account_id, actor, at)
        _check_duties(account, kind, from_on, to_on)
        made = Post.objects.create(
            account=account, kind=found, place=place, unit=unit, from_on=from_on, to_on=to_on
        )
        audit.record(
            actor=actor, event="people.appointed", area=place.area, subject=str(made.id),
            detail={
                "account_id": str(account_id), "kind": kind, "place_id": str(place_id),
                "unit_id": str(unit_id or ""), "from_on": from_on.isoformat(),
                "to_on": to_on.isoformat() if to_on else "",
            },
            at=at,
        )  # fmt: skip
    return made


def _check_duties(account: Account, kind: str, from_on: date, to_on: date | None) -> None:
    if kind not in SEPARATE_DUTIES:
        return
    held = Post.objects.filter(account=account, kind__in=SEPARATE_DUTIES - {kind}).filter(
        Q(to_on=None) | Q(to_on__gt=from_on)
    )
    if to_on is not None:
        held = held.filter(from_on__lt=to_on)
    other = held.select_related("kind").order_by("from_on").first()
    if other is not None:
        raise DutiesConflict(field="kind", held_zh=other.kind.zh, held_en=other.kind.en)


def end_post(post_id: UUID, *, on: date, actor: Actor, at: datetime) -> Post:
    """End a post on a day (免除岗位): on that day it is no longer held.

    Raises Refused, OwnPost, NotFound, OutsideYourPlaces, PostEnded.
    """
    actor.require(ACCOUNT_MANAGE)
    with transaction.atomic():
        post = Post.objects.select_for_update().filter(id=post_id).first()
        if post is None:
            raise NotFound(field="post_id")
        if actor.account_id == post.account_id:
            raise OwnPost(field="post_id")
        reach = places.reach(actor, ACCOUNT_MANAGE)
        if reach is not None and not places.is_within(post.place_id, reach, localdate(at)):
            raise NotFound(field="post_id")
        if on < post.from_on or (post.to_on is not None and post.to_on <= on):
            raise PostEnded(field="on")
        post.to_on = on
        post.save(update_fields=["to_on"])
        audit.record(
            actor=actor,
            event="people.post-ended",
            subject=str(post_id),
            detail={"to_on": on.isoformat()},
            at=at,
        )
    return post


def load_post_kinds(path: Path, *, actor: Actor, at: datetime) -> tuple[int, int, int]:
    """Bring the kinds of post in line with a pack (载入岗位类型): (created, changed, unchanged).

    Kinds that the pack does not name stay. Raises Refused; ValueError for an unknown capability.
    """
    actor.require(ACCOUNT_MANAGE)
    actor.require(SECURITY_MANAGE)
    created, changed, unchanged = [], [], []
    listed = read_yaml(path)["kinds"]
    with transaction.atomic():
        known = {kind.code: kind for kind in PostKind.objects.select_for_update()}
        for position, entry in enumerate(listed):
            appointed_by = entry.get("appointed_by", "")
            unknown = sorted({*entry["capabilities"], appointed_by} - ALL_CAPABILITIES - {""})
            if unknown:
                raise ValueError(f"{entry['code']}: unknown capabilities {', '.join(unknown)}")
            values = {
                "zh": entry["zh"], "en": entry["en"], "for_unit": entry.get("for_unit", False),
                "position": position, "capabilities": sorted(entry["capabilities"]),
                "board": entry.get("board", ""), "duties_zh": entry.get("duties_zh", ""),
                "duties_en": entry.get("duties_en", ""), "appointed_by": appointed_by,
            }  # fmt: skip
            before = known.get(entry["code"])
            if before is None:
                PostKind.objects.create(code=entry["code"], **values)
                created.append(entry["code"])
            elif any(getattr(before, name) != value for name, value in values.items()):
                PostKind.objects.filter(code=before.code).update(**values)
                changed.append(before.code)
            else:
                unchanged.append(before.code)
        if created or changed:
            audit.record(
                actor=actor, event="people.post-kinds-loaded", subject=path.name,
                detail={"created": created, "changed": changed}, at=at,
            )  # fmt: skip
    return len(created), len(changed), len(unchanged)


def issue_device_token(account_id: UUID, device_name: str, *, actor: Actor, at: datetime) -> str:
    """A bearer token for a phone of the account (签发设备令牌); shown once; only its hash is kept."""
    if actor.account_id != account_id:
        actor.require(ACCOUNT_MANAGE)
    device_name = _text(device_name, "device_name", "设备名称", "The device name", 60)
    token = queries.DEVICE_PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        if actor.account_id != account_id:
            _managed_account(account_id, actor, at)
        made = DeviceToken.objects.create(
            hash=sessions.token_hash(token), account_id=account_id, device_name=device_name, created_at=at
        )
        audit.record(
            actor=actor, event="people.device-token-issued", subject=str(made.id),
            detail={"account_id": str(account_id)}, at=at,
        )  # fmt: skip
    return token


def revoke_device_token(token_id: UUID, *, actor: Actor, at: datetime) -> None:
    """End a phone's token (吊销设备令牌). Raises NotFound when it is not there or not the actor's to end."""
    with transaction.atomic():
        found = DeviceToken.objects.select_for_update().filter(id=token_id, revoked_at=None).first()
        if found is None:
            raise NotFound(field="token_id")
        if found.account_id != actor.account_id:
            actor.require(ACCOUNT_MANAGE)
            _managed_account(found.account_id, actor, at)
        found.revoked_at = at
        found.save(update_fields=["revoked_at"])
        audit.record(
            actor=actor, event="people.device-token-revoked", subject=str(token_id), detail={}, at=at
        )


def issue_api_key(name: str, scopes: frozenset[str], *, actor: Actor, at: datetime) -> str:
    """A key for a partner's program (签发接口密钥), with these capabilities; it is shown once."""
    actor.require(SECURITY_MANAGE)
    name = _text(name, "name", "名称", "The name", 60)
    if not scopes or not scopes <= ALL_CAPABILITIES:
        raise InvalidInput(field="scopes", reason_zh="权限范围无效。", reason_en="Not a set of capabilities.")
    token = queries.PARTNER_PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        made = ApiKey.objects.create(
            hash=sessions.token_hash(token), name=name, scopes=sorted(scopes), created_at=at
        )
        audit.record(
            actor=actor, event="people.api-key-issued", subject=str(made.id),
            detail={"scopes": sorted(scopes)}, at=at,
        )  # fmt: skip
    return token


def revoke_api_key(key_id: UUID, *, actor: Actor, at: datetime) -> None:
    """End a partner's key (吊销接口密钥). Raises Refused, NotFound."""
    actor.require(SECURITY_MANAGE)
    with transaction.atomic():
        if not ApiKey.objects.filter(id=key_id, revoked_at=None).update(revoked_at=at):
            raise NotFound(field="key_id")
        audit.record(actor=actor, event="people.api-key-revoked", subject=str(key_id), detail={}, at=at)
