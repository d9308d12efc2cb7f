"""What a phone at a point sends (现场提交), read and hashed: pure, for the hot door and its twin at the desk."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.scenes.sampling import packs, tickets
from shanzhi.scenes.sampling.flow import What

AHEAD = timedelta(minutes=5)  # by how much a phone's clock may be fast
OLDEST = timedelta(days=3)
MOST_PEOPLE = 200  # of one check-in, and of one report of a queue below
MOST_WAITING = 5000
MOST_TUBES = 200


class GivenAct(msgspec.Struct, forbid_unknown_fields=True):
    """One thing done at a point. `id` is made by the phone; that of an opened tube is the tube's own.

    check_in: `ticket` as scanned or typed, or `place` of the micro-grid, with `people`, into `tube`; `retest` says
    which re-test it answers. tube: `barcode`, `pooling`. close: `tube`. box: `tubes`, `label`, `taken_by`.
    pause, resume: `table`. queue: `people` that wait.
    """

    id: UUID
    area: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}\Z")]
    point: UUID
    what: Literal["check_in", "tube", "close", "box", "pause", "resume", "queue"]
    happened_at: Annotated[datetime, msgspec.Meta(tz=True)]
    table: Annotated[int, msgspec.Meta(ge=0, le=99)] = 0
    people: Annotated[int, msgspec.Meta(ge=0, le=MOST_WAITING)] = 0
    ticket: Annotated[str, msgspec.Meta(max_length=200)] = ""
    place: UUID | None = None
    tube: UUID | None = None
    retest: UUID | None = None
    barcode: Annotated[str, msgspec.Meta(max_length=20)] = ""
    pooling: Annotated[str, msgspec.Meta(max_length=12)] = ""
    tubes: Annotated[list[UUID], msgspec.Meta(max_length=MOST_TUBES)] = []
    label: Annotated[str, msgspec.Meta(max_length=32)] = ""
    taken_by: Annotated[str, msgspec.Meta(max_length=60)] = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """An act that passed reading; `account_id` is who sent it, `code` the ticket's, `hash` of the content."""

    account_id: UUID
    given: GivenAct
    code: str
    hash: bytes


def invalid(field: str, zh: str, en: str) -> InvalidInput:
    """An error that names a field."""
    return InvalidInput(field=field, reason_zh=zh, reason_en=en)


def read(raw: bytes | msgspec.Raw) -> GivenAct:
    """An act from JSON. Raises InvalidInput naming the field."""
    try:
        given = _DECODER.decode(raw)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeError) as error:
        message, _, path = str(error).partition(" - at `")
        field = path.rstrip("`").removeprefix("$.").removeprefix("$")
        raise invalid(field, f"“{field or '记录'}”的内容不合要求。", message) from error
    return check(given)


_DECODER = msgspec.json.Decoder(GivenAct)


def check(given: GivenAct) -> GivenAct:
    """What each kind of act needs. Raises InvalidInput naming the field."""
    if any("\0" in text for text in (given.ticket, given.barcode, given.label, given.taken_by)):
        raise invalid("", "内容含有非法字符。", "It holds a character not allowed.")
    if given.what == str(What.CHECK_IN):
        if not 1 <= given.people <= MOST_PEOPLE:
            raise invalid("people", f"人数应为 1 至 {MOST_PEOPLE}。", f"From 1 to {MOST_PEOPLE} people.")
        if given.table < 1:
            raise invalid("table", "请选择工位。", "Choose the table.")
        if not (given.ticket or given.place or given.retest):
            raise invalid("ticket", "请扫码、输入短码，或选择微网格。", "Scan or type the code.")
        if given.ticket and not tickets.read_code(given.ticket):
            raise invalid("ticket", "短码有误，请核对。", "The code is not right: look again.")
    elif given.what == str(What.TUBE):
        if given.table < 1:
            raise invalid("table", "请选择工位。", "Choose the table.")
        packs.pooling(given.pooling)
        check_barcode(given.barcode)
    elif given.what == str(What.CLOSE) and given.tube is None:
        raise invalid("tube", "请选择采样管。", "Choose the tube.")
    elif given.what == str(What.BOX):
        if not given.tubes:
            raise invalid("tubes", "请选择要送检的采样管。", "Choose the tubes to hand over.")
        if not given.label.strip() or not given.taken_by.strip():
            field = "taken_by" if given.label.strip() else "label"
            raise invalid(field, "请填写箱号和接收人。", "Give the number of the box and who takes it.")
    elif given.what in (str(What.PAUSE), str(What.RESUME)) and given.table < 1:
        raise invalid("table", "请选择工位。", "Choose the table.")
    return given


def check_barcode(text: str) -> None:
    """Eight to twenty letters and digits. Thirteen digits have the check digit of an EAN-13 (GB 12904)."""
    if not (8 <= len(text) <= 20 and text.isascii() and text.isalnum() and text == text.upper()):
        raise invalid(
            "barcode",
            "条码应为 8 至 20 位大写字母或数字。",
            "8 to 20 capital letters or digits.",
        )
    if len(text) == 13 and text.isdigit():
        total = sum(int(one) * (3 if number % 2 else 1) for number, one in enumerate(text[:12]))
        if (10 - total % 10) % 10 != int(text[12]):
            raise invalid(
                "barcode", "条码校验位不对，请重新扫描。", "The check digit is wrong: scan it again."
            )


def submission(account_id: UUID, given: GivenAct) -> Submission:
    """What `take` stores. Raises InvalidInput."""
    try:
        happened = given.happened_at.astimezone(UTC).isoformat()
    except OverflowError as error:
        raise too_far() from error
    code = tickets.read_code(given.ticket) if given.ticket else ""
    content = msgspec.to_builtins(given) | {"happened_at": happened, "ticket": code}
    return Submission(
        account_id, given, code, hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()
    )


def too_far() -> InvalidInput:
    """A time that cannot be."""
    return invalid(
        "happened_at", "发生时间不对：不能晚于现在，也不能早于 3 天前。",
        "The time is wrong: not later than now, nor earlier than 3 days ago.",
    )  # fmt: skip
