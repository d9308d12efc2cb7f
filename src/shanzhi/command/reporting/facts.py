"""What a report can say by itself (自动带出): counts of a response, and the ten fields filled from the ledger."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from shanzhi.base.access import Actor
from shanzhi.city.modes import contents, happenings
from shanzhi.city.modes.happenings import Fact
from shanzhi.city.modes.models import Activation, ActivationEvent
from shanzhi.city.places.models import Place
from shanzhi.command.reporting import packs
from shanzhi.command.reporting.flow import CALL, CLOSING, SENT
from shanzhi.command.reporting.models import DutyEntry, UpwardReport
from shanzhi.work.orders.flow import DRAFT, DROPPED
from shanzhi.work.orders.flow import PROPOSED as ORDER_PROPOSED
from shanzhi.work.orders.models import Order, ReachCount

_VERBS = {
    "raise": ("提高级别", "raised"), "lower": ("降低级别", "lowered"), "extend": ("延长", "extended"),
    "renew": ("批准延长限制措施", "renewed"),
}  # fmt: skip


def of_response(activation_id: UUID, at: datetime) -> Iterable[Fact]:
    """How often a level was changed or prolonged."""
    verbs = list(
        ActivationEvent.objects.filter(activation_id=activation_id, at__lte=at).values_list("verb", flat=True)
    )
    for verb, (zh, en) in _VERBS.items():
        if count := verbs.count(verb):
            yield Fact(f"response-{verb}", zh, en, count, "次")


def of_orders(activation_id: UUID, at: datetime) -> Iterable[Fact]:
    """Orders issued, and how far they got: the last line of each one's curve."""
    rows = Order.objects.filter(activation_id=activation_id, issued_at__lte=at)
    rows = rows.exclude(state__in=[DRAFT, DROPPED, ORDER_PROPOSED])
    if not rows:
        return
    people = sum(order.people or 0 for order in rows)
    last = (
        ReachCount.objects.filter(order__in=rows, at__lte=at).order_by("order_id", "-at").distinct("order_id")
    )
    counts = list(last)
    yield Fact("orders", "下达指令", "orders issued", len(rows), "条")
    yield Fact("orders-people", "指令对象", "people told", people, "人次")
    yield Fact(
        "orders-delivered", "送达", "delivered", sum(one.delivered for one in counts), "人次", of=people
    )
    yield Fact(
        "orders-acknowledged",
        "回复收到",
        "acknowledged",
        sum(one.acknowledged for one in counts),
        "人次",
        of=people,
    )
    yield Fact("orders-done", "回复完成", "done", sum(one.done for one in counts), "人次", of=people)


def of_duty(activation_id: UUID, at: datetime) -> Iterable[Fact]:
    """Calls taken for it."""
    rows = DutyEntry.objects.filter(activation_id=activation_id, kind=CALL, at__lte=at)
    if count := rows.count():
        yield Fact("duty-calls", "接报来电", "calls taken", count, "次")


def sentence(fact: Fact) -> str:
    """A fact in words: 送达 148,213 人次（占 98.2%）."""
    share = f"（占 {fact.number / fact.of:.1%}）" if fact.of else ""
    return f"{fact.zh} {fact.number:,} {fact.unit_zh}".strip() + share


def stored(activation_id: UUID, at: datetime) -> list[dict[str, Any]]:
    """The counts as a report keeps them."""
    return [
        {
            "code": one.code,
            "zh": one.zh,
            "en": one.en,
            "number": one.number,
            "unit_zh": one.unit_zh,
            "of": one.of,
        }
        for one in happenings.facts(activation_id, at)
    ]


def prefilled(
    activation: Activation, kind: str, actor: Actor, at: datetime, *, is_zero: bool
) -> dict[str, Any]:
    """The ten fields of a report, from the ledger and from what was reported before."""
    names = Place.objects.filter(id__in=activation.place_ids).order_by("code").values_list("name", flat=True)
    before = UpwardReport.objects.filter(activation=activation, state=SENT).order_by("-sent_at").first()
    call = (
        DutyEntry.objects.filter(activation_id=activation.id, kind=CALL)
        .exclude(caller_unit="")
        .order_by("called_at")
        .first()
    )
    level = contents.read(activation.content)
    rule = packs.rule_of(activation.hazard, kind)
    done = [sentence(one) for one in happenings.facts(activation.id, at)]
    begun = f"启动{contents.name_of(activation.level, level.zh)}响应（{activation.number}）"
    nothing = "无新增。" if is_zero else ""
    return {
        "recipient": before.recipient if before else (rule.to_zh if rule else ""),
        "happened_at": activation.live_at or at,
        "location": "、".join(names)[:200],
        "source": before.source if before else (f"{call.caller_unit}来电" if call else "值班接报"),
        "nature": f"{activation.title}，{contents.name_of(activation.level, level.zh)}",
        "extent": before.extent if before else "、".join(names)[:500],
        "losses": nothing or (before.losses if before else ""),
        "trend": "平稳。" if is_zero else (before.trend if before else ""),
        "measures": "；".join([begun, *done]) + "。",
        "next_steps": before.next_steps if before else "",
        "contact": before.contact if before else actor.name,
        "lessons": "",
        "is_zero": is_zero,
    }


def is_closing(kind: str) -> bool:
    """Whether a report looks back on the whole."""
    return kind in CLOSING
