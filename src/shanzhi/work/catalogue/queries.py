"""Every read of the catalogue."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from shanzhi.city.people.models import Unit
from shanzhi.city.places.models import Place, PlaceClosure
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.paging import decode_cursor, encode_cursor
from shanzhi.work.catalogue.models import CatalogueVersion, Condition, Kind, Responsibility, VersionStatus

PAGE_ROWS = 50


def version_by_kind(on: date, kind_ids: Iterable[UUID] | None = None) -> dict[UUID, UUID]:
    """Kind id -> id of the version whose conditions of that kind are in force on the day `on`."""
    rows = Condition.objects.filter(
        version__status=VersionStatus.EFFECTIVE, version__effective_on__lte=on
    ).order_by("kind_id", "-version__effective_on", "-version__number")
    if kind_ids is not None:
        rows = rows.filter(kind_id__in=list(kind_ids))
    return dict(rows.distinct("kind_id").values_list("kind_id", "version_id"))


def conditions_in_force(on: date, kind_ids: Iterable[UUID] | None = None) -> "QuerySet[Condition]":
    """Conditions in force on the day `on`, by kind code and then in the order of the list."""
    # Per kind the newest version wins; every condition of that version stands.
    versions: dict[UUID, list[UUID]] = {}
    for kind_id, version_id in version_by_kind(on, kind_ids).items():
        versions.setdefault(version_id, []).append(kind_id)
    chosen = Q(pk__in=[])
    for version_id, kinds in versions.items():
        chosen |= Q(version_id=version_id, kind_id__in=kinds)
    return (
        Condition.objects.filter(chosen)
        .select_related("kind", "version")
        .order_by("kind__code", "position", "id")
    )


def conditions_for_kind(code: str, on: date, *, usable_only: bool = False) -> list[Condition]:
    """Conditions of one kind in force on the day `on`; none for an unknown code."""
    rows = conditions_in_force(on, Kind.objects.filter(code=code).values_list("id", flat=True))
    return list(rows.filter(usable=True) if usable_only else rows)


def condition(condition_id: UUID) -> Condition:
    """One condition of any version: what a live case points at. Raises NotFound."""
    found = Condition.objects.select_related("kind", "version").filter(id=condition_id).first()
    if found is None:
        raise NotFound(field="condition_id")
    return found


def conditions_by_id(condition_ids: Iterable[UUID]) -> dict[UUID, Condition]:
    """Conditions of any version, by id."""
    rows = Condition.objects.select_related("kind").filter(id__in=set(condition_ids))
    return {found.id: found for found in rows}


def kind(code: str) -> Kind:
    """The kind with this code. Raises NotFound."""
    found = Kind.objects.filter(code=code).first()
    if found is None:
        raise NotFound(field="kind")
    return found


def kind_id(code: str) -> UUID:
    """The id of the kind with this code, in one plain statement. Raises NotFound."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM catalogue_kind WHERE code = %s", [code])
        row = cursor.fetchone()
    if row is None:
        raise NotFound(field="kind")
    found: UUID = row[0]
    return found


def resident_kinds(on: date, offered: Iterable[UUID] = ()) -> list[Kind]:
    """Kinds that a resident may choose: those with resident wording, or all where none has any.

    Kinds of a response are among them only when `offered` names them; then they stand first.
    """
    rows = Kind.objects.filter(id__in=version_by_kind(on))
    rows = rows.filter(Q(only_in_response=False) | Q(id__in=list(offered)))
    kinds = list(rows.order_by("-only_in_response", "code"))
    worded = [found for found in kinds if found.resident_zh]
    return worded or kinds


def waiting_for_answer(on: date) -> list[Condition]:
    """Conditions in force whose limit is not plain and that no human has answered yet."""
    return list(conditions_in_force(on).filter(usable=False))


@dataclass(frozen=True)
class ConditionPage:
    """One page of conditions; `next_cursor` is "" on the last page."""

    items: list[Condition]
    next_cursor: str


def browse(
    on: date, *, kind_code: str = "", text: str = "", cursor: str = "", limit: int = PAGE_ROWS
) -> ConditionPage:
    """Conditions in force, narrowed by kind and by words, page by page."""
    kind_ids = Kind.objects.filter(code=kind_code).values_list("id", flat=True) if kind_code else None
    rows = conditions_in_force(on, kind_ids)
    for word in text.split():
        rows = rows.filter(
            Q(kind__name__icontains=word)
            | Q(kind__name_en__icontains=word)
            | Q(kind__code__startswith=word)
            | Q(filing_rule__icontains=word)
            | Q(unit_name__icontains=word)
        )
    if cursor:
        after = decode_cursor(cursor)
        if len(after) != 3 or not isinstance(after[0], str) or type(after[1]) is not int:
            raise InvalidInput(field="cursor", reason_zh="游标无效。", reason_en="The cursor is not valid.")
        code, position, _ = after
        rows = rows.filter(Q(kind__code__gt=code) | Q(kind__code=code, position__gt=position))
    items = list(rows[: limit + 1])
    more, items = len(items) > limit, items[:limit]
    last = items[-1] if more else None
    return ConditionPage(
        items=items,
        next_cursor="" if last is None else encode_cursor((last.kind.code, last.position, str(last.id))),
    )


def latest_version() -> CatalogueVersion | None:
    """The version with the highest number."""
    return CatalogueVersion.objects.order_by("-number").first()


def _ancestors_nearest_first(place_id: UUID, on: date) -> list[UUID]:
    rows = (
        PlaceClosure.objects.filter(descendant_id=place_id, from_on__lte=on)
        .filter(Q(to_on=None) | Q(to_on__gt=on))
        .exclude(ancestor_id=place_id)
        .order_by("depth")
        .values_list("ancestor_id", flat=True)
    )
    return [place_id, *rows]


def responsible_unit(condition_id: UUID, place_id: UUID, on: date) -> tuple[Unit | None, str, str]:
    """The unit that answers for a condition in a place, and why (责任单位).

    The place itself is asked first, then each place above it; in one place a rule for this very
    condition goes before one for the whole kind. Where nobody has entered a rule, a unit in one of
    these places is proposed whose name the catalogue itself gives as handling unit.
    """
    found = condition(condition_id)
    places = _ancestors_nearest_first(place_id, on)
    distance = {place: step for step, place in enumerate(places)}
    rules = sorted(
        Responsibility.objects.filter(
            kind_id=found.kind_id, condition_key__in=["", found.key], place_id__in=places, from_on__lte=on
        )
        .filter(Q(to_on=None) | Q(to_on__gt=on))
        .select_related("unit"),
        key=lambda rule: (distance[rule.place_id], rule.condition_key == "", str(rule.id)),
    )
    if rules:
        rule = rules[0]
        name = Place.objects.values_list("name", flat=True).get(id=rule.place_id)
        if rule.place_id == place_id:
            return rule.unit, f"{name}的责任单位", f"responsible unit of {name}"
        return rule.unit, f"本地未指定，按上级“{name}”的责任单位", f"none set here; taken from {name} above"
    named = [part.strip() for part in found.unit_name.replace("，", "、").split("、") if part.strip()]
    units = sorted(
        Unit.objects.filter(name__in=named, place_id__in=places),
        key=lambda unit: (distance[unit.place_id], named.index(unit.name), str(unit.id)),
    )
    if units:
        return units[0], "目录中列明的处置单位", "named in the catalogue as handling unit"
    return None, "未找到责任单位，请人工选择", "no responsible unit found; please choose one"
