"""Plans as the endpoints show them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.conf import settings
from django.db.models import Count
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import PLAN_EDIT, RESPONSE_PROPOSE
from shanzhi.city.modes import parts
from shanzhi.city.modes.contents import MOST_CONFINED_DAYS, PART_CODES
from shanzhi.city.modes.models import Activation
from shanzhi.city.modes.shown import level_out
from shanzhi.city.people import queries as people
from shanzhi.city.places import queries as places
from shanzhi.city.places.levels import Level
from shanzhi.command.plans import checking, items, queries, shapes
from shanzhi.command.plans.document import CHAPTERS, HAZARDS
from shanzhi.command.plans.flow import DRAFT, IN_FORCE, IN_REVIEW, VERSION
from shanzhi.command.plans.models import Plan, PlanEvent, PlanVersion
from shanzhi.command.plans.screens import PAGES
from shanzhi.core.kit.yaml_files import read_yaml
from shanzhi.core.worktime import Unit
from shanzhi.work.cases.flow import CLOCKS
from shanzhi.work.orders import packs as orders

_OTHER_VERBS = {
    "draft": ("新编", "Begun"),
    "save": ("保存", "Saved"),
    "load": ("由预案包载入", "Loaded from the pack"),
}


def _may(actor: Actor, capability: str, plan: Plan, on: date) -> bool:
    if not actor.can(capability):
        return False
    grounds = places.reach(actor, capability)
    return grounds is None or places.is_within(plan.place_id, grounds, on)


def rows_out(plans: Sequence[Plan], on: date) -> list[shapes.PlanRowOut]:
    """The lines of the list."""
    wanted: dict[object, dict[str, PlanVersion]] = {}
    for row in PlanVersion.objects.filter(plan__in=list(plans), state__in=[IN_FORCE, DRAFT, IN_REVIEW]):
        wanted.setdefault(row.plan_id, {})["in_force" if row.state == IN_FORCE else "open"] = row
    live = dict(
        Activation.objects.filter(state="live", plan__in=[one.code for one in plans])
        .values_list("plan")
        .annotate(many=Count("id"))
    )
    return [_row_out(one, wanted.get(one.id, {}), live.get(one.code, 0)) for one in plans]


def _row_out(plan: Plan, found: dict[str, PlanVersion], live: int) -> shapes.PlanRowOut:
    row, open_one = found.get("in_force"), found.get("open")
    doc = queries.document_of(row) if row else None
    hazard = HAZARDS.get(plan.hazard, (plan.hazard, plan.hazard))
    state = VERSION.state(open_one.state) if open_one else None
    edition = next((one for one in doc.editions if one.code == doc.edition), None) if doc else None
    return shapes.PlanRowOut(
        plan.code, plan.zh, plan.en, plan.hazard, *hazard, plan.place_id, plan.place.name,
        row.number if row else None, row.in_force_at if row else None,
        [level_out(one) for one in sorted(doc.in_force, key=lambda one: -one.level)] if doc else [],
        shapes.PlanWordOut(edition.code, edition.zh, edition.en) if edition else None,
        open_one.number if open_one else None, open_one.state if open_one else "", state.zh if state else "",
        state.en if state else "", live,
    )  # fmt: skip


def plan_out(plan: Plan, row: PlanVersion, actor: Actor, at: datetime) -> shapes.PlanOut:
    """A plan with one of its versions, whole, with what the caller may do."""
    on, doc, state = localdate(at), queries.document_of(row), VERSION.state(row.state)
    may_edit = _may(actor, PLAN_EDIT, plan, on)
    versions = list(queries.versions([plan.id]))
    has_open = any(one.state in {DRAFT, IN_REVIEW} for one in versions)
    [line] = rows_out([plan], on)
    return shapes.PlanOut(
        row=line, number=row.number, state=row.state, state_zh=state.zh, state_en=state.en, note=row.note,
        saves=row.saves, drafted_by=row.drafted_by, reviewed_by=row.reviewed_by, content=row.content,
        levels=[level_out(one) for one in sorted(doc.in_force, key=lambda one: -one.level) if 1 <= one.level <= 4],
        problems=[
            shapes.PlanProblemOut(one.field, one.zh, one.en, one.stops) for one in checking.problems(doc)
        ],
        versions=[_version_out(one) for one in versions],
        events=[_event_out(one) for one in queries.events_of(row)], actions=_actions(plan, row, actor, on),
        may_edit=may_edit and row.state == DRAFT, may_begin_draft=may_edit and not has_open,
        may_propose=row.state == IN_FORCE and actor.can(RESPONSE_PROPOSE),
    )  # fmt: skip


def _version_out(row: PlanVersion) -> shapes.PlanVersionRowOut:
    state = VERSION.state(row.state)
    return shapes.PlanVersionRowOut(
        row.number, row.state, state.zh, state.en, row.note, row.drafted_by, row.drafted_at, row.reviewed_by,
        row.in_force_at, row.ended_at,
    )  # fmt: skip


def _event_out(event: PlanEvent) -> shapes.PlanEventOut:
    edge = next((one for one in VERSION.edges if one.verb == event.verb), None)
    zh, en = (edge.zh, edge.en) if edge else _OTHER_VERBS.get(event.verb, (event.verb, event.verb))
    return shapes.PlanEventOut(event.at, event.verb, zh, en, event.actor_name, event.reason, event.digest)


def _actions(plan: Plan, row: PlanVersion, actor: Actor, on: date) -> list[shapes.PlanActionOut]:
    found = []
    for edge in VERSION.edges_from(row.state):
        own = edge.verb in {"approve", "send_back"} and actor.account_id in row.writers
        if edge.verb == "supersede" or own or not _may(actor, edge.capability, plan, on):
            continue
        found.append(shapes.PlanActionOut(edge.verb, edge.zh, edge.en, "reason" in edge.requires))
    return found


def _words(found: Iterable[tuple[str, str, str]]) -> list[shapes.PlanWordOut]:
    return [shapes.PlanWordOut(code, zh, en) for code, zh, en in found]


def options() -> shapes.PlanOptionsOut:
    """Everything that the editor offers."""
    kinds = _words((kind.code, kind.zh, kind.en) for kind in people.post_kinds())
    return shapes.PlanOptionsOut(
        hazards=_words((code, zh, en) for code, (zh, en) in HAZARDS.items()),
        chapters=_words((code, zh, en) for code, (zh, en) in CHAPTERS.items()),
        posts=kinds,
        place_levels=_words((str(one), one.zh, one.en) for one in Level),
        parts=[_part_out(code, zh, en) for code, (zh, en) in PART_CODES.items()],
        most_confined_days=MOST_CONFINED_DAYS,
    )  # fmt: skip


def _part_out(code: str, zh: str, en: str) -> shapes.PlanPartOut:
    part = parts.known().get(code)
    offered = part.choices() if isinstance(part, parts.Offering) else {}
    own = _own_choices(code)
    return shapes.PlanPartOut(
        code, zh, en, part is not None,
        [
            shapes.PlanFieldOut(
                one.name, one.zh, one.en, one.kind, one.needed, _words(offered.get(one.name) or own.get(one.name, []))
            )
            for one in items.FIELDS[code]
        ],
    )  # fmt: skip


# Where the packs name what a field may hold: part -> field, file, list. What an engine offers itself goes first.
_IN_PACKS = {
    "rosters": ("template", "rosters/templates.yaml", "templates"),
    "stock": ("item", "stock/items.yaml", "items"),
    "sweeps": ("template", "sweeps/templates.yaml", "templates"),
    "sampling": ("template", "sampling/templates.yaml", "templates"),
    "isolation": ("edition", "isolation/editions.yaml", "editions"),
    "kinds": ("kind", "response/kinds.yaml", "kinds"),
}


def _from_pack(code: str) -> dict[str, list[tuple[str, str, str]]]:
    field, name, key = _IN_PACKS[code]
    path = settings.PACKS / name
    if not path.exists():
        return {}
    found = []
    for one in read_yaml(path).get(key, []):
        zh, en = one.get("zh") or one.get("title_zh") or one.get("name"), one.get("en") or one.get("title_en")
        zh = zh["title"] if isinstance(zh, dict) else zh
        en = en["title"] if isinstance(en, dict) else en or one.get("name_en")
        number = one.get("code") or f"02{one.get('major_code')}{one.get('minor_code')}"
        found.append((str(number), str(zh or number), str(en or zh or number)))
    return {field: found}


def _own_choices(code: str) -> dict[str, list[tuple[str, str, str]]]:
    if code in _IN_PACKS:
        return _from_pack(code)
    if code == "limits":
        return {
            "clock": [(name, zh, en) for name, (zh, en) in CLOCKS.items() if name != "suspend"],
            "unit": [(one.value, one.zh, one.en) for one in Unit],
        }
    if code == "screens":
        return {"opens": [(page, zh, en) for page, (zh, en) in PAGES.items()]}
    if code == "orders":
        return {
            "template": [(one.code, one.zh.title, one.en.title) for one in orders.templates().values()],
            "ladder": [(one.code, one.zh, one.en) for one in orders.ladders().values()],
        }
    return {}
