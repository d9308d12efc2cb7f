"""The case file (案件卷) on paper, and lists as Excel: what the screen shows, to take along."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.utils.timezone import get_current_timezone

from shanzhi.base.access import Actor
from shanzhi.base.media import queries as media
from shanzhi.core.documents import NOTHING, Column, Paper, Photo, Sheet, write_workbook
from shanzhi.core.kit.errors import NotFound
from shanzhi.work.cases import lists
from shanzhi.work.cases.case_page import case_out, row_out
from shanzhi.work.cases.models import Case
from shanzhi.work.cases.shapes import CaseOut

Language = Literal["zh", "en"]
MOST_ROWS = 5000
_MOMENTS = frozenset({"When", "Done", "Due", "Reported"})
_STAGES = {"before": ("处置前", "before"), "after": ("处置后", "after"), "check": ("核查", "check")}


Pick = Callable[[str, str], str]


def _picker(language: Language) -> Pick:
    """Which of two wordings."""
    return (lambda zh, en: zh) if language == "zh" else (lambda zh, en: en)


def case_file(case: Case, actor: Actor, at: datetime, language: Language) -> bytes:
    """The case as a PDF, as this actor may see it: facts, photos, clocks, requests, timeline."""
    out, say = case_out(case, actor, at), _picker(language)
    paper = Paper(
        say(f"案件卷 {out.number}", f"Case {out.number}"), language=language,
        header=say("善治 · 案件卷", "Shanzhi · case file"), at=at, zone=get_current_timezone(),
        footer=say(f"{actor.name} 打印", f"printed by {actor.name}"),
    )  # fmt: skip
    paper.facts(
        [
            (say("类别", "Kind"), say(out.kind_zh, out.kind_en)),
            (say("状态", "State"), say(out.state_zh, out.state_en)),
            (say("地点", "Place"), f"{out.place_name} {out.address}".strip()),
            (say("上报时间", "Reported"), _moment(out.created_at)),
            (say("来电号码", "Caller"), out.phone_masked or NOTHING),
            (say("处置单位", "Unit"), out.unit_name or NOTHING),
            (say("立案条件", "Filing rule"), out.condition.filing_rule if out.condition else NOTHING),
            (say("结案条件", "Closing rule"), out.closing_rule or NOTHING),
            (say("处置时限", "Limit"), out.condition.limit_text if out.condition else NOTHING),
            (say("到期时间", "Due"), _moment(out.due_at) if out.due_at else NOTHING),
            (say("结案类型", "Closed as"), say(out.close_zh, out.close_en) or NOTHING),
            (say("曾经超期", "Was overdue"), _overdue(out, say)),
        ],
        across=2,
    )
    paper.heading(say("情况说明", "What was reported"))
    paper.paragraph(out.text or NOTHING)
    _photos(paper, out, say)
    _requests(paper, out, say)
    _links(paper, out, say)
    _history(paper, out, say)
    return paper.to_bytes()


def _moment(at: datetime) -> str:
    return f"{at.astimezone(get_current_timezone()):%Y-%m-%d %H:%M}"


def _overdue(out: CaseOut, say: Pick) -> str:
    if not out.is_overdue:
        return say("否", "no")
    return say("是（申诉通过，统计免责）", "yes (exempt on appeal)") if out.is_exempt else say("是", "yes")


def _photos(paper: Paper, out: CaseOut, say: Pick) -> None:
    found = []
    for photo in out.photos:
        try:
            content = media.read(photo.sha256, "shown")
        except NotFound:
            content = b""  # the paper says that it cannot be shown
        found.append(Photo(content, say(*_STAGES.get(photo.stage, (photo.stage, photo.stage)))))
    if found:
        paper.heading(say("照片", "Photos"))
        paper.photos(found, across=2)


def _columns(say: Pick, *titles: tuple[str, str]) -> list[Column]:
    """Columns of text; those whose English title is a moment hold instants."""
    return [Column(say(zh, en), "datetime" if en in _MOMENTS else "text") for zh, en in titles]


def _requests(paper: Paper, out: CaseOut, say: Pick) -> None:
    if out.requests:
        paper.heading(say("申请与督办", "Requests"))
        paper.table(
            _columns(
                say, ("事项", "What"), ("申请人", "By"), ("时间", "When"), ("理由", "Why"), ("结果", "Outcome"),
                ("答复", "Answer"),
            ),
            [
                (
                    say(one.zh, one.en), one.asked_name, one.asked_at, one.note,
                    f"{say(one.state_zh, one.state_en)} {one.decided_name}".strip(), one.answer,
                )
                for one in out.requests
            ],
        )  # fmt: skip
    if out.supports:
        paper.heading(say("会同处置", "Supporting units"))
        paper.table(
            _columns(say, ("单位", "Unit"), ("要求", "Asked"), ("完成", "Done"), ("结果", "Result")),
            [(one.unit_name, one.note, one.done_at or one.released_at, one.result) for one in out.supports],
        )


def _links(paper: Paper, out: CaseOut, say: Pick) -> None:
    linked = [*([out.master] if out.master else []), *out.duplicates]
    if linked:
        paper.heading(say("并案", "Merged cases"))
        paper.table(
            _columns(say, ("案件号", "Number"), ("状态", "State"), ("地址", "Where")),
            [(one.number, say(one.state_zh, one.state_en), one.address) for one in linked],
        )


def _history(paper: Paper, out: CaseOut, say: Pick) -> None:
    if out.clocks:
        paper.heading(say("时限", "Clocks"))
        paper.table(
            _columns(say, ("时限", "Clock"), ("到期", "Due"), ("说明", "How")),
            [(say(one.zh, one.en), one.due_at, say(one.sentence_zh, one.sentence_en)) for one in out.clocks],
        )
    paper.heading(say("经过", "Timeline"))
    paper.table(
        _columns(say, ("时间", "When"), ("事项", "What"), ("经办", "Who"), ("说明", "Note")),
        [
            (
                one.at, say(one.zh, one.en), f"{one.actor_name} {one.unit_name}".strip(),
                f"{one.named} {one.note}".strip(),
            )
            for one in out.timeline
        ],
    )  # fmt: skip
    if out.rating:
        said = say("已解决", "solved") if out.rating.solved else say("未解决", "not solved")
        paper.heading(say("评价", "Rating"))
        paper.paragraph(f"{said} {'★' * out.rating.stars} {out.rating.text}".strip())


def list_file(
    actor: Actor, *, queue: str, text: str, place_id: UUID | None = None, at: datetime, language: Language
) -> bytes:
    """A queue as an Excel file, in its order, up to MOST_ROWS rows. Raises InvalidInput for an unknown queue."""
    say, cursor, rows = _picker(language), "", []
    while len(rows) < MOST_ROWS:
        page = lists.listed(actor, queue=queue, cursor=cursor, limit=100, text=text, place_id=place_id, at=at)
        rows += [row_out(row, at) for row in page.items]
        cursor = page.next_cursor
        if not cursor:
            break
    name = lists.QUEUES[queue]
    columns = _columns(
        say, ("案件号", "Number"), ("类别", "Kind"), ("状态", "State"), ("单位", "Unit"), ("网格", "Place"),
        ("地址", "Address"), ("说明", "Text"), ("时限", "Clock"), ("到期", "Due"), ("上报时间", "Reported"),
        ("结案条件", "Closing rule"),
    )  # fmt: skip
    lines = [
        (
            row.number, say(row.kind_zh, row.kind_en), say(row.state_zh, row.state_en), row.unit_name,
            row.place_name, row.address, row.text, say(row.clock.zh, row.clock.en) if row.clock else "",
            row.due_at, row.created_at, row.closing_rule,
        )
        for row in rows
    ]  # fmt: skip
    sheet = Sheet(say(name.zh, name.en), columns, lines)
    return write_workbook([sheet], zone=get_current_timezone(), at=at)
