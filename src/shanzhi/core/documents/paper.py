"""Paper (纸质文书): A4 documents as PDF, in Chinese or English, the same on every machine and printer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, tzinfo
from itertools import islice
from typing import TYPE_CHECKING, Literal

from shanzhi.core.documents import layout as page
from shanzhi.core.documents.codes import draw_dots, qr_dots
from shanzhi.core.documents.grids import Cell, Grid
from shanzhi.core.documents.layout import LEADING, LEFT, MM_PER_POINT, RIGHT, ROOM, Layout
from shanzhi.core.documents.pictures import Photo, Picture, ready
from shanzhi.core.documents.values import SAMPLE_ROWS, Column, as_text, checked_row, widths

if TYPE_CHECKING:
    from fpdf import FPDF

Language = Literal["zh", "en"]
_LANGUAGES = {"zh": "zh-CN", "en": "en"}
_PAGE_NUMBER = {"zh": "第 {page} 页 共 {pages} 页", "en": "Page {page} of {pages}"}
_NO_PICTURE = {"zh": "照片无法显示", "en": "This photo cannot be shown"}
_TITLE_POINTS, _TEXT_POINTS, _TABLE_POINTS, _SMALL_POINTS = 18.0, 10.5, 9.0, 8.5
_HEADING_POINTS = {1: 13.0, 2: 11.5, 3: 10.5}
_HEIGHT_OF_PHOTO, _GAP = 75.0, 4.0
_LABEL_SHARE = 0.24


class Paper:
    """An A4 document (文书) that is filled from top to bottom and then asked for its bytes.

    `title` stands large on the first page and is the title of the file; `header` and `footer` are one line on
    every page, beside the number of the page. `at`, aware, is the moment of creation in the file; instants in
    tables are written as the wall clock of `zone`, by default that of `at`. The font, Noto Sans SC, is
    embedded as far as it is used; a character that it lacks is printed as "□". No method fails for what a text
    holds. Raises ValueError for another language than `zh` and `en` and for a naive `at`.
    """

    def __init__(
        self,
        title: str,
        *,
        language: Language,
        header: str = "",
        footer: str = "",
        at: datetime,
        zone: tzinfo | None = None,
    ) -> None:
        if language not in _LANGUAGES:
            raise ValueError(f"no paper in {language!r}")
        if at.tzinfo is None or at.utcoffset() is None:
            raise ValueError("at must be aware")
        self._title, self._language, self._header, self._footer = title, language, header, footer
        self._at, self._zone = at, zone or at.tzinfo
        self._watermark = ""
        self._parts: list[Callable[[Layout], None]] = []

    def heading(self, text: str, level: int = 1) -> None:
        """A heading (标题) of level 1 to 3, kept with what follows. ValueError for another level."""
        if level not in _HEADING_POINTS:
            raise ValueError("headings have level 1, 2 or 3")
        points = _HEADING_POINTS[level]

        def lay(on: Layout) -> None:
            on.y += 2.5 if on.y > page.TOP else 0
            _lines(on, text, points, bold=True)
            on.y += 1.5

        self._parts.append(lambda on: on.keep(lambda: lay(on)))

    def paragraph(self, text: str) -> None:
        """A paragraph (段落); line feeds in it break the line."""

        def lay(on: Layout) -> None:
            _lines(on, text, _TEXT_POINTS)
            on.y += 2

        self._parts.append(lay)

    def facts(self, facts: Iterable[tuple[str, object]], *, across: int = 1) -> None:
        """Labels and values (登记事项) in two columns; with `across=2` two pairs side by side.

        A value is shown as text, an instant on the wall clock, None as "–". Raises ValueError for another
        `across` and for naive instants.
        """
        if across not in (1, 2):
            raise ValueError("facts go one or two pairs across")
        label = ROOM * _LABEL_SHARE / (1 if across == 1 else 1.4)
        value = ROOM / across - label
        cells = [
            (Cell(name, shaded=True, bold=True), Cell(as_text(given, "text", self._zone)))
            for name, given in facts
        ]
        while len(cells) % across:
            cells.append((Cell("", shaded=True), Cell("")))
        rows = [
            [cell for pair in cells[first : first + across] for cell in pair]
            for first in range(0, len(cells), across)
        ]
        if rows:
            self._parts.append(Grid([label, value] * across, rows, _TABLE_POINTS + 0.5).lay)

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> None:
        """A table (表格): cells wrap, the head is repeated on each page, figures stand right, None is "–".

        The page's width is shared out as the columns' widths say, which the first 200 rows decide where none
        is given, so that figures and dates are not broken as long as there is room. A row is kept together
        unless it is taller than a page. Raises ValueError without columns, for a row of another length and for
        naive instants.
        """
        if not columns:
            raise ValueError("a table needs columns")
        given = [checked_row(row, columns) for row in rows]
        half = _TABLE_POINTS * MM_PER_POINT / 2
        shares = [half * width for width in widths(columns, islice(given, SAMPLE_ROWS), self._zone)]
        figures = [column.kind in ("number", "percent", "seconds") for column in columns]
        self._parts.append(
            Grid(
                shares,
                [
                    [
                        Cell(as_text(value, column.kind, self._zone), align="right" if right else "left")
                        for value, column, right in zip(row, columns, figures, strict=True)
                    ]
                    for row in given
                ],
                _TABLE_POINTS,
                head=[
                    Cell(column.title, align="right" if right else "left", shaded=True, bold=True)
                    for column, right in zip(columns, figures, strict=True)
                ],
                fitted=True,
            ).lay
        )

    def photos(self, photos: Sequence[Photo], *, across: int = 2) -> None:
        """Photos (照片) in rows of `across`, 1 to 4, scaled, each above its caption; a row stays together.

        Photos are drawn upright, at 200 dpi, without metadata; one that cannot be read leaves a frame that
        says so. Raises ValueError for another `across`.
        """
        if across not in (1, 2, 3, 4):
            raise ValueError("photos go 1 to 4 across")
        width = (ROOM - _GAP * (across - 1)) / across
        height = min(_HEIGHT_OF_PHOTO, width * 1.1)
        made = [(ready(photo.content, width, height), photo.caption) for photo in photos]
        for first in range(0, len(made), across):
            self._parts.append(self._photo_row(made[first : first + across], width, height))

    def qr(self, text: str, caption: str = "", *, size_mm: float = 30) -> None:
        """A QR code (二维码) with words beside it. ValueError as `codes.qr_dots`, and under 10 or over 100 mm."""
        if not 10 <= size_mm <= 100:
            raise ValueError("a QR code is 10 to 100 mm wide")
        dots = qr_dots(text)

        def lay(on: Layout) -> None:
            on.need(size_mm)
            x, y, side = LEFT, on.y, size_mm / len(dots)
            on.draw(lambda pdf: draw_dots(pdf, dots, x, y, side))
            room = ROOM - size_mm - _GAP
            height = _TEXT_POINTS * MM_PER_POINT * LEADING
            words = on.lines(caption, room, _TEXT_POINTS, most=int(size_mm / height))
            begin = y + (size_mm - len(words) * height) / 2
            for number, words_line in enumerate(words):
                on.text(x + size_mm + _GAP, begin + number * height, words_line, _TEXT_POINTS)
            on.y += size_mm + 2

        self._parts.append(lay)

    def rule(self) -> None:
        """A line across (分隔线)."""

        def lay(on: Layout) -> None:
            on.need(4)
            on.line(on.y + 2)
            on.y += 4

        self._parts.append(lay)

    def watermark(self, text: str) -> None:
        """Words across every page (水印), as "演练" on what is only an exercise; one line, the last call counts."""
        self._watermark = text

    def to_bytes(self) -> bytes:
        """The PDF. The same calls with the same `at` give the same bytes; may be asked again."""
        on = Layout(self._language)
        _lines(on, self._title, _TITLE_POINTS, bold=True, align="centre")
        on.y += 3
        for lay in self._parts:
            lay(on)

        def around(pdf: FPDF, number: int, pages: int) -> None:
            self._around(on, pdf, number, pages)

        return on.to_bytes(self._at, title=self._title, language=_LANGUAGES[self._language], around=around)

    def _around(self, on: Layout, pdf: FPDF, number: int, pages: int) -> None:
        numbers = _PAGE_NUMBER[self._language].format(page=number, pages=pages)
        if self._header:
            [line] = on.lines(self._header, ROOM, _SMALL_POINTS, most=1)
            on.put(pdf, LEFT, 12, line, _SMALL_POINTS, grey=page.GREY)
            pdf.set_draw_color(page.LIGHT)
            pdf.set_line_width(0.2)
            pdf.line(LEFT, 18, RIGHT, 18)
        if self._footer:
            [line] = on.lines(self._footer, ROOM * 0.7, _SMALL_POINTS, most=1)
            on.put(pdf, LEFT, 281, line, _SMALL_POINTS, grey=page.GREY)
        on.put(pdf, LEFT, 281, numbers, _SMALL_POINTS, align="right", grey=page.GREY)
        if self._watermark:
            self._mark(on, pdf)

    def _mark(self, on: Layout, pdf: FPDF) -> None:
        """Three times over the page, above everything else, so that no photo hides it."""
        [line] = on.lines(self._watermark.replace("\n", " "), 1600, 10, most=1)
        if not line:
            return
        points = min(54.0, 150 / max(on.width(line, 1), 1e-6))
        height = points * MM_PER_POINT * LEADING
        for middle in (75.0, 150.0, 225.0):
            with (
                pdf.local_context(fill_opacity=0.09),
                pdf.rotation(35, x=page.WIDTH / 2, y=middle),
            ):
                on.put(pdf, LEFT, middle - height / 2, line, points, align="centre")

    def _photo_row(
        self, row: Sequence[tuple[Picture | None, str]], width: float, height: float
    ) -> Callable[[Layout], None]:
        def lay(on: Layout) -> None:
            step = _SMALL_POINTS * MM_PER_POINT * LEADING
            captions = [on.lines(words, width, _SMALL_POINTS, most=6) if words else [] for _, words in row]
            scales = [
                min(width / made.width, height / made.height) if made is not None else 0 for made, _ in row
            ]
            tall = max(
                made.height * scale if made is not None else height * 0.4
                for (made, _), scale in zip(row, scales, strict=True)
            )
            on.need(tall + step * max(map(len, captions)) + 4)
            for place, (made, _) in enumerate(row):
                x = LEFT + place * (width + _GAP)
                if made is None:
                    on.box(x, on.y, width, tall, None, page.LIGHT)
                    [said] = on.lines(_NO_PICTURE[self._language], width, _SMALL_POINTS, most=1)
                    on.text(
                        x,
                        on.y + tall / 2 - step / 2,
                        said,
                        _SMALL_POINTS,
                        room=width,
                        align="centre",
                        grey=page.GREY,
                    )
                else:
                    wide, high = made.width * scales[place], made.height * scales[place]
                    on.picture(made.jpeg, x + (width - wide) / 2, on.y + (tall - high) / 2, wide, high)
                for number, words in enumerate(captions[place]):
                    below = on.y + tall + 1 + number * step
                    on.text(x, below, words, _SMALL_POINTS, room=width, align="centre", grey=page.GREY)
            on.y += tall + step * max(map(len, captions)) + 4

        return lay


def _lines(on: Layout, text: str, points: float, *, bold: bool = False, align: page.Align = "left") -> None:
    """Running text over the full width, broken between pages where it has to be."""
    height = points * MM_PER_POINT * LEADING
    for line in on.lines(text, ROOM, points):
        on.need(height)
        on.text(LEFT, on.y, line, points, align=align, bold=bold)
        on.y += height
