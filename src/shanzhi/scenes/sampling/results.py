"""Results of tubes (检测结果): from a laboratory's file, row by row; what is not negative is sampled again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import get_current_timezone

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import SAMPLING_MANAGE
from shanzhi.base.audit import actions as audit
from shanzhi.core.documents import Column, RowError, Sheet, read_table, require_columns, write_workbook
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.ids import uuid7
from shanzhi.core.kit.texts import text_of
from shanzhi.scenes.isolation import leads
from shanzhi.scenes.sampling import queries
from shanzhi.scenes.sampling.actions import area_of, managed, note, tell
from shanzhi.scenes.sampling.flow import (
    CANCELLED,
    INVALID,
    NEGATIVE,
    OPEN,
    POSITIVE,
    SAMPLED,
    TODO,
    TUBE,
)
from shanzhi.scenes.sampling.models import Campaign, Retest, Tube, TubeResult

MAX_FILE_BYTES = 10 * 1024 * 1024
MOST_ROWS = 100_000
COLUMNS = {"条码": "barcode", "结果": "result"}
_ENGLISH = {"barcode": "barcode", "result": "result", "tube": "barcode"}
_SAID = {
    "阴性": NEGATIVE, "阴": NEGATIVE, "-": NEGATIVE, "negative": NEGATIVE, "neg": NEGATIVE, "阳性": POSITIVE,
    "阳": POSITIVE, "+": POSITIVE, "positive": POSITIVE, "pos": POSITIVE, "无效": INVALID, "可疑": INVALID,
    "invalid": INVALID, "不合格": INVALID,
}  # fmt: skip
# Each check-in of a tube once: a second telling makes nothing new.
_RETESTS = """
INSERT INTO sampling_retest (id, area, campaign_id, checkin_id, tube_id, ticket_id, place_id, people, sampled,
  negative, state, made_at)
SELECT overlay(%(first)s PLACING lpad(to_hex(row_number() OVER ()), 8, '0') FROM 29)::uuid, n.area, n.campaign_id,
  n.id, n.tube_id, n.ticket_id, n.place_id, n.people, 0, 0, 'todo', %(at)s
FROM sampling_checkin n JOIN sampling_tube u ON u.area = n.area AND u.id = n.tube_id
WHERE u.campaign_id = %(campaign)s AND n.tube_id = ANY(%(tubes)s) AND u.retest_id IS NULL
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class ResultsReport:
    """What an import did, or would do. `retests` is how many households are to be sampled again."""

    dry_run: bool
    rows: int
    negative: int
    positive: int
    invalid: int
    unchanged: int
    retests: int
    errors: list[RowError]


def import_results(
    campaign_id: UUID, content: bytes, *, actor: Actor, at: datetime, dry_run: bool
) -> ResultsReport:
    """Take results from a file (导入结果): a barcode and a result a row. With an error in any row nothing is written.

    Raises NotFound, Refused; InvalidInput for a file that cannot be used at all.
    """
    actor.require(SAMPLING_MANAGE)
    table = read_table(
        content, max_bytes=MAX_FILE_BYTES, max_unpacked_bytes=10 * MAX_FILE_BYTES, max_rows=MOST_ROWS
    )
    fields = [
        COLUMNS.get(head.strip().rstrip("*"), _ENGLISH.get(head.strip().lower(), "")) for head in table[0]
    ]
    require_columns(fields, ["barcode", "result"], COLUMNS)
    with transaction.atomic():
        campaign = managed(campaign_id, actor, at)
        rows, told, errors = _read(campaign, fields, table[1:])
        unchanged = rows - len(told) - len(errors)
        made = 0
        if told and not errors:
            made = _tell(campaign, told, actor, at, "")
        if dry_run or errors:
            transaction.set_rollback(True)
        elif told:
            _record(campaign, told, made, actor, at)
    results = [result for _, result in told]
    return ResultsReport(
        dry_run, rows, results.count(NEGATIVE), results.count(POSITIVE), results.count(INVALID), unchanged, made,
        errors,
    )  # fmt: skip


def take(campaign: Campaign, told: Sequence[tuple[Tube, str]], actor: Actor, at: datetime) -> None:
    """Results of tubes that may be told, from elsewhere than a file; in the caller's transaction, tubes locked."""
    if told:
        _record(campaign, told, _tell(campaign, told, actor, at, ""), actor, at)


def _record(
    campaign: Campaign, told: Sequence[tuple[Tube, str]], retests: int, actor: Actor, at: datetime
) -> None:
    kinds = [result for _, result in told]
    said = "，".join(f"{zh} {kinds.count(code)}" for code, zh in _NAMES.items() if code in kinds)
    note(campaign, "results", campaign.state, actor, at, said)
    audit.record(
        actor=actor, event="sampling.results", area=area_of(campaign), subject=str(campaign.id),
        detail={"tubes": len(told), "retests": retests}, at=at,
    )  # fmt: skip
    tell(campaign, "results", at)


_NAMES = {NEGATIVE: "阴性", POSITIVE: "阳性", INVALID: "无效"}


def _read(
    campaign: Campaign, fields: Sequence[str], lines: Sequence[Sequence[str]]
) -> tuple[int, list[tuple[Tube, str]], list[RowError]]:
    cells = [
        (number, dict(zip(fields, line, strict=False)))
        for number, line in enumerate(lines, start=2)
        if any(line)
    ]
    named = {str(row.get("barcode", "")).strip().upper() for _, row in cells}
    rows = Tube.objects.select_for_update().filter(campaign=campaign, barcode__in=named).order_by("id")
    tubes = {tube.barcode: tube for tube in rows}
    told: list[tuple[Tube, str]] = []
    errors: list[RowError] = []
    seen: dict[str, int] = {}

    def wrong(number: int, heading: str, zh: str, en: str) -> None:
        errors.append(RowError(number, heading, zh, en))

    for number, row in cells:
        barcode, said = row.get("barcode", "").strip().upper(), row.get("result", "").strip().lower()
        result, tube = _SAID.get(said), tubes.get(barcode)
        if not barcode:
            wrong(number, "条码", "条码为空。", "The barcode is empty.")
        elif tube is None:
            wrong(
                number, "条码", f"本轮次没有条码 {barcode[:20]}。", f"No tube {barcode[:20]} in this round."
            )
        elif result is None:
            wrong(number, "结果", "结果应为：阴性、阳性、无效。", "Negative, positive or invalid.")
        elif barcode in seen:
            wrong(number, "条码", f"与第 {seen[barcode]} 行重复。", f"The same as in row {seen[barcode]}.")
        elif tube.state == OPEN:
            wrong(number, "条码", "该管尚未封管。", "The tube is not closed yet.")
        elif tube.state in _NAMES and tube.state != result:
            zh = f"已录入{_NAMES[tube.state]}，与本行不同；如需更正请在页面上单独更正。"
            wrong(number, "结果", zh, f"It is {tube.state} already: correct it by itself, with a reason.")
        elif tube.state != result:
            told.append((tube, result))
        if barcode:
            seen.setdefault(barcode, number)
    return len(cells), told, errors


def _tell(
    campaign: Campaign, told: Sequence[tuple[Tube, str]], actor: Actor, at: datetime, reason: str
) -> int:
    """Write results and what follows from them; how many re-tests came of it."""
    for tube, result in told:
        tube.state, tube.result_at = result, at
    Tube.objects.bulk_update([tube for tube, _ in told], ["state", "result_at"], batch_size=5000)
    TubeResult.objects.bulk_create(
        [
            TubeResult(
                area=tube.area, campaign=campaign, tube_id=tube.id, result=result, reason=reason,
                actor_id=actor.account_id, actor_name=actor.name[:60], at=at,
            )
            for tube, result in told
        ],
        batch_size=5000,
    )  # fmt: skip
    _answered(campaign, told, at)
    bad = [tube.id for tube, result in told if result != NEGATIVE and tube.retest_id is None]
    made = 0
    if bad:
        with connection.cursor() as cursor:
            cursor.execute(_RETESTS, {"first": str(uuid7()), "campaign": campaign.id, "tubes": bad, "at": at})
            made = cursor.rowcount
    campaign.results_at = at
    campaign.save(update_fields=["results_at"])
    return made


def _answered(campaign: Campaign, told: Sequence[tuple[Tube, str]], at: datetime) -> None:
    """Single tubes that answer a re-test: all negative closes it, one positive ends it, an invalid one is not one."""
    positive: list[UUID] = []
    by_retest: dict[Any, list[str]] = {tube.retest_id: [] for tube, _ in told if tube.retest_id}
    for tube, result in told:
        if tube.retest_id:
            by_retest[tube.retest_id].append(result)
    for retest in Retest.objects.select_for_update().filter(id__in=by_retest).order_by("id"):
        results = by_retest[retest.id]
        retest.sampled -= results.count(INVALID)
        retest.negative += results.count(NEGATIVE)
        if POSITIVE in results:
            retest.state, retest.done_at = POSITIVE, at
        elif retest.state != POSITIVE and retest.negative >= retest.people:
            retest.state, retest.done_at = NEGATIVE, at
        elif retest.state == SAMPLED and retest.sampled < retest.people:
            retest.state = TODO
        if retest.state == POSITIVE and retest.done_at == at:
            positive.append(retest.id)
        retest.save(update_fields=["sampled", "negative", "state", "done_at"])
    # Whoever traces contacts gets a task; a drill is not handed on.
    if positive and not campaign.is_drill:
        places_of = dict(Retest.objects.filter(id__in=positive).values_list("id", "place_id"))
        leads.note(
            [
                leads.Found(one.id, one.area, places_of[one.id], one.where, one.people)
                for one in queries.retests(campaign, None, ids=positive)
            ],
            at,
        )


def correct(campaign_id: UUID, barcode: str, result: str, reason: str, *, actor: Actor, at: datetime) -> int:
    """Correct a result that was told (更正结果), with a reason; how many re-tests came of it.

    What becomes negative cancels the re-tests of its households that were not sampled yet. Raises NotFound, Refused,
    UnknownEdge, InvalidInput naming the field.
    """
    said = text_of(reason, "reason", "理由", "The reason", 200)
    if result not in _NAMES:
        raise InvalidInput(
            field="result",
            reason_zh="结果应为：阴性、阳性、无效。",
            reason_en="Negative, positive or invalid.",
        )
    with transaction.atomic():
        campaign = managed(campaign_id, actor, at)
        tube = (
            Tube.objects.select_for_update()
            .filter(campaign=campaign, barcode=barcode.strip().upper())
            .first()
        )
        if tube is None:
            raise NotFound(field="barcode")
        if tube.retest_id is not None:
            raise InvalidInput(
                field="barcode", reason_zh="复采管的结果不能更正，请重新复采。",
                reason_en="The result of a re-test is not corrected: sample again.",
            )  # fmt: skip
        TUBE.edge(tube.state, "correct")
        if tube.state == result:
            return 0
        made = _tell(campaign, [(tube, result)], actor, at, said)
        if result == NEGATIVE:
            Retest.objects.filter(campaign=campaign, tube_id=tube.id, state=TODO).update(
                state=CANCELLED, done_at=at
            )
        else:
            made += Retest.objects.filter(campaign=campaign, tube_id=tube.id, state=CANCELLED).update(
                state=TODO, done_at=None
            )
        note(campaign, "correct", campaign.state, actor, at, f"{tube.barcode} → {_NAMES[result]}：{said}")
        tell(campaign, "results", at)
    return made


def template(at: datetime) -> bytes:
    """An empty file with the headings, one line as an example, and what may be filled in."""
    notes = [("条码", "必填；采样管条码"), ("结果", "必填；阴性、阳性、无效")]
    return write_workbook(
        [
            Sheet("检测结果", [Column(heading, width=20) for heading in COLUMNS], [["SL00000001", "阴性"]]),
            Sheet("填写说明", [Column("列", width=12), Column("说明", width=60)], notes),
        ],
        zone=get_current_timezone(), at=at,
    )  # fmt: skip
