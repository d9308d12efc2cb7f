"""Partner organisations as the desk shows them, and as Excel."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from django.utils.timezone import get_current_timezone, localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PARTNER_MANAGE
from shanzhi.city.partners import packs, queries
from shanzhi.city.partners.flow import ACTIVE, AGREEMENT, IN_FORCE, OPEN, PARTNERSHIP, TASK
from shanzhi.city.partners.models import Agreement, Partner, Task
from shanzhi.city.partners.shapes import (
    AgreementOut,
    PartnerEventOut,
    PartnerKindOut,
    PartnerOut,
    PartnerPlaceOut,
    PartnersOut,
    PartnerStepOut,
    PartnerTaskOut,
)
from shanzhi.city.places import queries as places
from shanzhi.city.places.levels import Level
from shanzhi.core.documents import Head, Sheet, columns_of, write_workbook
from shanzhi.core.flow import Flow
from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.masking import mask_phone

MOST_LISTED, MOST_EXPORTED = 200, 20_000
EXPIRED = ("expired", "已到期", "Expired")
_VERBS = {
    "add": ("登记", "Added"), "change": ("修改", "Corrected"), "end": ("结束", "Ended"),
    "resume": ("恢复", "Resumed"), "agree": ("签订", "Agreed"), "set": ("交办", "Taken on"),
    "finish": ("完成", "Finished"), "drop": ("取消", "Dropped"), "reopen": ("重新打开", "Opened again"),
}  # fmt: skip
_STATES = {"active": ACTIVE, "all": ""}


def state_of(given: str) -> str:
    """The state to list by. Raises InvalidInput."""
    if given not in _STATES:
        raise InvalidInput(field="state", reason_zh="状态应为 active 或 all。", reason_en="active or all.")
    return _STATES[given]


def _steps(flow: Flow, state: str, may: bool) -> list[PartnerStepOut]:
    if not may:
        return []
    return [
        PartnerStepOut(edge.verb, edge.zh, edge.en, list(edge.requires)) for edge in flow.edges_from(state)
    ]


def _agreement_state(row: Agreement, on: date) -> tuple[str, str, str]:
    if row.state == IN_FORCE and row.last_on is not None and row.last_on < on:
        return EXPIRED
    state = AGREEMENT.state(row.state)
    return state.code, state.zh, state.en


def _overdue(row: Task, on: date) -> bool:
    return row.state == OPEN and row.due_on < on


def overview(actor: Actor, at: datetime, place_id: UUID, state: str) -> PartnersOut:
    """The partners of a place and below, with the numbers of them all. Raises NotFound, InvalidInput."""
    on = localdate(at)
    found = queries.listed(actor, on, place_id=place_id, state=state_of(state))
    counted = queries.numbers(place_id, on, state_of(state))
    return PartnersOut(
        total=counted.partners,
        in_force=counted.in_force,
        open_tasks=counted.open_tasks,
        overdue_tasks=counted.overdue_tasks,
        may_add=actor.can(PARTNER_MANAGE) and queries.managed_places(actor, on).filter(id=place_id).exists(),
        kinds=[PartnerKindOut(one.code, one.zh, one.en) for one in packs.known().values()],
        items=partners_out(actor, found.select_related("place")[:MOST_LISTED], at),
    )


def partners_out(actor: Actor, rows: Iterable[Partner], at: datetime) -> list[PartnerOut]:
    """Partners with what belongs to them, and what this actor may do with each."""
    on, listed = localdate(at), list(rows)
    theirs = queries.belonging(listed)
    reach = places.reach(actor, PARTNER_MANAGE)
    below = None if reach is None else (places.ids_below(reach, on) if reach else set())
    return [
        _partner_out(
            row, theirs.agreements[row.id], theirs.tasks[row.id], on, below is None or row.place_id in below
        )
        for row in listed
    ]


def _partner_out(
    row: Partner, agreements: Sequence[Agreement], tasks: Sequence[Task], on: date, manages: bool
) -> PartnerOut:
    kind, state, level = packs.named(row.kind), PARTNERSHIP.state(row.state), Level(row.place.level)
    open_to = manages and row.state == ACTIVE
    return PartnerOut(
        area=row.area, id=row.id, place=PartnerPlaceOut(row.place_id, row.place.name, level.zh, level.en),
        name=row.name, kind=row.kind, kind_zh=kind.zh, kind_en=kind.en, contact_name=row.contact_name,
        phone_masked=mask_phone(row.contact_phone or ""), note=row.note, since_on=row.since_on, state=row.state,
        state_zh=state.zh, state_en=state.en, may_manage=manages,
        allowed_actions=_steps(PARTNERSHIP, row.state, manages),
        agreements=[
            AgreementOut(
                one.id, one.title, one.content, one.from_on, one.last_on, *_agreement_state(one, on),
                _steps(AGREEMENT, one.state, open_to),
            )
            for one in agreements
        ],
        tasks=[
            PartnerTaskOut(
                one.id, one.agreement_id, one.what, one.due_on, one.state, TASK.state(one.state).zh,
                TASK.state(one.state).en, _overdue(one, on), one.result, one.done_on,
                _steps(TASK, one.state, open_to),
            )
            for one in tasks
        ],
    )  # fmt: skip


def again(actor: Actor, partner: Partner, at: datetime) -> PartnerOut:
    """The partner read anew."""
    rows = Partner.objects.filter(area=partner.area, id=partner.id).select_related("place")
    return partners_out(actor, rows, at)[0]


def history_out(actor: Actor, area: str, partner_id: UUID, at: datetime) -> list[PartnerEventOut]:
    """What happened with a partner, in order. Raises NotFound."""
    events = queries.history(actor, area, partner_id, localdate(at))
    titles: dict[UUID, str] = dict(
        Agreement.objects.filter(area=area, partner_id=partner_id).values_list("id", "title")
    ) | dict(Task.objects.filter(area=area, partner_id=partner_id).values_list("id", "what"))
    return [
        PartnerEventOut(
            one.at, one.what, titles.get(one.subject_id, ""), *_VERBS[one.verb], one.actor_name, one.said
        )
        for one in events
    ]


_PARTNER: tuple[Head, ...] = (
    ("所在区域", "Place", "text"), ("单位名称", "Name", "text"), ("类别", "Kind", "text"),
    ("联系人", "Contact", "text"), ("电话", "Telephone", "text"), ("共建开始", "Since", "text"),
    ("状态", "State", "text"), ("备注", "Note", "text"),
)  # fmt: skip
_AGREEMENT: tuple[Head, ...] = (
    ("所在区域", "Place", "text"), ("单位名称", "Name", "text"), ("协议名称", "Agreement", "text"),
    ("约定事项", "What was agreed", "text"), ("开始", "From", "text"), ("截止", "Until", "text"),
    ("状态", "State", "text"),
)  # fmt: skip
_TASK: tuple[Head, ...] = (
    ("所在区域", "Place", "text"), ("单位名称", "Name", "text"), ("任务", "Task", "text"),
    ("应完成日期", "Due", "text"), ("状态", "State", "text"), ("是否逾期", "Overdue", "text"),
    ("完成情况", "Result", "text"), ("完成日期", "Done", "text"),
)  # fmt: skip


def as_workbook(rows: Iterable[Partner], at: datetime, *, zh: bool) -> bytes:
    """Three sheets: organisations, agreements, tasks. Telephones stay masked."""
    on, listed = localdate(at), list(rows)
    theirs = queries.belonging(listed)
    side = 0 if zh else 1

    def named(names: tuple[str, str]) -> str:
        return names[side]

    sheets = [
        Sheet(
            named(("共建单位", "Partners")), columns_of(_PARTNER, zh=zh),
            [
                (
                    row.place.name, row.name, named((packs.named(row.kind).zh, packs.named(row.kind).en)),
                    row.contact_name, mask_phone(row.contact_phone or ""), row.since_on,
                    named((PARTNERSHIP.state(row.state).zh, PARTNERSHIP.state(row.state).en)), row.note,
                )
                for row in listed
            ],
        ),
        Sheet(
            named(("协议", "Agreements")), columns_of(_AGREEMENT, zh=zh),
            [
                (
                    row.place.name, row.name, one.title, one.content, one.from_on, one.last_on,
                    named(_agreement_state(one, on)[1:]),
                )
                for row in listed
                for one in theirs.agreements[row.id]
            ],
        ),
        Sheet(
            named(("任务", "Tasks")), columns_of(_TASK, zh=zh),
            [
                (
                    row.place.name, row.name, one.what, one.due_on,
                    named((TASK.state(one.state).zh, TASK.state(one.state).en)),
                    named(("逾期", "overdue")) if _overdue(one, on) else "", one.result, one.done_on,
                )
                for row in listed
                for one in theirs.tasks[row.id]
            ],
        ),
    ]  # fmt: skip
    return write_workbook(sheets, zone=get_current_timezone(), at=at)
