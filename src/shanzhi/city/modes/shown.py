"""Responses as the endpoints show them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLAN_VIEW
from shanzhi.city.modes import deciding, queries, rules, running, shapes
from shanzhi.city.modes.contents import NUMERALS, PART_CODES, LevelContent, read
from shanzhi.city.modes.flow import LIVE, RESPONSE
from shanzhi.city.modes.models import Activation, ActivationEvent
from shanzhi.city.places.errors import OutsideYourPlaces
from shanzhi.city.places.levels import Level
from shanzhi.city.places.models import Place
from shanzhi.core.kit.errors import NotFound

_NOT_BY_WHO_PROPOSED = {"approve", "refuse", "raise", "lower", "extend", "renew"}


def line_out(code: str, line: Mapping[str, object]) -> shapes.ResponseLineOut:
    """A stored line."""
    zh, en = PART_CODES.get(code, (code, code))
    return msgspec.convert(
        {**line, "part": code, "part_zh": zh, "part_en": en}, shapes.ResponseLineOut, strict=False
    )


def lines_out(made: Iterable[running.Made]) -> list[shapes.ResponseLineOut]:
    """Lines of a preview."""
    return [line_out(str(one["part"]), one) for one in running.plain(made)]


def level_out(content: LevelContent) -> shapes.ResponseLevelOut:
    """A level with its words."""
    said = {
        name: [shapes.ResponseSaidOut(one.zh, one.en) for one in getattr(content, name)]
        for name in ("entry", "measures", "release")
    }
    return shapes.ResponseLevelOut(
        content.level, NUMERALS[content.level], content.zh, content.en, said["entry"], said["measures"],
        said["release"], content.confines, str(content.largest), content.largest.zh, content.largest.en, content.days,
    )  # fmt: skip


def _places(rows: Sequence[Activation]) -> dict[UUID, shapes.ResponsePlaceOut]:
    wanted = {place_id for row in rows for place_id in row.place_ids}
    return {
        place.id: shapes.ResponsePlaceOut(
            place.id, place.name, str(place.level), Level(place.level).zh, Level(place.level).en
        )
        for place in Place.objects.filter(id__in=wanted)
    }


def _row_out(row: Activation, names: Mapping[UUID, shapes.ResponsePlaceOut]) -> shapes.ResponseRowOut:
    state, content = RESPONSE.state(row.state), read(row.content)
    return shapes.ResponseRowOut(
        row.id, row.number, row.plan, row.plan_version, row.hazard, row.title, row.title_en or row.title, row.level,
        NUMERALS[row.level], content.zh, content.en, row.state, state.zh, state.en,
        [names[one] for one in row.place_ids if one in names], row.is_drill, row.is_compulsory, row.last_on,
        row.proposed_by, row.proposed_at, row.live_at, row.ended_at,
    )  # fmt: skip


def rows_out(rows: Sequence[Activation]) -> list[shapes.ResponseRowOut]:
    """The lines of a list."""
    names = _places(rows)
    return [_row_out(row, names) for row in rows]


def may(actor: Actor, capability: str, row: Activation, on: date) -> bool:
    """Whether the actor holds the capability at every place of a response."""
    if not actor.can(capability):
        return False
    try:
        deciding.places_within(actor, capability, row.place_ids, on, closed_too=True)
    except (NotFound, OutsideYourPlaces):
        return False
    return True


def actions_of(row: Activation, actor: Actor, at: datetime) -> list[shapes.ResponseActionOut]:
    """The verbs that the actor may do now."""
    on = localdate(at)
    is_over = row.state == LIVE and row.last_on is not None and row.last_on < on
    levels = {one["level"] for one in row.levels}
    found = []
    for edge in RESPONSE.edges_from(row.state):
        own = actor.account_id == row.proposed_by_id and edge.verb in _NOT_BY_WHO_PROPOSED
        again = edge.verb == "renew" and actor.account_id == row.approved_by_id
        extended = (
            edge.verb == "extend"
            and row.limit_on is not None
            and row.last_on is not None
            and row.last_on >= row.limit_on
        )
        graver = edge.verb == "raise" and not any(level < row.level for level in levels)
        milder = edge.verb == "lower" and not any(level > row.level for level in levels)
        if own or again or extended or graver or milder or (is_over and edge.verb != "end"):
            continue
        if may(actor, edge.capability, row, on):
            found.append(shapes.ResponseActionOut(edge.verb, edge.zh, edge.en, list(edge.requires)))
    return found


def _event_out(event: ActivationEvent) -> shapes.ResponseEventOut:
    edge = next((one for one in RESPONSE.edges if one.verb == event.verb), None)
    zh, en = (edge.zh, edge.en) if edge else ("提请启动", "Proposed")
    return shapes.ResponseEventOut(
        event.at, event.verb, zh, en, event.actor_name, event.reason, event.document, event.level, event.last_on,
        [line_out(one["part"], one) for one in event.made],
    )  # fmt: skip


def response_out(row: Activation, actor: Actor, at: datetime) -> shapes.ResponseOut:
    """One response, whole, with what the caller may do."""
    content = read(row.content)
    return shapes.ResponseOut(
        row=_row_out(row, _places([row])), basis=row.basis, document=row.document, why_so_large=row.why_so_large,
        exit_zh=row.exit_zh, exit_en=row.exit_en, exit_phone=row.exit_phone, approved_by=row.approved_by,
        renewed_by=row.renewed_by, limit_on=row.limit_on, present=level_out(content),
        levels=[level_out(read(one)) for one in sorted(row.levels, key=lambda one: -one["level"])],
        events=[_event_out(event) for event in queries.events_of(row.id)], actions=actions_of(row, actor, at),
        renew_limit_on=rules.limit_of(content, localdate(at)) if row.state == LIVE else None,
    )  # fmt: skip


def preview_out(row: Activation, level: int | None, actor: Actor, at: datetime) -> shapes.ResponsePreviewOut:
    """What approving a proposal, or going to another level, would do."""
    content, by = queries.level_of(row, level), actor.account_id or row.proposed_by_id
    if row.state != LIVE:
        return proposal_preview_out(row, content, by, at)
    begun, kept, ended = running.difference(read(row.content), content)
    live = running.live_of(row, by, at)
    begins = lines_out(running.preview(msgspec.structs.replace(content, parts=begun), live, at))
    return shapes.ResponsePreviewOut(
        begins, _counted(kept), _counted(ended), any(line.wrong for line in begins)
    )


def proposal_preview_out(
    row: Activation, content: LevelContent, by: UUID, at: datetime
) -> shapes.ResponsePreviewOut:
    """What a proposal would do, written or not."""
    begins = lines_out(running.preview(content, running.live_of(row, by, at), at))
    return shapes.ResponsePreviewOut(begins, [], [], any(line.wrong for line in begins))


def _counted(items: running.Items) -> list[shapes.ResponseLineOut]:
    return [
        shapes.ResponseLineOut(code, *PART_CODES.get(code, (code, code)), "", "", len(found), False, None, "")
        for code, found in items.items()
        if found
    ]


def banners_out(actor: Actor, at: datetime) -> list[shapes.BannerOut]:
    """What is live where the person's posts stand: for everybody who is signed in."""
    found = queries.live_for({post.place_id for post in actor.posts}, at)
    names, on = _places(found), localdate(at)
    seen = set(
        queries.visible_to(actor, on).filter(id__in=[row.id for row in found]).values_list("id", flat=True)
    )
    out = []
    for row in found:
        content = read(row.content)
        screens = content.parts.get("screens") or [{}]
        out.append(
            shapes.BannerOut(
                row.id, row.number, row.title, row.title_en or row.title, row.level, NUMERALS[row.level], content.zh,
                content.en,
                [names[one].name for one in row.place_ids if one in names], row.is_drill, row.last_on,
                str(_opens(screens, actor)), row.id in seen and actor.can(PLAN_VIEW),
            )
        )  # fmt: skip
    return out


def _opens(screens: Sequence[Mapping[str, object]], actor: Actor) -> object:
    """The desk that opens first for this person: the first item meant for one of their kinds of post, or for all."""
    kinds = {post.kind for post in actor.posts}
    for one in screens:
        meant = one.get("posts")
        if not meant or (isinstance(meant, list) and kinds & set(meant)):
            return one.get("opens", "")
    return ""
