"""What somebody isolated at home reads on their own page: plain words, their own facts, the way to a doctor first."""

from datetime import date, datetime, timedelta

import msgspec
from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.core.kit.masking import mask_name
from shanzhi.scenes.isolation import packs, page, queries
from shanzhi.scenes.isolation.flow import ISOLATION
from shanzhi.scenes.isolation.models import Isolation, Slot
from shanzhi.scenes.isolation.shapes import (
    CareActionOut,
    CareCheckInOut,
    CareDatesOut,
    CareNamedOut,
    CareServiceOut,
    CareSlotOut,
    CareStandingOut,
    CareTransferOut,
)

MOST_SHOWN = 6


class ResidentCareOut(msgspec.Struct):
    """The page of one person."""

    number: str
    name: str
    state: str
    state_zh: str
    state_en: str
    live: bool
    is_voluntary: bool
    is_drill: bool
    basis: str
    document: str
    dates: CareDatesOut
    today: list[CareSlotOut]
    next_at: datetime | None
    check_ins: list[CareCheckInOut]
    transfers: list[CareTransferOut]
    services: list[CareServiceOut]
    standing: list[CareStandingOut]
    actions: list[CareActionOut]
    symptoms: list[CareNamedOut]
    kinds: list[CareNamedOut]
    may_message: bool
    has_note: bool
    ended_at: datetime | None
    destroyed_on: date | None
    hotline: str


def named(items: list[packs.Named]) -> list[CareNamedOut]:
    """Choices as the front end draws them."""
    return [CareNamedOut(item.code, item.zh, item.en, bool(getattr(item, "daily", False))) for item in items]


def has_note(isolation: Isolation) -> bool:
    """Whether there is a release note: something that confined has ended, or was signed."""
    return not isolation.is_voluntary and (
        bool(isolation.signed_by) or isolation.state in ("released", "lapsed", "withdrawn")
    )


def page_of(isolation: Isolation, at: datetime) -> ResidentCareOut:
    """Their page as it stands."""
    me, on, care = queries.resident(), localdate(at), packs.care()
    live, state = queries.is_live(isolation, on), ISOLATION.state(isolation.state)
    slots = Slot.objects.filter(area=isolation.area, isolation=isolation)
    today = [slot for slot in slots.filter(on_day=on).order_by("due_at") if live]
    coming = slots.filter(state="open", opens_at__gt=at).order_by("opens_at").first() if live else None
    over = (
        ("已依法终止", "Ended by law") if not live and not state.final and state.code != "referred" else None
    )
    ended = isolation.ended_at
    gone = localdate(ended) + timedelta(days=care.keep_days) if ended else None
    return ResidentCareOut(
        number=isolation.number, name=mask_name(isolation.name), state=isolation.state,
        state_zh=over[0] if over else state.public_zh, state_en=over[1] if over else state.public_en, live=live,
        is_voluntary=isolation.is_voluntary, is_drill=isolation.is_drill, basis=isolation.basis,
        document=isolation.document, dates=page.dates_out(isolation, at),
        today=[page.slot_out(slot, at) for slot in today], next_at=coming.opens_at if coming else None,
        check_ins=page.check_ins_of(isolation)[:MOST_SHOWN], transfers=page.transfers_of(isolation, me, at, True)[:3],
        services=page.services_of(isolation, me, True)[:20], standing=page.standing_of(isolation),
        actions=[page.action_out(edge) for edge in queries.allowed(me, isolation, at)],
        symptoms=named([*care.symptoms]), kinds=named([*care.services]), may_message=isolation.may_message,
        has_note=has_note(isolation), ended_at=ended, destroyed_on=gone, hotline=settings.SHANZHI_HOTLINE,
    )  # fmt: skip
