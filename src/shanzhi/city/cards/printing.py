"""The board and the card as PDF."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.utils.timezone import localdate

from shanzhi.base.media import queries as media
from shanzhi.city.cards.queries import Board
from shanzhi.core.documents import Board as Sheet
from shanzhi.core.documents import BoardPerson, Language, boards_pdf, cards_pdf
from shanzhi.core.kit.errors import NotFound


def resident_url(board: Board, origin: str) -> str:
    """The address of the resident page of a grid, as the QR code holds it."""
    return f"{settings.SHANZHI_PUBLIC_URL or origin}/r/#/grid/{board.place.code}"


def pdf(
    boards: Sequence[Board], *, size: str, copies: int, origin: str, language: Language, at: datetime
) -> bytes:
    """The boards on A4, or their cards on A4 sheets (`card`) or each by itself (`single`)."""
    made = [_sheet(board, size, origin, language, at) for board in boards]
    if size == "board":
        return boards_pdf(made, language=language, at=at)
    return cards_pdf(made, language=language, at=at, copies=copies, single=size == "single")


def _photo(sha256: str | None) -> bytes | None:
    try:
        return media.read(sha256, "shown") if sha256 else None
    except NotFound:
        return None


def _sheet(board: Board, size: str, origin: str, language: Language, at: datetime) -> Sheet:
    zh = language == "zh"
    level = {
        "community": ("社区", "Community"),
        "grid": ("网格", "Grid"),
        "microgrid": ("微网格", "Micro-grid"),
    }
    what_zh, what_en = level[board.place.level]
    if size == "board":
        heading = f"{what_zh}公示牌" if zh else f"{what_en} notice board"
    else:
        heading = "民情联系卡" if zh else "Contact card"
    lines: list[BoardPerson] = []
    for role in board.roles:
        name, duties = (role.zh, role.duties_zh) if zh else (role.en, role.duties_en)
        held = [person for person in board.people if person.role == role.code]
        lines += [
            BoardPerson(
                name, person.name, person.printed_phone, duties,
                _photo(person.printed_photo) if size == "board" else None,
            )
            for person in held
        ]  # fmt: skip
        if not held:
            lines.append(BoardPerson(name, "", duties=duties))
    above = [board.street, "" if board.place.level == "community" else board.community]
    day = f"{localdate(at):%Y-%m-%d}"
    hotline = settings.SHANZHI_HOTLINE
    return Sheet(
        heading=heading,
        title=board.place.name,
        above=" · ".join(name for name in above if name),
        people=lines,
        address=resident_url(board, origin),
        scan="扫码看本网格、反映问题" if zh else "Scan to see your grid and to report",
        lines=[
            *([f"便民热线 {hotline}" if zh else f"Hotline {hotline}"] if hotline else []),
            "紧急情况请直接拨打 110、119、120" if zh else "In an emergency call 110, 119 or 120",
        ],
        missing="待配备" if zh else "to be appointed",
        more="另有 {n} 人，扫码查看" if zh else "{n} more: scan to see",
        foot=f"制作日期 {day}" if zh else f"Made on {day}",
    )
