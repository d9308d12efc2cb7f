"""Pages (版面) of an A4 document: a cursor, a font, what is drawn where, and the bytes of the PDF.

All lengths are millimetres from the upper left corner; sizes of type are points.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import pylopdf_fonts_zh_cn

from shanzhi.core.documents.lines import broken, setting

if TYPE_CHECKING:
    from fpdf import FPDF

Align = Literal["left", "centre", "right"]
Draw = Callable[["FPDF"], None]

WIDTH, HEIGHT = 210.0, 297.0
LEFT, TOP, RIGHT, BOTTOM = 20.0, 24.0, 190.0, 275.0
ROOM = RIGHT - LEFT
MM_PER_POINT = 25.4 / 72
LEADING = 1.5
INK, GREY, LIGHT, SHADE = 0, 110, 200, 240
_FACE = "shanzhi"
# Of the em: from the baseline to the middle of a Chinese character.
_MIDDLE = 0.38


@dataclass(frozen=True)
class _Kept:
    """Headings at the end of a page: where they begin, what was drawn before and with them, how to lay them."""

    top: float
    begin: int
    end: int
    parts: list[Callable[[], None]]


class Layout:
    """Pages that fill from the top. `y` is the cursor; drawing waits until the number of pages is known.

    `size` is width and height of a page; the margins, and what fills pages by itself, are those of A4.
    """

    def __init__(self, language: str, size: tuple[float, float] = (WIDTH, HEIGHT)) -> None:
        # Not at the top: 0.3 s and 40 MB that a process which only reads tables need not pay.
        from fpdf import FPDF
        from fpdf.enums import TextMode
        from fpdf.fonts import TTFFont

        self._bold = TextMode.FILL_STROKE
        self.pdf = FPDF(format=size, unit="mm")
        self.pdf.set_auto_page_break(False)
        # Otherwise "{nb}" in somebody's text becomes the number of pages.
        self.pdf.str_alias_nb_pages = ""
        self.pdf.add_font(_FACE, fname=pylopdf_fonts_zh_cn.sans_path())
        face = self.pdf.fonts[_FACE]
        assert isinstance(face, TTFFont)
        self._known = face.cmap.keys()
        self._widths = face.cw
        self._set = lru_cache(maxsize=4096)(lambda text: setting(text, self._known, language))
        self.pages: list[list[Draw]] = [[]]
        self.y = TOP
        self._kept: _Kept | None = None

    def width(self, text: str, points: float) -> float:
        """The width of one line that has been set."""
        return sum(self._widths[ord(char)] for char in text) * points * MM_PER_POINT / 1000

    def lines(self, text: str, room: float, points: float, most: int | None = None) -> list[str]:
        """The text in lines no wider than `room`; with `most`, cut there with "…"."""
        found = broken(self._set(text), room, lambda part: self.width(part, points))
        if most is not None and len(found) > most:
            last = found[most - 1]
            while last and self.width(last + "…", points) > room:
                last = last[:-1]
            found = [*found[: most - 1], last + "…"]
        return found

    def left(self) -> float:
        """The height that is left on this page."""
        return BOTTOM - self.y

    def need(self, height: float) -> None:
        """Go on to the next page unless so much height is left; a fresh page is never left empty."""
        if height > self.left() + 1e-6 and self.y > TOP:
            self.turn()

    def turn(self) -> None:
        """Begin the next page; headings that stand last on this one go along."""
        kept, self._kept = self._kept, None
        if kept is not None and (kept.end != len(self.pages[-1]) or kept.top <= TOP):
            kept = None
        if kept is not None:
            del self.pages[-1][kept.begin :]
        self.pages.append([])
        self.y = TOP
        if kept is not None:
            for lay in kept.parts:
                lay()

    def keep(self, lay: Callable[[], None]) -> None:
        """Lay a part that must not stand last on a page, so that `turn` can lay it anew."""
        top, begin, parts, pages = self.y, len(self.pages[-1]), [lay], len(self.pages)
        if self._kept is not None and self._kept.end == begin:
            top, begin, parts = self._kept.top, self._kept.begin, [*self._kept.parts, lay]
        lay()
        # What ran on to another page by itself stays there.
        stayed = len(self.pages) == pages
        self._kept = _Kept(top, begin, len(self.pages[-1]), parts) if stayed else None

    def draw(self, what: Draw) -> None:
        """Remember what to draw on this page."""
        self.pages[-1].append(what)

    def text(
        self,
        x: float,
        y: float,
        line: str,
        points: float,
        *,
        room: float = ROOM,
        align: Align = "left",
        bold: bool = False,
        grey: int = INK,
    ) -> None:
        """One line of `lines`, in a strip of its line height that begins at `y`."""
        self.draw(lambda pdf: self.put(pdf, x, y, line, points, room=room, align=align, bold=bold, grey=grey))

    def put(
        self,
        pdf: FPDF,
        x: float,
        y: float,
        line: str,
        points: float,
        *,
        room: float = ROOM,
        align: Align = "left",
        bold: bool = False,
        grey: int = INK,
    ) -> None:
        """Write one line at once."""
        if not line:
            return
        if align != "left":
            x += (room - self.width(line, points)) / (2 if align == "centre" else 1)
        em = points * MM_PER_POINT
        pdf.set_font(_FACE, size=points)
        pdf.set_text_color(grey)
        baseline = y + em * LEADING / 2 + em * _MIDDLE
        if not bold:
            pdf.text(x, baseline, line)
            return
        # The package has one weight: an outline of 3 % of the size makes the bold one.
        with pdf.local_context(text_mode=self._bold, line_width=points * 0.03, draw_color=grey):
            pdf.text(x, baseline, line)

    def box(
        self, x: float, y: float, width: float, height: float, fill: int | None, line: int | None
    ) -> None:
        """A rectangle, filled and drawn in shades of grey."""

        def drawn(pdf: FPDF) -> None:
            if fill is not None:
                pdf.set_fill_color(fill)
                pdf.rect(x, y, width, height, style="F")
            if line is not None:
                pdf.set_draw_color(line)
                pdf.set_line_width(0.2)
                pdf.rect(x, y, width, height, style="D")

        self.draw(drawn)

    def line(self, y: float, grey: int = LIGHT) -> None:
        """A line across the page."""

        def drawn(pdf: FPDF) -> None:
            pdf.set_draw_color(grey)
            pdf.set_line_width(0.2)
            pdf.line(LEFT, y, RIGHT, y)

        self.draw(drawn)

    def picture(self, jpeg: bytes, x: float, y: float, width: float, height: float) -> None:
        """A JPEG in that space."""

        def drawn(pdf: FPDF) -> None:
            pdf.image(io.BytesIO(jpeg), x=x, y=y, w=width, h=height)

        self.draw(drawn)

    def to_bytes(
        self, at: datetime, *, title: str, language: str, around: Callable[[FPDF, int, int], None]
    ) -> bytes:
        """The PDF, created at `at`; `around` draws what is on every page: (pdf, page number, pages)."""
        pdf = self.pdf
        pdf.set_title(self._set(title))
        pdf.set_lang(language)
        pdf.set_creator("Shanzhi")
        pdf.set_creation_date(at)
        for number, page in enumerate(self.pages, start=1):
            pdf.add_page()
            for draw in page:
                draw(pdf)
            around(pdf, number, len(self.pages))
        return bytes(pdf.output())
