"""Grids (表格) on paper: cells that wrap, rows that break over pages, a head that is repeated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shanzhi.core.documents.layout import (
    BOTTOM,
    LEADING,
    LEFT,
    LIGHT,
    MM_PER_POINT,
    ROOM,
    SHADE,
    TOP,
    Align,
    Layout,
)
from shanzhi.core.documents.values import SAMPLE_ROWS

_PAD = 1.2
_SIDE = 1.6
_MOST_HEAD_LINES = 6
# Figures are kept whole up to so many millimetres; the beginning of a cell tells its need.
_MOST_KEPT, _LONGEST_PIECE, _BOLD = 32.0, 40, 0.3


@dataclass(frozen=True)
class Cell:
    """A cell (单元格) and its look."""

    text: str
    align: Align = "left"
    shaded: bool = False
    bold: bool = False


@dataclass(frozen=True)
class Grid:
    """Rows of cells in columns of `widths` millimetres, set in `points`; `head` begins each page.

    With `fitted` the widths are wishes, changed so that they fill the page.
    """

    widths: Sequence[float]
    rows: Sequence[Sequence[Cell]]
    points: float
    head: Sequence[Cell] | None = None
    fitted: bool = False

    def lay(self, on: Layout) -> None:
        """Lay the grid at the cursor: a row stays whole unless it is taller than a page with its head."""
        (replace(self, widths=self._fit(on)) if self.fitted else self)._lay(on)

    def _fit(self, on: Layout) -> list[float]:
        """The wishes made to fill the page: first what must not be broken, then in proportion."""
        least = [0.0] * len(self.widths)
        for cells in [*([self.head] if self.head else []), *self.rows[:SAMPLE_ROWS]]:
            for place, cell in enumerate(cells):
                [line] = on.lines(cell.text[:_LONGEST_PIECE], ROOM, self.points, 1)
                if cell.align == "right":
                    need = min(on.width(line, self.points), _MOST_KEPT)
                else:
                    # Text may break anywhere, but dates, short names and headings look better whole.
                    need = min(on.width(line.split(" ")[0], self.points), 6 * self.points * MM_PER_POINT)
                least[place] = max(least[place], need + 2 * _SIDE + _BOLD)
        wishes = [max(wish, need) for wish, need in zip(self.widths, least, strict=True)]
        if sum(least) >= ROOM:
            return [ROOM * need / sum(least) for need in least]
        if sum(wishes) <= ROOM:
            return [ROOM * wish / sum(wishes) for wish in wishes]
        part = (ROOM - sum(least)) / (sum(wishes) - sum(least))
        return [need + (wish - need) * part for wish, need in zip(wishes, least, strict=True)]

    def _lay(self, on: Layout) -> None:
        head = self._set(on, self.head, _MOST_HEAD_LINES) if self.head is not None else []
        tall_head = self._height(head) if head else 0.0
        first = True
        for cells in self.rows:
            lines = self._set(on, cells)
            height = self._height(lines)
            fits_a_page = height <= BOTTOM - TOP - tall_head
            wanted = height if fits_a_page else self._height([[""] * 3])
            above = tall_head if first else 0.0
            if above + wanted > on.left() and on.y > TOP:
                on.turn()
                above = tall_head
            if head and self.head is not None and above:
                self._draw(on, self.head, head)
            first = False
            self._row(on, cells, lines, head)
        if first and head and self.head is not None:
            on.need(tall_head)
            self._draw(on, self.head, head)
        on.y += 3

    def _row(self, on: Layout, cells: Sequence[Cell], lines: list[list[str]], head: list[list[str]]) -> None:
        """Draw a row, in parts when it is taller than what is left."""
        while True:
            fit = max(1, int((on.left() - 2 * _PAD + 1e-6) / self._step()))
            self._draw(on, cells, [cell[:fit] for cell in lines])
            lines = [cell[fit:] for cell in lines]
            if not any(lines):
                return
            on.turn()
            if head and self.head is not None:
                self._draw(on, self.head, head)

    def _step(self) -> float:
        return self.points * MM_PER_POINT * LEADING

    def _height(self, lines: list[list[str]]) -> float:
        return max(map(len, lines)) * self._step() + 2 * _PAD

    def _set(self, on: Layout, cells: Sequence[Cell], most: int | None = None) -> list[list[str]]:
        return [
            on.lines(cell.text, width - 2 * _SIDE, self.points, most)
            for cell, width in zip(cells, self.widths, strict=True)
        ]

    def _draw(self, on: Layout, cells: Sequence[Cell], lines: list[list[str]]) -> None:
        height = self._height(lines)
        x = LEFT
        for cell, width, words in zip(cells, self.widths, lines, strict=True):
            on.box(x, on.y, width, height, SHADE if cell.shaded else None, LIGHT)
            for number, line in enumerate(words):
                y = on.y + _PAD + number * self._step()
                room = width - 2 * _SIDE
                on.text(x + _SIDE, y, line, self.points, room=room, align=cell.align, bold=cell.bold)
            x += width
        on.y += height
