"""Reporting a matter (上报): the one way a case comes into being."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.clocks import actions as clocks
from shanzhi.base.media import queries as media
from shanzhi.base.outbox import actions as outbox
from shanzhi.base.rows.encryption import encrypt
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.worktime import Limit, Unit
from shanzhi.work.cases import emergency
from shanzhi.work.cases.errors import PlaceNeeded, SameIdOtherContent, UnknownPhoto
from shanzhi.work.cases.flow import CLOSED_LOOP
from shanzhi.work.cases.limits import due
from shanzhi.work.cases.models import Case, CaseLimit, CasePhoto, Channel, Stage
from shanzhi.work.catalogue import offering
from shanzhi.work.catalogue import queries as catalogue

MAX_PHOTOS = 9
_MAX_LENGTH = {"text": 2000, "address": 200, "phone": 20}
_LABEL = {"text": ("情况说明", "what happened"), "address": ("地址", "address"), "phone": ("电话", "phone")}
_AHEAD = timedelta(minutes=10)
_BEHIND = timedelta(days=30)

# One statement, one commit: the case with its first event. A repeated id inserts nothing.
_INSERT = """
WITH made AS (
  INSERT INTO cases_case (id, area, number, state, version, channel, kind_id, place_id, address, text, lon, lat,
    phone, reporter_id, happened_at, received_at, due_at, warn_at, clock_name, limit_unit, limit_text,
    content_hash, has_own_limits)
  VALUES (%(id)s, %(area)s, %(prefix)s || to_char(nextval('cases_number') %% 1000000, 'FM000000'), %(state)s, 1,
    %(channel)s, %(kind_id)s, %(place_id)s, %(address)s, %(text)s, %(lon)s, %(lat)s, %(phone)s, %(reporter_id)s,
    %(happened_at)s, %(received_at)s, %(due_at)s, %(warn_at)s, 'accept', '', '', %(content_hash)s,
    %(has_own_limits)s)
  ON CONFLICT DO NOTHING RETURNING area, id, number
), told AS (
  INSERT INTO cases_caseevent (id, area, case_id, sequence, verb, from_state, to_state, actor_id, actor_name,
    note, public, at)
  SELECT %(event_id)s, area, id, 1, 'report', '', %(state)s, %(reporter_id)s, %(actor_name)s, '', false,
    %(received_at)s FROM made
)
SELECT number FROM made
"""


@dataclass(frozen=True)
class NewReport:
    """What somebody saw. `id` is made by the client and is the identity of the report."""

    id: UUID
    kind: str = ""
    text: str = ""
    lon: float | None = None
    lat: float | None = None
    place_id: UUID | None = None
    address: str = ""
    photos: tuple[str, ...] = ()
    phone: str = ""
    happened_at: datetime | None = None


@dataclass(frozen=True)
class Receipt:
    """What the reporter gets: number and secret are all that is needed to follow it."""

    area: str
    id: UUID
    number: str
    secret: str
    created: bool


def secret_of(area: str, case_id: UUID) -> str:
    """The secret of a case: 192 bits, derived with a key that only the program holds."""
    message = f"{area}/{case_id}".encode()
    return hmac.new(settings.SHANZHI_FOLLOW_KEY.encode(), message, hashlib.sha256).hexdigest()[:48]


def _content_hash(new: NewReport) -> bytes:
    content = [
        new.kind, new.text, new.lon, new.lat, str(new.place_id or ""), new.address, list(new.photos), new.phone,
    ]  # fmt: skip
    # With a key: whoever has a copy of the table must not be able to try out telephone numbers.
    said = json.dumps(content, ensure_ascii=False).encode()
    return hmac.new(settings.SHANZHI_FOLLOW_KEY.encode(), said, hashlib.sha256).digest()


def _check(new: NewReport, at: datetime) -> None:
    for field, most in _MAX_LENGTH.items():
        if len(getattr(new, field)) > most:
            zh, en = _LABEL[field]
            raise InvalidInput(
                field=field,
                reason_zh=f"“{zh}”不得超过 {most} 字。",
                reason_en=f"{en} must not exceed {most} characters.",
            )
    if not (new.kind or new.text.strip() or new.photos):
        raise InvalidInput(
            field="text",
            reason_zh="请选择类别、写一句说明或拍一张照片。",
            reason_en="Choose a kind, write a sentence or add a photo.",
        )
    if (new.lon is None) != (new.lat is None) or not (
        -180 <= (new.lon or 0.0) <= 180 and -90 <= (new.lat or 0.0) <= 90
    ):
        raise InvalidInput(field="lon", reason_zh="坐标无效。", reason_en="The coordinates are not valid.")
    if new.phone and not (new.phone.lstrip("+").replace("-", "").isascii() and 5 <= len(new.phone)):
        raise InvalidInput(field="phone", reason_zh="电话号码无效。", reason_en="Not a phone number.")
    if len(new.photos) > MAX_PHOTOS:
        raise InvalidInput(
            field="photos", reason_zh=f"最多 {MAX_PHOTOS} 张照片。", reason_en=f"At most {MAX_PHOTOS} photos."
        )
    if new.happened_at and not at - _BEHIND <= new.happened_at <= at + _AHEAD:
        raise InvalidInput(
            field="happened_at",
            reason_zh="发生时间应在过去 30 天之内，请检查设备时间。",
            reason_en="It must have happened within the last 30 days: check the device's clock.",
        )


def check_photos(photos: tuple[str, ...]) -> None:
    """Raise UnknownPhoto unless each photo has been received in full."""
    if photos and media.known(photos) != set(photos):
        raise UnknownPhoto(field="photos")


def create_report(new: NewReport, *, actor: Actor, at: datetime) -> Receipt:
    """Report a matter (上报): case, first event, clock and outbox row in one transaction.

    The same id with the same content returns the first receipt (`created` false); with other content it
    raises SameIdOtherContent. Raises InvalidInput, PlaceNeeded, UnknownPhoto, NotFound (kind).
    """
    _check(new, at)
    found = places.place_of_report(new.place_id, new.lon, new.lat)
    if found is None:
        if new.kind:
            catalogue.kind_id(new.kind)  # what is wrong with the kind is told first
        raise PlaceNeeded(field="place_id")
    kind_id = offering.kind_of_report(new.kind, found.id, localdate(at), at) if new.kind else None
    check_photos(new.photos)
    area, hashed = found.area, _content_hash(new)
    own = emergency.for_report(emergency.live_at(found.id, localdate(at)), new.id, area, new.kind, at)
    accept = next((Limit(one.amount, Unit(one.unit)) for one in own if one.clock == "accept"), None)
    clock = due(area, "accept", at, None, own=accept)
    event_id = uuid7()
    channel = Channel.RESIDENT
    if actor.account_id is not None:
        channel = Channel.PHONE if actor.channel == "phone" else Channel.DESK
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            {
                "id": new.id, "area": area, "prefix": area + localdate(at).strftime("%y%m%d"),
                "state": CLOSED_LOOP.initial, "channel": channel.value, "kind_id": kind_id, "place_id": found.id,
                "address": new.address, "text": new.text, "lon": new.lon, "lat": new.lat,
                "phone": encrypt(new.phone) if new.phone else None, "reporter_id": actor.account_id,
                "happened_at": new.happened_at or at, "received_at": at, "due_at": clock.due_at,
                "warn_at": clock.warn_at, "content_hash": hashed, "event_id": event_id,
                "actor_name": actor.name or "市民", "has_own_limits": bool(own),
            },
        )  # fmt: skip
        made = cursor.fetchone()
        if made is not None:
            CaseLimit.objects.bulk_create(own)
            _add_photos(area, new.id, event_id, new.photos)
            clocks.start([clocks.Turn(area, new.id, "accept", at, clock.due_at, clock.warn_at)])
            said = {"state": CLOSED_LOOP.initial}
            outbox.publish([outbox.News(area, "cases", new.id, "report", said, at)])
    if made is None:
        return _first_receipt(new, hashed)
    return Receipt(area, new.id, made[0], secret_of(area, new.id), True)


def _add_photos(area: str, case_id: UUID, event_id: UUID, photos: tuple[str, ...]) -> None:
    if photos:
        CasePhoto.objects.bulk_create(
            CasePhoto(area=area, case_id=case_id, event_id=event_id, sha256=sha256, stage=Stage.BEFORE)
            for sha256 in dict.fromkeys(photos)
        )


def _first_receipt(new: NewReport, hashed: bytes) -> Receipt:
    first = Case.objects.filter(id=new.id).only("area", "id", "number", "content_hash").first()
    if first is None or not hmac.compare_digest(bytes(first.content_hash), hashed):
        raise SameIdOtherContent(field="id")
    return Receipt(first.area, first.id, first.number, secret_of(first.area, first.id), False)
