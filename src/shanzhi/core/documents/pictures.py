"""Photos (照片) made ready for paper: upright, no larger than print can show, without metadata."""

import io
import math
from dataclasses import dataclass

from PIL import Image, ImageOps

MOST_PIXELS = 64_000_000
PRINT_PIXELS_PER_MM = 8  # 200 dpi
_WORTH = 85


@dataclass(frozen=True)
class Photo:
    """A photo (照片): the bytes of a JPEG or PNG, and the words below it."""

    content: bytes
    caption: str = ""


@dataclass(frozen=True)
class Picture:
    """A photo made ready: an RGB JPEG, its width and height in pixels."""

    jpeg: bytes
    width: int
    height: int


def ready(content: bytes, width_mm: float, height_mm: float) -> Picture | None:
    """The photo for a space of that size; None when it is no JPEG or PNG, damaged, or over 64 megapixels.

    Turned as its EXIF says and drawn anew on white, so neither place nor device travels with the paper.
    """
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as photo:
            if photo.width * photo.height > MOST_PIXELS:
                return None
            longest = math.ceil(max(width_mm, height_mm) * PRINT_PIXELS_PER_MM)
            photo.draft("RGB", (longest, longest))
            upright = ImageOps.exif_transpose(photo).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    space = (math.ceil(width_mm * PRINT_PIXELS_PER_MM), math.ceil(height_mm * PRINT_PIXELS_PER_MM))
    upright.thumbnail(space)
    white = Image.new("RGBA", upright.size, "white")
    white.alpha_composite(upright)
    made = io.BytesIO()
    white.convert("RGB").save(made, "JPEG", quality=_WORTH)
    return Picture(made.getvalue(), *upright.size)
