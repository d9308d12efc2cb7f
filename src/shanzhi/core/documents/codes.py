"""QR codes (二维码)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import segno
    from fpdf import FPDF

Dots = tuple[tuple[bool, ...], ...]


def qr_dots(text: str) -> Dots:
    """The code as rows of dots, dark is true, its quiet border of four dots included.

    QR of ISO/IEC 18004, text in UTF-8, a quarter of the dots may be lost (level Q) where the text is short
    enough, else 15 % (M). Raises ValueError for empty text and for more than a code holds (2,331 bytes).
    """
    return tuple(tuple(bool(dot) for dot in row) for row in _made(text).matrix_iter(border=4))


def qr(text: str, *, dot_pixels: int = 8) -> bytes:
    """The code (二维码) as a black and white PNG, `dot_pixels` pixels to a dot, with its quiet border.

    The same text gives the same bytes. Raises ValueError as `qr_dots` does.
    """
    if dot_pixels < 1:
        raise ValueError("a dot needs a pixel")
    picture = io.BytesIO()
    _made(text).save(picture, kind="png", scale=dot_pixels, border=4)
    return picture.getvalue()


def draw_dots(pdf: FPDF, dots: Dots, x: float, y: float, side: float) -> None:
    """Draw the dots, each `side` millimetres wide, from a corner on; dark runs as rectangles: sharp at any size."""
    pdf.set_fill_color(0)
    for down, row in enumerate(dots):
        start: int | None = None
        for along, dark in enumerate((*row, False)):
            if dark and start is None:
                start = along
            elif not dark and start is not None:
                pdf.rect(x + start * side, y + down * side, (along - start) * side, side, style="F")
                start = None


def _made(text: str) -> segno.QRCode:
    import segno

    if not text:
        raise ValueError("a QR code needs a text")
    # Without an encoding segno packs digits and capitals tighter; with Chinese it would choose Shift JIS.
    encoding = None if text.isascii() else "utf-8"
    for level in ("q", "m"):
        try:
            return segno.make_qr(text, error=level, encoding=encoding, boost_error=False)
        except segno.DataOverflowError:
            continue
    raise ValueError("the text is too long for a QR code")
