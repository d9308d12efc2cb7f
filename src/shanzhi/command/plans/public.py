"""Notices and objections as the endpoints show them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import RESPONSE_APPROVE
from shanzhi.city.modes import shown as responses
from shanzhi.city.modes.contents import name_en, name_of
from shanzhi.city.modes.models import Activation
from shanzhi.city.modes.queries import level_of
from shanzhi.city.places.models import Place
from shanzhi.command.plans import notices as texts
from shanzhi.command.plans import queries, shapes
from shanzhi.command.plans.errors import SecondAnswerer
from shanzhi.command.plans.flow import OBJECTION, OUTCOMES, RECEIVED
from shanzhi.command.plans.models import Notice, Objection
from shanzhi.command.plans.objections import may_still_object
from shanzhi.core.kit.masking import mask_phone


def notice_rows_out(rows: Sequence[Notice]) -> list[shapes.NoticeRowOut]:
    """Notices in a list."""
    names = dict(
        Place.objects.filter(id__in={one for row in rows for one in row.place_ids}).values_list("id", "name")
    )
    measures = {one.id: one for one in Activation.objects.filter(id__in={row.activation_id for row in rows})}
    return [_row(row, names, measures[row.activation_id]) for row in rows]


def _row(row: Notice, names: dict[object, str], measure: Activation) -> shapes.NoticeRowOut:
    content = level_of(measure)
    return shapes.NoticeRowOut(
        row.number, row.title_zh, row.title_en, [names[one] for one in row.place_ids if one in names],
        name_of(measure.level, content.zh), name_en(measure.level, content.en), row.from_at, row.until_on,
        row.ended_at, row.replaced_by, row.is_drill,
    )  # fmt: skip


def notice_out(row: Notice, at: datetime) -> shapes.NoticeOut:
    """A notice, whole, with the others of the same response."""
    [line] = notice_rows_out([row])
    others = [one for one in queries.notices_of(row.activation_id) if one.id != row.id]
    return shapes.NoticeOut(
        line, row.text_zh, row.text_en, row.exit_zh, row.exit_en, row.exit_phone, row.objection_days,
        row.objection_zh, row.objection_en, row.objection_phone, may_still_object(row, at), notice_rows_out(others),
    )  # fmt: skip


def notice_previews(
    row: Activation, items: Iterable[dict[str, object]], at: datetime
) -> list[shapes.NoticePreviewOut]:
    """The notices of a proposal as they would be made known."""
    part, names = texts.NoticesPart(), texts.names_of(row)
    found = [part.read(number, item) for number, item in enumerate(items)]
    return [shapes.NoticePreviewOut(one.code, **texts.words(one, row, names, at)) for one in found]


def follow_out(row: Objection) -> shapes.ObjectionFollowOut:
    """An objection for whoever holds its secret."""
    state = OBJECTION.state(row.state)
    return shapes.ObjectionFollowOut(
        row.number, row.notice.number, row.notice.title_zh, row.notice.title_en, row.text or "", row.state,
        state.public_zh, state.public_en, row.made_at, row.due_at, row.outcome, *OUTCOMES.get(row.outcome, ("", "")),
        row.answer or "", row.answered_at,
    )  # fmt: skip


def objections_out(rows: Sequence[Objection], actor: Actor, at: datetime) -> shapes.ObjectionsOut:
    """Objections at the desk."""
    measures = {
        one.id: one for one in Activation.objects.filter(id__in={row.notice.activation_id for row in rows})
    }
    out = [objection_out(row, measures[row.notice.activation_id], actor, at) for row in rows]
    waiting = [one for one in out if one.state == RECEIVED]
    return shapes.ObjectionsOut(out, len(waiting), sum(one.is_overdue for one in waiting))


def objection_out(row: Objection, measure: Activation, actor: Actor, at: datetime) -> shapes.ObjectionOut:
    """One of them; why the caller may not answer it is said."""
    state, notice = OBJECTION.state(row.state), row.notice
    is_open = row.state == RECEIVED
    own = actor.account_id in {measure.proposed_by_id, measure.approved_by_id, measure.renewed_by_id}
    may = is_open and not own and responses.may(actor, RESPONSE_APPROVE, measure, localdate(at))
    why = (SecondAnswerer.zh, SecondAnswerer.en) if is_open and own else ("", "")
    return shapes.ObjectionOut(
        row.area, row.id, row.number, notice.number, notice.title_zh, notice.title_en, notice.activation_id,
        notice.is_drill, row.text or "", mask_phone(row.phone) if row.phone else "", row.state, state.zh, state.en,
        row.made_at, row.due_at, is_open and row.due_at < at, row.outcome, *OUTCOMES.get(row.outcome, ("", "")),
        row.answer or "", row.answered_by, row.answered_at, may, *why,
    )  # fmt: skip
