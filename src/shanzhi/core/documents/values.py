"""Columns (列) of a table that goes out, and how a value of each kind is written in words."""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Literal

Kind = Literal["text", "number", "percent", "datetime", "seconds"]
KINDS: frozenset[str] = frozenset({"text", "number", "percent", "datetime", "seconds"})
NOTHING = "–"
SAMPLE_ROWS = 200
_NARROWEST, _WIDEST = 6.0, 60.0
_LEAST: dict[str, float] = {"text": 6, "number": 8, "percent": 8, "datetime": 18, "seconds": 10}
# Control characters, halves of surrogate pairs and the two non-characters that XML refuses.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Column:
    """A column (列): its heading, the kind of its values, and its width in half-width characters.

    Kinds: `text`; `number`; `percent`, a share where 1 is 100 %; `datetime`, an aware instant or a date;
    `seconds`, a duration as a number of seconds or a timedelta, shown as hours:minutes:seconds. Without a
    width the first rows decide it. Raises ValueError for an unknown kind and a width that is not positive.
    """

    title: str
    kind: Kind = "text"
    width: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no kind of column is called {self.kind!r}")
        if self.width is not None and not (0 < self.width < math.inf):
            raise ValueError("the width of a column must be positive")


Head = tuple[str, str, Kind]  # a heading in Chinese and in English, and the kind of its values


def columns_of(heads: Iterable[Head], *, zh: bool) -> list[Column]:
    """Columns with their headings in one of both languages."""
    return [Column(head_zh if zh else head_en, kind) for head_zh, head_en, kind in heads]


def plain(text: str) -> str:
    """Text without what no document can hold: control characters (except line feeds), lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return _UNWRITABLE.sub("", text)


def columns_wide(text: str) -> int:
    """The width of the longest line in half-width characters: a Chinese character (全角) counts two."""
    return max(
        sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in line)
        for line in text.split("\n")
    )


def wall_clock(value: date, zone: tzinfo) -> datetime | date:
    """What a clock on the wall in `zone` shows, without zone. Raises ValueError for a naive datetime."""
    if not isinstance(value, datetime):
        return value
    if value.utcoffset() is None:
        raise ValueError("an instant without a zone has no place in a document")
    return value.astimezone(zone).replace(tzinfo=None)


def figure(value: object) -> float | int | None:
    """The finite number that a value is, a timedelta as seconds; None for anything else."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if isinstance(value, int):
        return value
    return float(value) if math.isfinite(value) else None


def duration(seconds: float) -> str:
    """A duration (时长) as hours:minutes:seconds, rounded to the second, hours without end: 100:00:05."""
    whole = round(abs(seconds))
    sign = "-" if seconds < 0 and whole else ""
    return f"{sign}{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def is_nothing(value: object) -> bool:
    """Whether there is no value to show: None, and a number that is none, as a share of nothing is."""
    return value is None or (isinstance(value, float | Decimal) and not math.isfinite(value))


def as_text(value: object, kind: str, zone: tzinfo) -> str:
    """A value in words, as a person reads it on paper; nothing is "–", never 0.

    What does not fit the kind is shown as it is. Raises ValueError for a naive datetime.
    """
    if is_nothing(value):
        return NOTHING
    if isinstance(value, date):
        shown = wall_clock(value, zone)
        return f"{shown:%Y-%m-%d %H:%M}" if isinstance(shown, datetime) else f"{shown:%Y-%m-%d}"
    number = figure(value)
    if number is not None and (kind == "seconds" or isinstance(value, timedelta)):
        return duration(number)
    if number is not None and kind == "percent":
        return f"{number:.1%}"
    if isinstance(number, float) and kind == "number":
        return f"{number:,.2f}".rstrip("0").rstrip(".")
    if isinstance(number, int) and kind == "number":
        return f"{number:,}"
    return plain(str(value))


def checked_row(row: Sequence[object], columns: Sequence[Column]) -> Sequence[object]:
    """The row itself. Raises ValueError when it has not one cell for each column."""
    if isinstance(row, str) or len(row) != len(columns):
        raise ValueError(f"a row must have {len(columns)} cells")
    return row


def widths(columns: Sequence[Column], sample: Iterable[Sequence[object]], zone: tzinfo) -> list[float]:
    """Widths in half-width characters: as given, else what heading and sample rows need, from 6 to 60."""
    needed = [max(_LEAST[column.kind], columns_wide(column.title) + 4) for column in columns]
    for row in sample:
        for place, (value, column) in enumerate(zip(row, columns, strict=True)):
            needed[place] = max(needed[place], columns_wide(as_text(value, column.kind, zone)[:200]) + 2)
    return [
        column.width or min(max(need, _NARROWEST), _WIDEST)
        for need, column in zip(needed, columns, strict=True)
    ]
