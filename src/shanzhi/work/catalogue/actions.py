"""The verbs of the catalogue: the only writers."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import CATALOGUE_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.core.documents import RowError
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.yaml_files import read_yaml
from shanzhi.core.worktime import Unit
from shanzhi.work.catalogue.errors import ImportHasErrors, LimitAlreadyPlain
from shanzhi.work.catalogue.limits import parse_limit, short_unit
from shanzhi.work.catalogue.models import (
    CatalogueVersion,
    Condition,
    Family,
    Kind,
    Responsibility,
    VersionStatus,
)
from shanzhi.work.catalogue.queries import conditions_in_force
from shanzhi.work.catalogue.rows import REQUIRED, ConditionRow

_LOCK = 0x63617461  # "cata": one writer of the catalogue at a time
_FAMILIES = {
    "部件": (Family.PART, "01"),
    "part": (Family.PART, "01"),
    "事件": (Family.INCIDENT, "02"),
    "incident": (Family.INCIDENT, "02"),
}
_MAX_LENGTH = {"major": 60, "name": 120, "limit_text": 100, "resident_zh": 120, "resident_en": 120}
_COLUMN_ZH = {
    "family": "类型",
    "major_code": "大类代码",
    "major": "大类名称",
    "minor_code": "小类代码",
    "name": "小类名称",
    "filing_rule": "立案条件",
    "closing_rule": "结案条件",
    "limit_text": "处置时限",
}


@dataclass(frozen=True)
class OpenLimit:
    """A limit that is not plain: kept as text, unusable until a human answers it."""

    row: int
    kind_code: str
    filing_rule: str
    limit_text: str


@dataclass(frozen=True)
class ImportReport:
    """What an import did, or would do. Counts are conditions; with any error nothing is written."""

    rows: int
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    errors: list[RowError] = field(default_factory=list)
    open_limits: list[OpenLimit] = field(default_factory=list)
    read_as_working_time: dict[str, int] = field(default_factory=dict)
    version: int | None = None
    dry_run: bool = False


def condition_key(filing_rule: str) -> str:
    """The name of a filing rule across versions: it stays while the words stay."""
    return hashlib.sha256(" ".join(filing_rule.split()).encode()).hexdigest()[:16]


def kind_code(row: ConditionRow) -> str:
    """Family (01 asset, 02 incident), then major and minor code, each of at least two digits."""
    return _FAMILIES[row.family][1] + row.major_code.zfill(2) + row.minor_code.zfill(2)


def _row_errors(rows: Sequence[ConditionRow]) -> list[RowError]:
    errors: list[RowError] = []
    first_row: dict[tuple[str, str], int] = {}
    names: dict[str, tuple[str, int]] = {}

    def wrong(row: ConditionRow, column: str, zh: str, en: str) -> None:
        errors.append(RowError(row.row, column, zh, en))

    for row in rows:
        before = len(errors)
        for column in REQUIRED:
            # A missing limit is not an error: a human answers it.
            if column != "limit_text" and not getattr(row, column):
                wrong(row, column, f"“{_COLUMN_ZH[column]}”不能为空。", f"{column} must not be empty.")
        if row.family and row.family not in _FAMILIES:
            wrong(row, "family", "类型应为“部件”或“事件”。", "family must be 部件 (part) or 事件 (incident).")
        for column, most in (("major_code", 2), ("minor_code", 3)):
            value = getattr(row, column)
            if value and not (value.isascii() and value.isdigit() and len(value) <= most):
                wrong(
                    row,
                    column,
                    f"“{_COLUMN_ZH[column]}”应为不超过 {most} 位的数字。",
                    f"{column} must be at most {most} digits.",
                )
        for column, most in _MAX_LENGTH.items():
            if len(getattr(row, column)) > most:
                zh_name = _COLUMN_ZH.get(column, column)
                wrong(row, column, f"“{zh_name}”不得超过 {most} 字。", f"{column} is longer than {most}.")
        if len(errors) > before:
            continue
        code = kind_code(row)
        known = names.setdefault(code, (row.name, row.row))
        if known[0] != row.name:
            wrong(
                row,
                "name",
                f"代码 {code} 在第 {known[1]} 行的名称是“{known[0]}”。",
                f"code {code} is named {known[0]} in row {known[1]}.",
            )
        rule = (code, condition_key(row.filing_rule))
        earlier = first_row.setdefault(rule, row.row)
        if earlier != row.row:
            wrong(
                row,
                "filing_rule",
                f"与第 {earlier} 行的立案条件重复。",
                f"the same filing rule as row {earlier}.",
            )
    return errors


def _content(row: ConditionRow) -> tuple[object, ...]:
    return (
        row.filing_rule, row.closing_rule, row.limit_text, row.unit_name, row.authority_name,
        row.photo_required,
    )  # fmt: skip


def _stored(condition: Condition) -> tuple[object, ...]:
    return (
        condition.filing_rule, condition.closing_rule, condition.limit_text, condition.unit_name,
        condition.authority_name, condition.photo_required,
    )  # fmt: skip


def _save_kind(row: ConditionRow, existing: Kind | None) -> Kind:
    saved = existing or Kind(code=kind_code(row))
    saved.family = _FAMILIES[row.family][0]
    saved.major_code = row.major_code.zfill(2)
    saved.major, saved.name = row.major, row.name
    # A list without resident wording or English keeps what is there.
    saved.major_en = row.major_en or saved.major_en
    saved.name_en = row.name_en or saved.name_en
    saved.resident_zh = row.resident_zh or saved.resident_zh
    saved.resident_en = row.resident_en or saved.resident_en
    saved.save()
    return saved


def _new_condition(
    row: ConditionRow, kind: Kind, version: CatalogueVersion, old: Condition | None
) -> Condition:
    limit = parse_limit(row.limit_text)
    new = Condition(
        kind=kind,
        version=version,
        position=row.row,
        key=condition_key(row.filing_rule),
        filing_rule=row.filing_rule,
        closing_rule=row.closing_rule,
        limit_text=row.limit_text,
        limit_amount=None if limit is None else limit.amount,
        limit_unit="" if limit is None else limit.unit.value,
        usable=limit is not None,
        unit_name=row.unit_name,
        authority_name=row.authority_name,
        photo_required=row.photo_required,
    )
    # The same words were answered by a human before: the answer stands.
    if limit is None and old is not None and old.usable and old.limit_text == row.limit_text:
        new.limit_amount, new.limit_unit, new.usable = old.limit_amount, old.limit_unit, True
        new.answered_at, new.answered_by = old.answered_at, old.answered_by
    return new


def import_conditions(
    rows: Iterable[ConditionRow],
    *,
    dry_run: bool,
    actor: Actor,
    at: datetime,
    effective_on: date | None = None,
    source: str = "",
) -> ImportReport:
    """Import a list of conditions as a new version (导入立案条件).

    The version replaces the conditions of each kind whose list differs from the one in force on
    `effective_on` (default: the day of `at`). The same file again changes nothing. With any row
    error nothing is written; neither is with `dry_run`. Raises Refused.
    """
    actor.require(CATALOGUE_MANAGE)
    listed = list(rows)
    day = effective_on or localdate(at)
    errors = _row_errors(listed)
    if errors:
        return ImportReport(rows=len(listed), errors=errors, dry_run=dry_run)
    by_kind: dict[str, list[ConditionRow]] = {}
    for row in listed:
        by_kind.setdefault(kind_code(row), []).append(row)
    readings = Counter(unit for row in listed if (unit := short_unit(row.limit_text)))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        kinds = {found.code: found for found in Kind.objects.filter(code__in=by_kind)}
        in_force: dict[str, dict[str, Condition]] = {}
        for old in conditions_in_force(day, [found.id for found in kinds.values()]):
            in_force.setdefault(old.kind.code, {})[old.key] = old
        created = {code for code in by_kind if code not in in_force}
        changed = {
            code
            for code, group in by_kind.items()
            if code in in_force
            and [_content(row) for row in group] != [_stored(old) for old in in_force[code].values()]
        }
        number = None
        if not dry_run:
            for code, group in by_kind.items():
                kinds[code] = _save_kind(group[-1], kinds.get(code))
            if created or changed:
                number = _write_version(
                    {code: by_kind[code] for code in by_kind if code in created | changed},
                    kinds, in_force, day, actor, at, source,
                )  # fmt: skip
        report = ImportReport(
            rows=len(listed),
            created=sum(len(by_kind[code]) for code in created),
            changed=sum(len(by_kind[code]) for code in changed),
            unchanged=sum(len(by_kind[code]) for code in by_kind.keys() - created - changed),
            open_limits=[
                OpenLimit(row.row, code, row.filing_rule, row.limit_text)
                for code, group in by_kind.items()
                for row in group
                if parse_limit(row.limit_text) is None
                and not _answered(in_force.get(code, {}).get(condition_key(row.filing_rule)), row)
            ],
            read_as_working_time=dict(readings),
            version=number,
            dry_run=dry_run,
        )
        if number is not None:
            audit.record(
                actor=actor,
                event="catalogue.imported",
                subject=str(number),
                detail={
                    "rows": report.rows,
                    "created": report.created,
                    "changed": report.changed,
                    "open_limits": len(report.open_limits),
                    "effective_on": day.isoformat(),
                    "source": source,
                },
                at=at,
            )
    return report


def _answered(old: Condition | None, row: ConditionRow) -> bool:
    return old is not None and old.usable and old.limit_text == row.limit_text


def _write_version(
    groups: dict[str, list[ConditionRow]],
    kinds: dict[str, Kind],
    in_force: dict[str, dict[str, Condition]],
    day: date,
    actor: Actor,
    at: datetime,
    source: str,
) -> int:
    highest: int | None = CatalogueVersion.objects.aggregate(highest=Max("number"))["highest"]
    version = CatalogueVersion.objects.create(
        number=(highest or 0) + 1,
        effective_on=day,
        status=VersionStatus.EFFECTIVE,
        source=source[:200],
        created_at=at,
        created_by=actor.name[:150],
    )
    Condition.objects.bulk_create(
        _new_condition(row, kinds[code], version, in_force.get(code, {}).get(condition_key(row.filing_rule)))
        for code, group in groups.items()
        for row in group
    )
    return version.number


def answer_limit(condition_id: UUID, *, amount: float, unit: str, actor: Actor, at: datetime) -> Condition:
    """Answer a limit that was not plain (明确时限); its text stays. Raises LimitAlreadyPlain."""
    actor.require(CATALOGUE_MANAGE)
    if unit not in {known.value for known in Unit}:
        raise InvalidInput(field="unit", reason_zh="时限单位无效。", reason_en="Not a unit of a limit.")
    if not 0 < amount <= 9999:
        raise InvalidInput(
            field="amount",
            reason_zh="时限应大于 0 且不超过 9999。",
            reason_en="Must be over 0, at most 9999.",
        )
    with transaction.atomic():
        found = Condition.objects.select_for_update().filter(id=condition_id).first()
        if found is None:
            raise NotFound(field="condition_id")
        if found.usable:
            raise LimitAlreadyPlain(field="condition_id")
        found.limit_amount, found.limit_unit, found.usable = amount, unit, True
        found.answered_at, found.answered_by = at, actor.name[:150]
        found.save()
        audit.record(
            actor=actor,
            event="catalogue.limit-answered",
            subject=str(found.id),
            detail={"limit_text": found.limit_text, "amount": amount, "unit": unit},
            at=at,
        )
    return found


def set_responsible(
    *, code: str, place_id: UUID, unit_id: UUID, on: date, actor: Actor, at: datetime, rule: str = ""
) -> Responsibility:
    """From the day `on`, `unit_id` answers for the kind in the place (设定责任单位).

    `rule` narrows it to one filing rule. What held before ends on that day. Raises Refused, NotFound.
    """
    actor.require(CATALOGUE_MANAGE)
    key = condition_key(rule) if rule else ""
    with transaction.atomic():
        found = Kind.objects.select_for_update().filter(code=code).first()
        if found is None:
            raise NotFound(field="kind")
        before = Responsibility.objects.filter(kind=found, condition_key=key, place_id=place_id, to_on=None)
        if before.filter(from_on__gt=on).exists():
            raise InvalidInput(
                field="on", reason_zh="不得早于现有规则的起始日。", reason_en="Earlier than the present rule."
            )
        before.update(to_on=on)
        new = Responsibility.objects.create(
            kind=found, condition_key=key, place_id=place_id, unit_id=unit_id, from_on=on
        )
        audit.record(
            actor=actor,
            event="catalogue.responsibility-set",
            subject=code,
            detail={"place_id": str(place_id), "unit_id": str(unit_id), "from_on": on.isoformat()},
            at=at,
        )
    return new


def _pack_rows(document: Any) -> Iterable[ConditionRow]:
    row = 0
    for kind in document["kinds"]:
        for rule in kind["conditions"]:
            row += 1
            yield ConditionRow(
                row=row,
                family=kind["family"],
                major_code=kind["major_code"],
                major=kind["major"],
                major_en=kind["major_en"],
                minor_code=kind["minor_code"],
                name=kind["name"],
                name_en=kind["name_en"],
                resident_zh=kind["resident_zh"],
                resident_en=kind["resident_en"],
                filing_rule=rule["file_when"],
                closing_rule=rule["close_when"],
                limit_text=rule["limit"],
                photo_required=rule.get("photo_required", False),
            )


def load_pack(path: Path, actor: Actor, at: datetime, effective_on: date | None = None) -> ImportReport:
    """Load the kinds of a pack (YAML). Kinds the catalogue already holds keep their conditions.

    A pack is a start: it must not undo what a city has imported since. Raises ImportHasErrors.
    """
    rows = list(_pack_rows(read_yaml(path)))
    held = set(Kind.objects.filter(conditions__isnull=False).values_list("code", flat=True))
    fresh = [row for row in rows if row.family not in _FAMILIES or kind_code(row) not in held]
    report = import_conditions(
        fresh, dry_run=False, actor=actor, at=at, effective_on=effective_on, source=path.name
    )
    if report.errors:
        first = report.errors[0]
        raise ImportHasErrors(
            count=len(report.errors), row=first.row, message_zh=first.message_zh, message_en=first.message_en
        )
    return report
