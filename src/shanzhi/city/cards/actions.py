"""The verb of cards: what a post publishes."""

import re
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLACE_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.base.media import queries as media
from shanzhi.city.cards import queries
from shanzhi.city.cards.errors import NothingToShow, NotOnBoard
from shanzhi.city.cards.models import PostContact
from shanzhi.city.people.models import Post
from shanzhi.city.places import queries as places
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.core.kit.errors import InvalidInput, NotFound

_PHONE = re.compile(r"\+?[0-9]{3,5}([ -]?[0-9]{2,8}){0,4}")


def _phone(given: str) -> str:
    text = given.strip().replace("－", "-").replace("—", "-")
    if not text:
        return ""
    digits = sum(char.isdigit() for char in text)
    if not _PHONE.fullmatch(text) or not 3 <= digits <= 16:
        raise InvalidInput(
            field="phone",
            reason_zh="电话应为 3 至 16 位数字，可用横线分隔。",
            reason_en="A telephone number is 3 to 16 digits, with hyphens if you like.",
        )
    return text


def set_contact(
    place_id: UUID,
    post_id: UUID,
    *,
    phone: str | None,
    photo: str | None,
    shown: bool,
    actor: Actor,
    at: datetime,
) -> None:
    """Say what a post on the board of a place publishes (维护公示信息); None keeps what is there, "" takes it away.

    Raises Refused, NotFound, OutsideYourPlaces, NoBoard, NotOnBoard, InvalidInput, NothingToShow.
    """
    actor.require(PLACE_MANAGE)
    on = localdate(at)
    board = queries.board_for(actor, place_id, on)
    if not any(person.post_id == post_id for person in board.people):
        raise NotOnBoard(field="post_id")
    number = None if phone is None else _phone(phone)
    if photo and photo not in media.known([photo]):
        raise NotFound(field="photo")
    with transaction.atomic():
        post = Post.objects.select_for_update(of=("self",)).select_related("place").get(id=post_id)
        # A post may stand further up than the board on which it is seen: then it is for those above to say.
        reach = places.reach(actor, PLACE_MANAGE)
        if reach is not None and not places.is_within(post.place_id, reach, on):
            raise OutsideYourPlaces(field="post_id", name=post.place.name)
        before = PostContact.objects.filter(post=post).first()
        made = PostContact(
            post=post,
            phone=(before.phone if before else "") if number is None else number,
            photo_id=(before.photo_id if before else None) if photo is None else photo or None,
            is_shown=shown, set_at=at, set_by=actor.name[:60],
        )  # fmt: skip
        if shown and not made.phone and made.photo_id is None:
            raise NothingToShow(field="shown")
        made.save()
        audit.record(
            actor=actor, event="cards.contact-set", area=post.place.area, subject=str(post_id),
            detail={
                "shown": shown, "phone": _change(before.phone if before else "", made.phone),
                "photo": _change(before.photo_id if before else None, made.photo_id),
            },
            at=at,
        )  # fmt: skip


def _change(before: str | None, after: str | None) -> str:
    """What became of a value, without the value."""
    if (before or "") == (after or ""):
        return "kept"
    return "set" if after else "removed"
