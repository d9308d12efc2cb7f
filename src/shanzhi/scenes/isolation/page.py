"""Rows as the desks and workers see them: masked, with what may be done."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import ISOLATION_CARE, ISOLATION_MANAGE
from shanzhi.core.flow import Edge, Flow
from shanzhi.core.kit.errors import NotFound
from shanzhi.core.kit.masking import mask_name, mask_phone
from shanzhi.scenes.isolation import lists, packs, queries
from shanzhi.scenes.isolation.flow import (
    ISOLATION,
    MONITORING,
    RESIDENT,
    SERVICE,
    TRANSFER,
    CallOutcome,
    SlotState,
    Source,
    Subject,
    Why,
)
from shanzhi.scenes.isolation.models import (
    Call,
    CheckIn,
    Isolation,
    Note,
    Service,
    Slot,
    Standing,
    Swab,
    Transfer,
)
from shanzhi.scenes.isolation.shapes import (
    CareActionOut,
    CareCheckInOut,
    CareDatesOut,
    CareEventOut,
    CareMissingOut,
    CarePersonOut,
    CareRowOut,
    CareServiceOut,
    CareSlotOut,
    CareStandingOut,
    CareTaskOut,
    CareTestOut,
    CareTransferOut,
)

MOST_SLOTS = 60
_OTHER_VERBS = {
    "refer": ("流调转入", "Referred by tracing"), "reveal": ("查看明文", "Looked at in full"),
    "self": ("本人填报健康情况", "Reported by the person"), "call": ("电话记录健康情况", "Reported by telephone"),
    "door": ("上门记录健康情况", "Reported at the door"), "result": ("录入检测结果", "Result of a test"),
    "ask": ("提出转运", "Transfer asked for"), "place": ("下服务单", "Service ordered"),
    "stop_daily": ("停止每日服务", "Daily service stopped"), "messages_on": ("同意接收提醒", "Reminders wanted"),
    "messages_off": ("不再接收提醒", "No reminders any more"),
}  # fmt: skip
_CALLS = dict(CallOutcome.choices)
_SOURCES = dict(Source.choices)
_WHYS = dict(Why.choices)


def _two(label: Any) -> tuple[str, str]:
    zh, _, en = str(label).partition(" ")
    return zh, en


def action_out(edge: Edge) -> CareActionOut:
    """A verb as the front end draws it."""
    return CareActionOut(edge.verb, edge.zh, edge.en, "reason" in edge.requires)


def verb_label(subject: str, verb: str) -> tuple[str, str]:
    """How an event is called."""
    flows: dict[str, Flow] = {"isolation": ISOLATION, "transfer": TRANSFER, "service": SERVICE}
    if subject == "call":
        return _two(_CALLS.get(verb, verb))
    if subject in flows:
        edge = next((edge for edge in flows[subject].edges if edge.verb == verb), None)
        if edge is not None:
            return (f"服务：{edge.zh}", f"Service: {edge.en}") if subject == "service" else (edge.zh, edge.en)
    return _OTHER_VERBS.get(verb, (verb, verb))


def slot_out(slot: Slot, at: datetime) -> CareSlotOut:
    """A check-in that is expected."""
    care = packs.care()
    window = next((one for one in care.windows if one.code == slot.window), None)
    rung = care.ladder[slot.rung - 1] if 0 < slot.rung <= len(care.ladder) else None
    return CareSlotOut(
        slot.id, slot.on_day, window.zh if window else slot.window, window.en if window else slot.window,
        slot.opens_at, slot.due_at, slot.state, slot.state == SlotState.OPEN and slot.due_at <= at,
        rung.zh if rung else "", rung.en if rung else "", slot.done_at,
    )  # fmt: skip


def rows_out(rows: list[Isolation], at: datetime) -> list[CareRowOut]:
    """People of a list."""
    names, slots = lists.places_of(rows, localdate(at)), lists.open_slots(rows, at)
    transfers = lists.open_transfers(rows)
    found = []
    for one in rows:
        state, transfer = ISOLATION.state(one.state), transfers.get(one.id)
        until = one.monitored_until_on if one.state == MONITORING else one.release_on
        moved = TRANSFER.state(transfer.state) if transfer else None
        found.append(
            CareRowOut(
                one.area, one.id, one.number, mask_name(one.name), mask_phone(one.phone or ""),
                names.get(one.place_id, ""), one.compound.name if one.compound_id else "", one.state, state.zh,
                state.en, until, one.is_drill, [slot_out(slot, at) for slot in slots.get(one.id, [])],
                moved.zh if moved else "", moved.en if moved else "",
            )
        )  # fmt: skip
    return found


def dates_out(one: Isolation, at: datetime) -> CareDatesOut:
    """When somebody is free, and why."""
    on = localdate(at)
    plan = queries.schedule_of(one, on)
    swabs = list(Swab.objects.filter(area=one.area, isolation=one))
    tests = []
    for day, begins, ends in plan.spans():
        taken = [swab for swab in swabs if begins <= swab.taken_on < ends]
        negative = json.loads(taken[-1].content)["result"] == "negative" if taken else None
        tests.append(CareTestOut(day, begins, taken[-1].taken_on if taken else None, negative))
    lacking = queries.missing_of(one, plan, at) if one.state == "isolating" else []
    return CareDatesOut(
        plan.edition.zh, plan.edition.en, plan.edition.why_zh, plan.edition.why_en, one.begun_on, plan.release_on,
        plan.monitored_until_on, queries.last_on(one), (on - one.begun_on).days,
        [CareMissingOut(item.zh, item.en) for item in lacking], tests,
    )  # fmt: skip


def check_ins_of(one: Isolation) -> list[CareCheckInOut]:
    """What was reported, the newest first."""
    symptoms = {item.code: item for item in packs.care().symptoms}
    found = []
    for row in CheckIn.objects.filter(area=one.area, isolation=one).order_by("-at", "-id")[:MOST_SLOTS]:
        said = json.loads(row.content)
        known = [symptoms[code] for code in said["symptoms"] if code in symptoms]
        found.append(
            CareCheckInOut(
                row.at, *_two(_SOURCES[row.source]), row.by, said["temperature"], [item.zh for item in known],
                [item.en for item in known], said["note"],
            )
        )  # fmt: skip
    return found


def transfer_out(transfer: Transfer, actor: Actor, at: datetime, may: bool) -> CareTransferOut:
    """A transfer, with what this actor may do."""
    state = TRANSFER.state(transfer.state)
    resident = actor.channel == RESIDENT
    edges = [
        edge
        for edge in TRANSFER.edges_from(transfer.state)
        if (edge.capability == RESIDENT) == resident and (resident or may)
    ]
    return CareTransferOut(
        transfer.area, transfer.id, transfer.state, state.public_zh if resident else state.zh,
        state.public_en if resident else state.en, *_two(_WHYS[transfer.why]), transfer.asked_at, transfer.due_at,
        transfer.ended_at, transfer.ended_at is None and transfer.due_at <= at, [action_out(edge) for edge in edges],
    )  # fmt: skip


def transfers_of(one: Isolation, actor: Actor, at: datetime, may: bool) -> list[CareTransferOut]:
    """Its transfers, the newest first."""
    rows = Transfer.objects.filter(area=one.area, isolation=one).order_by("-asked_at", "-id")
    return [transfer_out(row, actor, at, may) for row in rows]


def service_out(row: Service, actor: Actor, may: bool, reason: str = "") -> CareServiceOut:
    """A service order, with what this actor may do."""
    state = SERVICE.state(row.state)
    resident = actor.channel == RESIDENT
    kind = next((item for item in packs.care().services if item.code == row.kind), None)
    edges = [
        edge
        for edge in SERVICE.edges_from(row.state)
        if (edge.capability == RESIDENT) == resident and (resident or may)
    ]
    return CareServiceOut(
        row.area, row.id, kind.zh if kind else row.kind, kind.en if kind else row.kind, row.content or "",
        row.for_on, row.standing_id is not None, row.state, state.public_zh if resident else state.zh,
        state.public_en if resident else state.en, "" if resident else row.taken_by, reason, row.was_fine,
        [action_out(edge) for edge in edges],
    )  # fmt: skip


def services_of(one: Isolation, actor: Actor, may: bool) -> list[CareServiceOut]:
    """Its service orders, the newest first, with the reason of those that were declined."""
    rows = list(
        Service.objects.filter(area=one.area, isolation=one).order_by("-for_on", "-placed_at", "-id")[
            :MOST_SLOTS
        ]
    )
    texts = texts_of(one)
    reasons = {
        event.subject_id: texts.get(event.id, "")
        for event in queries.events_of(one)
        if event.subject == "service" and event.verb == "decline"
    }
    return [service_out(row, actor, may, reasons.get(row.id, "")) for row in rows]


def standing_of(one: Isolation) -> list[CareStandingOut]:
    """What is wanted every day."""
    kinds = {item.code: item for item in packs.care().services}
    rows = Standing.objects.filter(area=one.area, isolation=one, stopped_at=None)
    return [
        CareStandingOut(
            row.id, kinds[row.kind].zh if row.kind in kinds else row.kind,
            kinds[row.kind].en if row.kind in kinds else row.kind, row.content or "",
        )
        for row in rows
    ]  # fmt: skip


def texts_of(one: Isolation) -> dict[UUID, str]:
    """Event id -> what was written with it."""
    return {note.event_id: note.text for note in Note.objects.filter(area=one.area, isolation=one)}


def events_out(one: Isolation, near: bool) -> list[CareEventOut]:
    """The history, the newest first; what was written with it only for those who are `near`."""
    texts = texts_of(one) if near else {}
    return [
        CareEventOut(
            event.at, *verb_label(event.subject, event.verb), event.actor_name, texts.get(event.id, "")
        )
        for event in reversed(queries.events_of(one))
    ]


def calls_of(one: Isolation) -> list[CareEventOut]:
    """Who rang up, the newest first."""
    rows = Call.objects.filter(area=one.area, isolation=one).order_by("-at", "-id")
    return [CareEventOut(row.at, *verb_label(str(Subject.CALL), row.outcome), row.by, "") for row in rows]


def person_out(one: Isolation, actor: Actor, at: datetime) -> CarePersonOut:
    """One person's page."""
    on = localdate(at)
    manages = queries.in_reach(actor, ISOLATION_MANAGE, one.place_id, on)
    cares = queries.in_reach(actor, ISOLATION_CARE, one.place_id, on)
    slots = Slot.objects.filter(area=one.area, isolation=one, opens_at__lte=at).order_by("-due_at")[
        :MOST_SLOTS
    ]
    near = manages or cares
    dates, transfers = dates_out(one, at), transfers_of(one, actor, at, manages)
    services, standing = services_of(one, actor, near), standing_of(one)
    if not near:
        # What is told of somebody's health, or what they ask for, is for those who manage or give the care.
        dates.tests, dates.missing = [], []
        services, standing = [], []
        for transfer in transfers:
            transfer.why_zh = transfer.why_en = ""
    return CarePersonOut(
        rows_out([one], at)[0], one.is_voluntary, one.basis, one.document, one.begun_by, one.begun_at, one.ended_at,
        one.signed_by, one.may_message, dates, [slot_out(slot, at) for slot in slots],
        check_ins_of(one) if near else [], transfers, services, standing, calls_of(one), events_out(one, near),
        [action_out(edge) for edge in queries.allowed(actor, one, at)],
        near and queries.is_live(one, on), manages,
    )  # fmt: skip


def mine_out(actor: Actor, at: datetime) -> list[CareTaskOut]:
    """A worker's tasks: where to go, and what for. The door is shown, since there is something to do at it."""
    tasks = lists.mine(actor, at)
    rows: list[Any] = [*tasks.transfers, *tasks.slots, *tasks.services]
    names = lists.places_of([row.isolation for row in rows], localdate(at))
    kinds = {item.code: item for item in packs.care().services}
    found: list[CareTaskOut] = []
    for row in rows:
        one, actions = row.isolation, list[CareActionOut]()
        if isinstance(row, Slot):
            slot = slot_out(row, at)
            what, zh, en, since, text = (
                "check_in",
                f"健康报告（{slot.window_zh}）",
                f"Check-in ({slot.window_en})",
                row.due_at,
                "",
            )
            state = (slot.rung_zh, slot.rung_en)
        elif isinstance(row, Transfer):
            state_row = TRANSFER.state(row.state)
            what, zh, en, since, text = "transfer", "转运", "Transfer", row.asked_at, ""
            state = (state_row.zh, state_row.en)
        else:
            kind = kinds.get(row.kind)
            what, since, text = "service", row.placed_at, row.content or ""
            zh, en = (kind.zh, kind.en) if kind else (row.kind, row.kind)
            out = service_out(row, actor, True)
            state, actions = (out.state_zh, out.state_en), out.actions
        found.append(
            CareTaskOut(
                one.area, one.id, what, zh, en, mask_name(one.name), names.get(one.place_id, ""),
                " ".join(part for part in (one.compound.name if one.compound_id else "", one.door or "") if part),
                since, row.id, text, *state, actions,
            )
        )  # fmt: skip
    return found


def page_for(actor: Actor, area: str, isolation_id: UUID, at: datetime) -> CarePersonOut:
    """The page of one that the actor sees, or cares for. Raises NotFound."""
    try:
        one = queries.isolation_for(actor, area, isolation_id, at)
    except NotFound:
        one = queries.touched_by(actor, area, isolation_id, at)
    return person_out(one, actor, at)
