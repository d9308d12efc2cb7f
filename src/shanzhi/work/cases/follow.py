"""What a resident reads about a report: plain words, no names, no internal states."""

from datetime import datetime

import msgspec

from shanzhi.work.cases import queries
from shanzhi.work.cases.flow import PUBLIC_STEPS, public_step
from shanzhi.work.cases.models import Case, CaseEvent
from shanzhi.work.cases.shapes import place_name

# What a resident reads when a verb has been done; a verb that is not here is not shown.
_SENTENCES: dict[str, tuple[str, str]] = {
    "report": ("我们已收到您的反映。", "We have received your report."),
    "file": ("已立案，正在安排责任单位。", "A case is open; the responsible unit is being chosen."),
    "dispatch": ("已交给{unit}处理。", "It was given to {unit}."),
    "sign": ("{unit}已开始处理。", "{unit} has begun."),
    "feed_back": ("处理结果：{note}", "Result: {note}"),
    "inspect": ("另一位工作人员已到现场核查，问题已解决。", "Somebody else has checked it on the spot."),
    "close": ("已办结，请您评价。", "It is closed: please rate it."),
    "reject": ("未受理：{note}", "Not taken up: {note}"),
    "decline": ("未立案：{note}", "No case was opened: {note}"),
    "rework": (
        "现场核查发现还没处理好，已要求重新处理。",
        "The check found it not done yet: it is being done again.",
    ),
    "reopen": (
        "您反映问题还没解决，已重新安排处理。",
        "You said it is not solved: it is being dealt with again.",
    ),
    "rate": ("感谢您的评价。", "Thank you for your rating."),
}


class FollowEventOut(msgspec.Struct):
    """One plain sentence and when."""

    at: datetime
    text_zh: str
    text_en: str


class FollowOut(msgspec.Struct):
    """A report as its reporter sees it."""

    number: str
    kind_zh: str
    kind_en: str
    text: str
    place_name: str
    address: str
    state_public_zh: str
    state_public_en: str
    step: int
    steps: int
    due_at: datetime | None
    photos: list[str]
    photos_after: list[str]
    timeline: list[FollowEventOut]
    allowed_actions: list[str]
    rated: bool


def _sentence(event: CaseEvent, unit: str) -> FollowEventOut:
    zh, en = _SENTENCES[event.verb]
    note = event.note if event.public else ""
    return FollowEventOut(
        event.at,
        zh.format(unit=unit or "责任单位", note=note),
        en.format(unit=unit or "the responsible unit", note=note),
    )


def follow_out(case: Case, at: datetime) -> FollowOut:
    """The case in the resident's words."""
    events = queries.timeline(case)
    state = queries.state_of(case.state)
    unit = case.unit.name if case.unit else ""
    photos = [photo for event in events for photo in event.photos.all()]
    kind = case.kind
    return FollowOut(
        number=case.number,
        kind_zh=(kind.resident_zh or kind.name) if kind else "",
        kind_en=(kind.resident_en or kind.name_en or kind.name) if kind else "",
        text=case.text,
        place_name=place_name(case, at),
        address=case.address,
        state_public_zh=state.public_zh,
        state_public_en=state.public_en,
        step=public_step(case.state),
        steps=len(PUBLIC_STEPS),
        due_at=case.due_at if case.clock_name == "handle" else None,
        photos=[photo.sha256 for photo in photos if photo.stage == "before"],
        photos_after=[photo.sha256 for photo in photos if photo.stage != "before"],
        timeline=[_sentence(event, unit) for event in events if event.verb in _SENTENCES],
        allowed_actions=["rate"] if case.state == "closed" else [],
        rated=case.state == "rated",
    )
