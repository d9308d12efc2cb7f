"""Notice boards (公示牌) on A4 and contact cards (联系卡) of 90 × 54 mm: people, their telephone, a QR code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from shanzhi.core.documents import layout as page
from shanzhi.core.documents.codes import Dots, draw_dots, qr_dots
from shanzhi.core.documents.layout import GREY, LEADING, LIGHT, MM_PER_POINT, SHADE, Layout
from shanzhi.core.documents.pictures import Picture, ready

if TYPE_CHECKING:
    from fpdf import FPDF

CARD_WIDTH, CARD_HEIGHT = 90.0, 54.0
_ACROSS, _DOWN = 2, 5
_SHEET_LEFT, _SHEET_TOP = (page.WIDTH - _ACROSS * CARD_WIDTH) / 2, (page.HEIGHT - _DOWN * CARD_HEIGHT) / 2
_LEFT, _ROOM = 18.0, 174.0
_PEOPLE_TOP, _PEOPLE_BOTTOM, _QR = 62.0, 226.0, 42.0
_GAP, _PHOTO_WIDTH, _PHOTO_HEIGHT = 4.0, 25.0, 34.0
_MOST_TALL, _MOST_ON_PAGE, _MOST_ON_CARD = 4, 8, 5
_LANGUAGES = {"zh": "zh-CN", "en": "en"}


@dataclass(frozen=True)
class BoardPerson:
    """A line of a board (公示人员): a role, and who holds it; an empty `name` is a role that nobody holds.

    `photo` holds the bytes of a JPEG or PNG, if one is to be printed.
    """

    role: str
    name: str
    phone: str = ""
    duties: str = ""
    photo: bytes | None = None


@dataclass(frozen=True)
class Board:
    """What stands on the board and on the card of one grid.

    `heading` is what it is, `title` the grid, `above` where it lies; `address` goes into the QR code, `scan` says
    what the code is for, `lines` are printed beside it; `missing` is the word for a role that nobody holds, `more`
    a pattern with `{n}` for those whom a card has no room for, `foot` the small print.
    """

    heading: str
    title: str
    above: str
    people: Sequence[BoardPerson]
    address: str
    scan: str
    lines: Sequence[str]
    missing: str
    more: str
    foot: str


def boards_pdf(boards: Sequence[Board], *, language: Literal["zh", "en"], at: datetime) -> bytes:
    """The boards as A4 pages, each beginning on a page of its own; eight people to a page.

    The same input with the same aware `at` gives the same bytes. Raises ValueError without boards, for a naive `at`
    and for an `address` that no QR code holds.
    """
    on = _begun(boards, language, at, (page.WIDTH, page.HEIGHT))
    first = True
    for board in boards:
        people = list(board.people)
        for start in range(0, max(1, len(people)), _MOST_ON_PAGE):
            if not first:
                on.pages.append([])
            first = False
            _board(on, board, people[start : start + _MOST_ON_PAGE])
    return _bytes(on, boards, language, at)


def cards_pdf(
    boards: Sequence[Board],
    *,
    language: Literal["zh", "en"],
    at: datetime,
    copies: int = 1,
    single: bool = False,
) -> bytes:
    """The boards as cards of 90 × 54 mm, each `copies` times: ten to an A4 sheet with lines to cut along.

    With `single` each is a page of its own size. Raises ValueError as `boards_pdf`, and for no copies.
    """
    if copies < 1:
        raise ValueError("a card needs a copy")
    on = _begun(boards, language, at, (CARD_WIDTH, CARD_HEIGHT) if single else (page.WIDTH, page.HEIGHT))
    listed = [board for board in boards for _ in range(copies)]
    for number, board in enumerate(listed):
        place = 0 if single else number % (_ACROSS * _DOWN)
        if number and not place:
            on.pages.append([])
        if single:
            _card(on, board, 0.0, 0.0)
            continue
        x = _SHEET_LEFT + place % _ACROSS * CARD_WIDTH
        y = _SHEET_TOP + place // _ACROSS * CARD_HEIGHT
        on.box(x, y, CARD_WIDTH, CARD_HEIGHT, None, LIGHT)
        _card(on, board, x, y)
    return _bytes(on, boards, language, at)


def _begun(boards: Sequence[Board], language: str, at: datetime, size: tuple[float, float]) -> Layout:
    if not boards:
        raise ValueError("nothing to print")
    if language not in _LANGUAGES:
        raise ValueError(f"no board in {language!r}")
    if at.utcoffset() is None:
        raise ValueError("at must be aware")
    return Layout(language, size)


def _bytes(on: Layout, boards: Sequence[Board], language: str, at: datetime) -> bytes:
    def around(pdf: FPDF, number: int, pages: int) -> None:
        """Boards and cards hang on walls: no running head."""

    title = f"{boards[0].heading} {boards[0].title}"
    return on.to_bytes(at, title=title, language=_LANGUAGES[language], around=around)


@lru_cache(maxsize=64)
def _code(address: str) -> Dots:
    return qr_dots(address)


def _qr(on: Layout, address: str, x: float, y: float, size: float) -> None:
    dots = _code(address)
    on.draw(lambda pdf: draw_dots(pdf, dots, x, y, size / len(dots)))


def _step(points: float) -> float:
    return points * MM_PER_POINT * LEADING


def _write(
    on: Layout, x: float, y: float, text: str, points: float, room: float, *, most: int = 1, bold: bool = False,
    grey: int = page.INK, align: page.Align = "left",
) -> float:  # fmt: skip
    """Lines of text from `y` on; where the next one would begin."""
    for line in on.lines(text, room, points, most=most) if text else []:
        on.text(x, y, line, points, room=room, align=align, bold=bold, grey=grey)
        y += _step(points)
    return y


def _fitted(on: Layout, text: str, points: float, room: float) -> float:
    """The size at which the text fits one line: at most `points`, at least two thirds of it."""
    [line] = on.lines(text, 10_000, points, most=1) if text else [""]
    wide = on.width(line, points)
    return points if wide <= room else max(points * 2 / 3, points * room / wide)


def _board(on: Layout, board: Board, people: Sequence[BoardPerson]) -> None:
    on.box(10, 10, page.WIDTH - 20, page.HEIGHT - 20, None, GREY)
    _write(on, _LEFT, 15, board.heading, 18, _ROOM, grey=GREY, align="centre")
    size = _fitted(on, board.title, 34, _ROOM)
    _write(on, _LEFT, 25 + (34 - size) * 0.25, board.title, size, _ROOM, bold=True, align="centre")
    _write(on, _LEFT, 46, board.above, 14, _ROOM, grey=GREY, align="centre")
    _people(on, board, people)
    _board_foot(on, board)


def _people(on: Layout, board: Board, people: Sequence[BoardPerson]) -> None:
    columns = 1 if len(people) <= _MOST_TALL else 2
    rows = max(_MOST_TALL, -(-len(people) // columns))
    width = (_ROOM - _GAP * (columns - 1)) / columns
    height = (_PEOPLE_BOTTOM - _PEOPLE_TOP - _GAP * (rows - 1)) / rows
    for number, person in enumerate(people):
        x = _LEFT + number % columns * (width + _GAP)
        y = _PEOPLE_TOP + number // columns * (height + _GAP)
        _person(on, board, person, x, y, width, height, wide=columns == 1)


def _person(
    on: Layout,
    board: Board,
    person: BoardPerson,
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    wide: bool,
) -> None:
    on.box(x, y, width, height, None, LIGHT)
    on.box(x, y, 2.2, height, GREY if person.name else LIGHT, None)
    left, room = x + 6, width - 9
    picture = ready(person.photo, _PHOTO_WIDTH, _PHOTO_HEIGHT) if person.photo else None
    if picture is not None:
        scale = min(_PHOTO_WIDTH / picture.width, _PHOTO_HEIGHT / picture.height)
        _picture(on, picture, left, y + (height - picture.height * scale) / 2, scale)
        left, room = left + _PHOTO_WIDTH + 4, room - _PHOTO_WIDTH - 4
    below = _write(on, left, y + 2.5, person.role, 13 if wide else 10.5, room, grey=GREY)
    big = 26.0 if wide else 15.0
    if not person.name:
        below = _write(on, left, below, board.missing, big, room, grey=GREY)
    elif wide:
        half = room * 0.45
        _write(
            on,
            left + half,
            below,
            person.phone,
            _fitted(on, person.phone, big, room - half),
            room - half,
            bold=True,
        )
        below = _write(
            on, left, below, person.name, _fitted(on, person.name, big, half - 2), half - 2, bold=True
        )
    else:
        below = _write(on, left, below, person.name, _fitted(on, person.name, big, room), room, bold=True)
        below = _write(on, left, below, person.phone, _fitted(on, person.phone, 13, room), room, bold=True)
    points = 12.0 if wide else 8.5
    most = int((y + height - 1 - below) / _step(points))
    if most > 0:
        _write(on, left, below, person.duties, points, room, most=most)


def _picture(on: Layout, picture: Picture, x: float, y: float, scale: float) -> None:
    on.picture(picture.jpeg, x, y, picture.width * scale, picture.height * scale)


def _board_foot(on: Layout, board: Board) -> None:
    top = _PEOPLE_BOTTOM + 5
    _qr(on, board.address, _LEFT, top, _QR)
    left, room = _LEFT + _QR + 6, _ROOM - _QR - 6
    y = _write(on, left, top + 1, board.scan, 15, room, most=2, bold=True)
    for line in board.lines:
        y = _write(on, left, y + 0.5, line, 11, room, most=2)
    _write(on, left, y + 0.5, board.address, 7.5, room, most=2, grey=GREY)
    _write(on, _LEFT, 277, board.foot, 7.5, _ROOM, grey=GREY, align="right")


def _card(on: Layout, board: Board, x: float, y: float) -> None:
    on.box(x + 0.1, y + 0.1, CARD_WIDTH - 0.2, 12.4, SHADE, None)
    _write(on, x + 4, y + 0.8, board.title, _fitted(on, board.title, 12, 82), 82, bold=True)
    _write(on, x + 4, y + 7.2, f"{board.above}  {board.heading}", 7, 82, grey=GREY)
    code = 24.0
    _qr(on, board.address, x + CARD_WIDTH - code - 2, y + 13.5, code)
    _write(
        on, x + CARD_WIDTH - code - 3, y + 37.2, board.scan, 6, code + 2, most=2, grey=GREY, align="centre"
    )
    people = list(board.people)
    hidden = len(people) - _MOST_ON_CARD if len(people) > _MOST_ON_CARD else 0
    shown = people[: _MOST_ON_CARD - 1] if hidden else people
    room, step = CARD_WIDTH - code - 8, 6.0
    down = y + 14
    for person in shown:
        _write(on, x + 4, down + 0.4, person.role, _fitted(on, person.role, 7, 17), 17, grey=GREY)
        if person.name:
            name = f"{person.name}  {person.phone}".rstrip()
            _write(on, x + 22, down, name, _fitted(on, name, 8.5, room - 18), room - 18, bold=True)
        else:
            _write(on, x + 22, down, board.missing, 8.5, room - 18, grey=GREY)
        down += step
    if hidden:
        _write(on, x + 4, down, board.more.format(n=len(people) - len(shown)), 7, room, grey=GREY)
    if board.lines:
        _write(on, x + 4, y + CARD_HEIGHT - 7.4, board.lines[0], 7, room + 1, bold=True)
