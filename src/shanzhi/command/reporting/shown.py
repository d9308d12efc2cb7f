"""The duty log, reports, course and closing of a response as the endpoints show them."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import DUTY_LOG, REPORT_UPWARD, RESPONSE_APPROVE
from shanzhi.city.modes import happenings, standing
from shanzhi.city.modes.flow import ENDED, LIVE, RESPONSE, STANDING_DOWN
from shanzhi.city.modes.models import Activation
from shanzhi.city.places.models import Place
from shanzhi.command.reporting import due, packs, queries, reports, shapes
from shanzhi.command.reporting.flow import (
    CLOSING,
    DRAFT,
    DROPPED,
    FIRST,
    FOLLOW,
    GIVEN,
    HANDOVER,
    REPEATED,
    REPORT,
    SENT,
)
from shanzhi.command.reporting.models import DutyCaller, DutyEntry, EntryKind, Handover, UpwardReport
from shanzhi.core.kit.masking import mask_name, mask_phone

_MADE = {
    "draft": ("起草", "Drafted"), "edit": ("修改", "Edited"), "refresh": ("重新带出数据", "Filled anew"),
}  # fmt: skip


def head(activation: Activation) -> shapes.ResponseHeadOut:
    """The response that a page is about."""
    state = RESPONSE.state(activation.state)
    names = Place.objects.filter(id__in=activation.place_ids).order_by("code").values_list("name", flat=True)
    return shapes.ResponseHeadOut(
        activation.id, activation.number, activation.title, activation.level, activation.state, state.zh, state.en,
        activation.is_drill, list(names), activation.live_at, activation.ended_at,
    )  # fmt: skip


def entries_out(entries: Sequence[DutyEntry]) -> list[shapes.DutyEntryOut]:
    """Lines with their additions, callers masked."""
    more = queries.followers(entries)
    every = [*entries, *(one for rows in more.values() for one in rows)]
    callers = {
        one.id: one
        for one in DutyCaller.objects.filter(area__in={e.area for e in every}, id__in=[e.id for e in every])
    }
    responses = dict(
        Activation.objects.filter(
            id__in={one.activation_id for one in every if one.activation_id}
        ).values_list("id", "number")
    )
    names = dict(Place.objects.filter(id__in={one.place_id for one in every}).values_list("id", "name"))

    def out(entry: DutyEntry, below: Sequence[DutyEntry] = ()) -> shapes.DutyEntryOut:
        zh, _, en = str(EntryKind(entry.kind).label).partition(" ")
        caller = callers.get(entry.id)
        return shapes.DutyEntryOut(
            entry.id, entry.area, entry.kind, zh, en, entry.called_at, entry.caller_unit,
            mask_name(caller.name) if caller and caller.name else "",
            mask_phone(caller.phone) if caller and caller.phone else "",
            entry.content, entry.proposal, entry.instruction, entry.result, entry.activation_id,
            responses.get(entry.activation_id, ""), entry.subject_kind, entry.subject_area, entry.subject_id,
            entry.subject_name, entry.officer_name, names.get(entry.place_id, ""), entry.at,
            [out(one) for one in below],
        )  # fmt: skip

    return [out(entry, more.get(entry.id, ())) for entry in entries]


def log_out(entries: Sequence[DutyEntry], total: int, actor: Actor, at: datetime) -> shapes.DutyLogOut:
    """The page of the duty log."""
    rooms = Place.objects.filter(id__in=actor.place_ids(DUTY_LOG)).order_by("code")
    handovers = queries.handovers_visible_to(actor, localdate(at)).select_related("place")[:20]
    return shapes.DutyLogOut(
        entries_out(entries), total, [shapes.DutyRoomOut(one.id, one.name) for one in rooms],
        [shapes.DutyResponseOut(one.id, one.number, one.title) for one in queries.responses_open(actor, at)],
        [handover_out(one, actor) for one in handovers], actor.name,
    )  # fmt: skip


def handover_out(row: Handover, actor: Actor) -> shapes.HandoverOut:
    """A handover."""
    state, mine = HANDOVER.state(row.state), actor.account_id == row.given_by_id
    waits = row.state == GIVEN and actor.can(DUTY_LOG)
    return shapes.HandoverOut(
        row.id, row.place.name, row.state, state.zh, state.en, row.from_at, row.open_matters, row.given_by,
        row.given_at, row.taken_by, row.taken_at, waits and not mine, waits and mine,
    )  # fmt: skip


def reports_out(activation: Activation, actor: Actor, at: datetime) -> shapes.ReportsOut:
    """Reports of a response, what is due, what may be drafted."""
    rows = [one for one in queries.reports_for(activation.id) if one.state != DROPPED]
    may = actor.can(REPORT_UPWARD) and queries.may_report(actor, activation, localdate(at))
    scheme = packs.scheme_of(activation.hazard)
    unsent = {one.kind for one in rows if one.state != SENT}
    there = {one.kind for one in rows}
    drafts = []
    for rule in scheme.reports:
        open_now = activation.state in ({STANDING_DOWN, ENDED} if rule.kind in CLOSING else {LIVE})
        again = rule.kind in REPEATED or rule.kind not in there
        again = again and (rule.kind != FOLLOW or FIRST in there)
        if may and open_now and again and rule.kind not in unsent:
            drafts.append(shapes.ReportKindOut(rule.kind, rule.zh, rule.en))
    clocks = []
    # By the rule itself: the clocks that warn are started within the minute, the page does not wait for them.
    for kind, (due_at, warn_at) in sorted(due.wanted(activation).items(), key=lambda one: one[1]):
        zh, en = reports.label(kind)
        state = "breached" if due_at <= at else "warned" if warn_at <= at else "running"
        clocks.append(shapes.ReportDueOut(kind, zh, en, due_at, warn_at, state, kind in unsent))
    newest = {(one.kind, one.sequence): one.version for one in rows}
    return shapes.ReportsOut(
        head(activation), clocks, [report_out(one, actor, may, newest[one.kind, one.sequence]) for one in rows],
        drafts, may, scheme.zh, scheme.en,
    )  # fmt: skip


def report_out(report: UpwardReport, actor: Actor, may: bool, newest: int) -> shapes.UpwardReportOut:
    """A report with its fields, steps and verbs."""
    zh, en = reports.label(report.kind)
    state = REPORT.state(report.state)
    wrote = actor.account_id in {report.drafted_by_id, report.edited_by_id}
    allowed = [
        shapes.ReportVerbOut(edge.verb, edge.zh, edge.en, list(edge.requires))
        for edge in REPORT.edges_from(report.state)
        if may and not (edge.verb == "sign" and wrote)
    ]
    events = []
    for event in report.events.all():
        edge = next((one for one in REPORT.edges if one.verb == event.verb), None)
        words = (edge.zh, edge.en) if edge else _MADE[event.verb]
        events.append(shapes.ReportEventOut(*words, event.actor_name, event.reason, event.at))
    return shapes.UpwardReportOut(
        report.id, report.kind, zh, en, report.sequence, report.version, report.is_zero, report.version == newest,
        report.state, state.zh, state.en, report.happened_at,
        [
            shapes.ReportFieldOut(name, one_zh, one_en, most, getattr(report, name))
            for name, (one_zh, one_en, most) in reports.FIELDS.items()
            if name != "lessons" or report.kind in CLOSING
        ],
        report.facts, report.due_at,
        bool(report.due_at and report.sent_at and report.sent_at > report.due_at),
        report.drafted_by, report.drafted_at, report.signed_by, report.signed_at, report.sent_by, report.sent_at,
        report.sent_how, events, allowed, may and report.state == DRAFT,
    )  # fmt: skip


def timeline_out(
    activation: Activation, actor: Actor, at: datetime, kinds: Sequence[str] = ()
) -> shapes.TimelineOut:
    """The course of a response, of some kinds or of all."""
    found = happenings.of(activation.id, actor, at)
    names = {one.code: one for one in happenings.kinds()}
    return shapes.TimelineOut(
        head(activation),
        [
            shapes.HappeningKindOut(one.code, one.zh, one.en, sum(line.kind == one.code for line in found))
            for one in names.values()
        ],
        [
            shapes.HappeningOut(
                line.at, line.kind, names[line.kind].zh, names[line.kind].en, line.who, line.zh, line.en,
                line.address,
            )
            for line in found
            if not kinds or line.kind in kinds
        ],
    )  # fmt: skip


def stand_down_out(activation: Activation, actor: Actor, at: datetime) -> shapes.StandDownOut:
    """What is still open."""
    lines = [
        shapes.StandingLineOut(
            check.code, check.zh, check.en, state.open, state.total, state.address, state.zh, state.en
        )
        for check, state in standing.checklist(activation.id, at)
    ]
    may = actor.can(RESPONSE_APPROVE) and activation.state == STANDING_DOWN
    return shapes.StandDownOut(
        head(activation), lines, may and not any(line.open for line in lines), activation.state == ENDED
    )
