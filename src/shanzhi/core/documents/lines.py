"""Breaking text into lines (断行) by the rules of Chinese and English setting."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator

from shanzhi.core.documents.values import plain

BOX = "□"
# 避头尾: what may not begin a line, and what may not end one.
_NOT_FIRST = frozenset("，。、；：？！）》」』】〕〉”’…—·％‰℃,.;:?!)]}%〗｝］～")
_NOT_LAST = frozenset("（《「『【〔〈“‘([{〖｛［￥¥$＃#")
_PIECES = re.compile(
    r"[ \u3000]+|[^\s\u1100-\u11ff\u2e80-\ufeff\uff00-\uffef\U00010000-\U0010ffff]+|.", re.DOTALL
)
_STRAIGHT = str.maketrans("‘’“”", "''\"\"")
_APOSTROPHE = re.compile("(?<=[A-Za-z])’(?=[A-Za-z])")
_INVISIBLE = re.compile("[\u00ad\u034f\u180b-\u180f\ufe00-\ufe0f\U000e0000-\U000e0fff]")


def setting(text: str, known: Collection[int], language: str) -> str:
    """Text that can be set: composed (NFC), without invisible characters, "□" for each that is not `known`.

    `known` holds code points. A missing character leaves a visible box (缺字框), so that nobody takes a name
    for complete that is not; joiners, direction marks and variation selectors have no shape and go. The
    font's curved quotes are as wide as a Chinese character: in `en`, and as apostrophes, they become straight.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", plain(text)))
    text = text.translate(_STRAIGHT) if language == "en" else _APOSTROPHE.sub("'", text)
    text = text.replace("\u2028", "\n").replace("\u2029", "\n")
    return "".join(
        char if char == "\n" or ord(char) in known else _replacement(char)
        for char in text
        if unicodedata.category(char) != "Cf"
    )


def _replacement(char: str) -> str:
    return " " if unicodedata.category(char) == "Zs" else BOX


def broken(text: str, room: float, width_of: Callable[[str], float]) -> list[str]:
    """The lines (行) of a text, none wider than `room`, in the unit of `width_of`; at least one.

    Breaks at line feeds, between words and between Chinese characters, but no line begins with closing
    punctuation or ends with opening. What is wider than a line by itself, as a long address on the web, is
    broken anywhere; a single character that is too wide stands alone and sticks out.
    """
    return [line for paragraph in text.split("\n") for line in _paragraph(paragraph, room, width_of)]


def _paragraph(text: str, room: float, width_of: Callable[[str], float]) -> Iterator[str]:
    line, used = "", 0.0
    for unit in _units(text):
        width = width_of(unit)
        if used + width <= room:
            line, used = line + unit, used + width
        elif unit.isspace():
            # Spaces at the end of a line hang.
            line, used = line + unit, room
        elif width <= room:
            yield line.rstrip()
            line, used = unit, width
        else:
            for char in unit:
                width = width_of(char)
                if line and used + width > room:
                    yield line.rstrip()
                    line, used = "", 0.0
                line, used = line + char, used + width
    yield line.rstrip()


def _units(text: str) -> Iterator[str]:
    """What may not be broken: words and characters, with the punctuation that holds on to them."""
    unit = ""
    for piece in _PIECES.findall(text):
        holds = unit and not unit.isspace() and (piece[0] in _NOT_FIRST or unit[-1] in _NOT_LAST)
        if unit and not (holds and not piece.isspace()):
            yield unit
            unit = ""
        unit += piece
    if unit:
        yield unit
