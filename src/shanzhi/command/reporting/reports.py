"""The verbs of reports upward (信息报送): the only writers. Sending itself goes by the city's own channel."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import REPORT_UPWARD
from shanzhi.base.audit import actions as audit
from shanzhi.base.outbox import actions as outbox
from shanzhi.city.modes.flow import ENDED, LIVE, RESPONSE, STANDING_DOWN
from shanzhi.city.modes.models import Activation
from shanzhi.command.reporting import due, facts, queries
from shanzhi.command.reporting.errors import (
    ReportFixed,
    ReportNotForNow,
    ReportOpen,
    ReportSecondPerson,
)
from shanzhi.command.reporting.flow import DRAFT, DROPPED, REPEATED, REPORT, SENT, SUMMARY
from shanzhi.command.reporting.models import ReportEvent, ReportKind, UpwardReport
from shanzhi.core.kit.errors import InvalidInput, NotFound, Refused
from shanzhi.core.kit.texts import lines_of, text_of

TOPIC = "reports"
# Name -> Chinese, English, longest; in the order of the rule. `lessons` belongs to the closing report alone.
FIELDS: dict[str, tuple[str, str, int]] = {
    "recipient": ("报送单位", "To whom", 80),
    "location": ("地点", "Place", 200),
    "source": ("信息来源", "Source", 200),
    "nature": ("事件性质", "Nature", 200),
    "extent": ("影响范围", "Extent", 500),
    "losses": ("伤亡损失", "Casualties and losses", 1000),
    "trend": ("发展趋势", "Trend", 1000),
    "measures": ("已采取措施", "Measures taken", 3000),
    "next_steps": ("下一步", "Next steps", 1000),
    "contact": ("联系人", "Contact", 120),
    "lessons": ("经验与教训", "Lessons", 4000),
}


def label(kind: str) -> tuple[str, str]:
    """A kind of report in both languages."""
    zh, _, en = str(ReportKind(kind).label).partition(" ")
    return zh, en


def content_of(report: UpwardReport) -> dict[str, Any]:
    """Everything that a report says, in one order."""
    return {
        "response": report.activation.number, "kind": report.kind, "sequence": report.sequence,
        "version": report.version, "is_zero": report.is_zero, "is_drill": report.activation.is_drill,
        "happened_at": report.happened_at.isoformat(),
        **{name: getattr(report, name) for name in FIELDS}, "facts": report.facts,
        "drafted_by": report.drafted_by, "signed_by": report.signed_by,
        "signed_at": report.signed_at.isoformat() if report.signed_at else None,
    }  # fmt: skip


def digest_of(report: UpwardReport) -> str:
    """SHA-256 of what it says."""
    return hashlib.sha256(
        json.dumps(content_of(report), ensure_ascii=False, sort_keys=True).encode()
    ).hexdigest()


def _event(
    report: UpwardReport, verb: str, source: str, actor: Actor, at: datetime, reason: str = ""
) -> None:
    ReportEvent.objects.create(
        report=report, verb=verb, from_state=source, to_state=report.state, actor_id=actor.account_id,
        actor_name=actor.name[:60], reason=reason, digest=digest_of(report), at=at,
    )  # fmt: skip


def _who(actor: Actor, activation: Activation, at: datetime) -> UUID:
    actor.require(REPORT_UPWARD)
    if actor.account_id is None or not queries.may_report(actor, activation, localdate(at)):
        raise Refused(what_zh="报送突发事件信息", what_en="report an event upwards")
    return actor.account_id


def draft(
    activation_id: UUID,
    kind: str,
    *,
    actor: Actor,
    at: datetime,
    is_zero: bool = False,
    corrects: UUID | None = None,
) -> UpwardReport:
    """Draft a report, filled from the ledger (起草), perhaps one that corrects another that was sent (更正版本).

    Raises NotFound, Refused, InvalidInput, ReportNotForNow, ReportOpen.
    """
    if kind not in ReportKind.values:
        raise InvalidInput(field="kind", reason_zh="没有这种报告。", reason_en="There is no such report.")
    activation = queries.response_for(actor, activation_id, localdate(at))
    account = _who(actor, activation, at)
    zh, en = label(kind)
    allowed = {STANDING_DOWN, ENDED} if facts.is_closing(kind) else {LIVE}
    if corrects is None and activation.state not in allowed:
        state = RESPONSE.state(activation.state)
        raise ReportNotForNow(field="kind", state_zh=state.zh, state_en=state.en, kind_zh=zh, kind_en=en)
    with transaction.atomic():
        Activation.objects.select_for_update().get(id=activation_id)
        others = UpwardReport.objects.filter(activation_id=activation_id, kind=kind).exclude(state=DROPPED)
        if others.exclude(state=SENT).exists():
            raise ReportOpen(field="kind", kind_zh=zh, kind_en=en)
        if corrects is not None:
            old = others.filter(id=corrects, state=SENT).first()
            if old is None:
                raise NotFound(field="corrects")
            newest = others.filter(sequence=old.sequence).order_by("-version").first() or old
            columns: dict[str, Any] = {name: getattr(newest, name) for name in FIELDS}
            columns |= {"happened_at": newest.happened_at, "is_zero": newest.is_zero}
            place = {"sequence": old.sequence, "version": newest.version + 1}
        else:
            last = others.order_by("-sequence").first()
            if last is not None and kind not in REPEATED:
                raise ReportOpen(field="kind", kind_zh=zh, kind_en=en)
            columns = facts.prefilled(activation, kind, actor, at, is_zero=is_zero)
            place = {"sequence": last.sequence + 1 if last else 1, "version": 1}
        clock = due.standing(activation).get(kind)
        report = UpwardReport.objects.create(
            activation=activation, kind=kind, **place, **columns, due_at=clock.due_at if clock else None,
            drafted_by_id=account, edited_by_id=account, drafted_by=actor.name[:60], drafted_at=at,
            facts=facts.stored(activation_id, at),
        )  # fmt: skip
        _event(report, "draft", "", actor, at)
    return report


def _locked(report_id: UUID, actor: Actor, at: datetime) -> UpwardReport:
    if not queries.reports_visible_to(actor, localdate(at)).filter(id=report_id).exists():
        raise NotFound(field="id")
    rows = UpwardReport.objects.select_for_update(of=("self",)).select_related("activation")
    return rows.get(id=report_id)


def edit(
    report_id: UUID, given: Mapping[str, str], happened_at: datetime, *, actor: Actor, at: datetime
) -> UpwardReport:
    """Change a draft (修改草稿); what is not given stays. Raises NotFound, Refused, ReportFixed, InvalidInput."""
    texts = {
        name: lines_of(given[name], name, zh, en, most)
        for name, (zh, en, most) in FIELDS.items()
        if name in given
    }
    if happened_at > at + timedelta(minutes=10):
        raise InvalidInput(field="happened_at", reason_zh="时间不能在将来。", reason_en="Not in the future.")
    with transaction.atomic():
        report = _locked(report_id, actor, at)
        account = _who(actor, report.activation, at)
        if report.state != DRAFT:
            raise ReportFixed
        for name, text in texts.items():
            setattr(report, name, text)
        report.happened_at, report.edited_by_id = happened_at, account
        report.save()
        _event(report, "edit", report.state, actor, at)
    return report


def refresh(report_id: UUID, *, actor: Actor, at: datetime) -> UpwardReport:
    """Fill measures and counts of a draft anew from the ledger (重新带出)."""
    with transaction.atomic():
        report = _locked(report_id, actor, at)
        account = _who(actor, report.activation, at)
        if report.state != DRAFT:
            raise ReportFixed
        fresh = facts.prefilled(report.activation, report.kind, actor, at, is_zero=report.is_zero)
        report.measures, report.facts = fresh["measures"], facts.stored(report.activation_id, at)
        report.edited_by_id = account
        report.save()
        _event(report, "refresh", report.state, actor, at)
    return report


def perform(
    report_id: UUID, verb: str, *, actor: Actor, at: datetime, reason: str = "", sent_how: str = ""
) -> UpwardReport:
    """Do a verb to a report: sign, send_back, send, drop.

    Raises NotFound, Refused, UnknownEdge, ReportSecondPerson, InvalidInput naming the field that is empty.
    """
    with transaction.atomic():
        report = _locked(report_id, actor, at)
        edge = REPORT.edge(report.state, verb)
        account = _who(actor, report.activation, at)
        said = text_of(reason, "reason", "理由", "The reason", 300, needed="reason" in edge.requires)
        source = report.state
        if verb == "sign":
            _complete(report)
            if account in {report.drafted_by_id, report.edited_by_id}:
                raise ReportSecondPerson
            report.signed_by_id, report.signed_by, report.signed_at = account, actor.name[:60], at
        elif verb == "send_back":
            report.signed_by_id, report.signed_by, report.signed_at = None, "", None
        elif verb == "send":
            how = text_of(sent_how, "sent_how", "报送方式和回执", "How it was sent", 120)
            report.sent_by, report.sent_at, report.sent_how = actor.name[:60], at, how
        report.state = edge.target
        report.save()
        _event(report, verb, source, actor, at, said)
        if report.state == SENT:
            due.ensure(report.activation_id, at)
        area = due.area_of(report.activation)
        outbox.publish(
            [
                outbox.News(
                    area, TOPIC, report.activation_id, verb, {"kind": report.kind, "state": report.state}, at
                )
            ]
        )
        audit.record(
            actor=actor, event=f"report.{verb}", area=area, subject=str(report.id),
            detail={"kind": report.kind, "version": report.version}, at=at,
        )  # fmt: skip
    return report


def _complete(report: UpwardReport) -> None:
    for name, (zh, en, _) in FIELDS.items():
        if name == "lessons" and report.kind != SUMMARY:
            continue
        if not getattr(report, name):
            raise InvalidInput(
                field=name, reason_zh=f"“{zh}”还没有填写；没有就写“无”。", reason_en=f"{en} is empty."
            )
