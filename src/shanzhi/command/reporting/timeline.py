"""The course of a response (响应经过): where its lines come from."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import DUTY_LOG
from shanzhi.base.clocks.models import ClockEvent, ClockVerb
from shanzhi.base.retention.models import RetentionEvent
from shanzhi.city.modes.flow import RESPONSE
from shanzhi.city.modes.happenings import Happening
from shanzhi.city.modes.models import Activation, ActivationEvent
from shanzhi.command.reporting import due, queries, reports
from shanzhi.command.reporting.flow import REPEATED, REPORT
from shanzhi.command.reporting.models import EntryKind, ReportEvent
from shanzhi.work.orders.flow import ORDER
from shanzhi.work.orders.models import OrderEvent

# What is not in a state table.
_VERBS = {
    "propose": ("提请启动", "Proposed"), "draft": ("起草", "Drafted"), "plan": ("计划销毁", "Destruction planned"),
    "count": ("清点", "Counted"), "sign": ("签署", "Signed"), "destroy": ("销毁", "Destroyed"),
    "held": ("封存中", "On hold"), "finish": ("销毁完成，证书生成", "Destruction done, with its certificate"),
    "drop": ("撤销销毁", "Destruction dropped"), "supersede": ("被更正", "Superseded"),
}  # fmt: skip


def _words(verb: str, flow: object = None) -> tuple[str, str]:
    edge = next((one for one in getattr(flow, "edges", ()) if one.verb == verb), None)
    return (edge.zh, edge.en) if edge is not None else _VERBS.get(verb, (verb, verb))


def of_response(activation_id: UUID, actor: Actor, at: datetime) -> Iterable[Happening]:
    """Decisions, and what each made: orders, sweeps, notices."""
    address = f"/responses/{activation_id}"
    for event in ActivationEvent.objects.filter(activation_id=activation_id).order_by("at", "id"):
        zh, en = _words(event.verb, RESPONSE)
        why = f"：{event.reason}" if event.reason else ""
        yield Happening(event.at, "response", event.actor_name, f"{zh}{why}", f"{en}{why}", address)
        for line in event.made:
            yield Happening(
                event.at, "response", event.actor_name, _counted(line["zh"], line.get("count")),
                _counted(line["en"], line.get("count")), line.get("address") or address,
            )  # fmt: skip


def _counted(words: str, count: int | None) -> str:
    """The count behind the words, unless they tell it themselves; that there is one needs no telling."""
    said = {str(count), f"{count:,}"} if count is not None else set()
    return words if count in (None, 1) or any(one in words for one in said) else f"{words} {count:,}"


def of_orders(activation_id: UUID, actor: Actor, at: datetime) -> Iterable[Happening]:
    """Orders from draft to end, corrections too."""
    rows = OrderEvent.objects.filter(order__activation_id=activation_id).select_related("order")
    for event in rows.exclude(verb="edit").order_by("at", "id"):
        zh, en = _words(event.verb, ORDER)
        order = event.order
        people = f"（{order.people:,} 人）" if event.verb == "confirm" and order.people else ""
        why = f"：{event.reason}" if event.reason else ""
        yield Happening(
            event.at, "orders", event.actor_name, f"指令 {order.number}《{order.title}》{zh}{people}{why}",
            f"Order {order.number} {order.title}: {en}{why}", f"/orders/{order.id}",
        )  # fmt: skip


def of_reports(activation_id: UUID, actor: Actor, at: datetime) -> Iterable[Happening]:
    """Reports from draft to sending, and those that came too late."""
    address = f"/responses/{activation_id}/reports"
    rows = ReportEvent.objects.filter(report__activation_id=activation_id).select_related("report")
    for event in rows.exclude(verb__in=["edit", "refresh"]).order_by("at", "id"):
        report = event.report
        zh, en = _words(event.verb, REPORT)
        name_zh, name_en = reports.label(report.kind)
        many = f" {report.sequence}" if report.kind in REPEATED else ""
        version = f"（第 {report.version} 版）" if report.version > 1 else ""
        how = f"：{report.sent_how}" if event.verb == "send" else f"：{event.reason}" if event.reason else ""
        yield Happening(
            event.at, "reports", event.actor_name, f"{name_zh}{many}{version}{zh}{how}",
            f"{name_en}{many}: {en}{how}", address,
        )  # fmt: skip
    activation = Activation.objects.get(id=activation_id)
    late = ClockEvent.objects.filter(
        area=due.area_of(activation), clock__subject_id=activation_id, verb=ClockVerb.BREACH,
        clock__name__startswith=due.PREFIX,
    ).select_related("clock")  # fmt: skip
    for breach in late:
        zh, en = reports.label(breach.clock.name.removeprefix(due.PREFIX))
        yield Happening(breach.at, "reports", "", f"{zh}逾期未报", f"{en} is overdue", address)


def of_duty(activation_id: UUID, actor: Actor, at: datetime) -> Iterable[Happening]:
    """Lines of the duty log that belong to it, for whoever reads that log."""
    if not actor.can(DUTY_LOG):
        return
    rows = queries.entries_visible_to(actor, localdate(at)).filter(activation_id=activation_id)
    for entry in rows.order_by("at", "id"):
        kind_zh, _, kind_en = str(EntryKind(entry.kind).label).partition(" ")
        said = "；".join(
            f"{name}{text}"
            for name, text in (
                ("", entry.content), ("拟办：", entry.proposal), ("批示：", entry.instruction),
                ("结果：", entry.result),
            )
            if text
        )  # fmt: skip
        unit = f"（{entry.caller_unit}）" if entry.caller_unit else ""
        yield Happening(
            entry.called_at, "duty", entry.officer_name, f"{kind_zh}{unit}：{said}", f"{kind_en}{unit}: {said}",
            f"/duty-log?entry={entry.id}",
        )  # fmt: skip


def of_retention(activation_id: UUID, actor: Actor, at: datetime) -> Iterable[Happening]:
    """The destruction of what was collected, to its certificate."""
    rows = RetentionEvent.objects.filter(run__activation_id=activation_id).select_related("run")
    for event in rows.order_by("at", "id"):
        zh, en = _words(event.verb)
        assert event.run is not None
        name = next((line for line in event.run.lines.all() if line.holding == event.holding), None)
        count = f" {event.rows:,} 行" if event.rows is not None else ""
        yield Happening(
            event.at, "retention", event.actor_name,
            f"{event.run.number} {zh}{'：' + name.zh if name else ''}{count}",
            f"{event.run.number} {en}{': ' + name.en if name else ''} {event.rows if event.rows is not None else ''}",
            f"/retention/runs/{event.run_id}",
        )  # fmt: skip
