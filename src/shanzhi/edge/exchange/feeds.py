"""Reports from the file of another system (外部数据导入): a CSV file read with a mapping that is data."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from shanzhi.core.kit import yaml_files

_REQUIRED = ("id", "type", "opened_at")
_TIMES = ("opened_at", "closed_at", "target_at")
# Columns that a file may lack.
_OPTIONAL = ("neighbourhood", "text", "address")
_KNOWN = frozenset((*_REQUIRED, *_TIMES, "on_time", "queue", "lon", "lat", *_OPTIONAL))
_YEARS = (1902, 2190)


class FeedError(Exception):
    """A file or a mapping that cannot be used at all; one sentence in each language."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh}\n{en}")
        self.zh = zh
        self.en = en


class _RowError(Exception):
    """What is wrong with one row: (field or "row", problem)."""


@dataclass(frozen=True)
class FeedMapping:
    """Which column holds what (字段映射), and how times and flags are written.

    Of several titles the first that the file has is taken, of several time formats the first that fits;
    `defaults` are for columns that it lacks. `area` is the six-digit code under which a replay keeps its cases,
    `published_no_earlier_than` an instant at which the file is known not to have been published yet.
    """

    name_zh: str
    name_en: str
    time_zone: str
    time_formats: tuple[str, ...]
    columns: dict[str, tuple[str, ...]]
    on_time_values: dict[str, bool]
    published_no_earlier_than: datetime | None = None
    area: str = ""
    defaults: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """One row: times are aware, in the file's own time zone (so two of them compare by their wall clocks)."""

    line: int
    id: str
    type: str
    opened_at: datetime
    closed_at: datetime | None = None
    target_at: datetime | None = None
    on_time: bool | None = None
    queue: str | None = None
    lon: float | None = None
    lat: float | None = None
    neighbourhood: str = ""
    text: str = ""
    address: str = ""


@dataclass(frozen=True)
class Feed:
    """All good rows of a file in its order; each bad row as {line, column, problem}."""

    mapping: FeedMapping
    rows: int
    reports: list[Report]
    errors: list[dict[str, Any]] = field(default_factory=list)


def read_yaml(path: Path) -> dict[str, Any]:
    """A data file of a pack. Raises FeedError when it is missing or is not a YAML mapping."""
    try:
        found = yaml_files.read_yaml(path)
    except FileNotFoundError:
        raise FeedError(f"找不到 {path.name}。", f"There is no {path.name}.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FeedError(f"无法读取 {path.name}：{error}", f"{path.name} cannot be read: {error}") from None
    if not isinstance(found, dict):
        raise FeedError(f"{path.name} 不是键值表。", f"{path.name} is not a table of keys and values.")
    return found


def load_mapping(folder: Path, name: str) -> FeedMapping:
    """The mapping `name` of a folder of mappings. Raises FeedError when there is none or it is wrong."""
    known = sorted(
        path.stem for path in folder.glob("*.yaml") if not path.stem.endswith(("_limits", "_calendar"))
    )
    if name not in known:
        listed = ", ".join(known) or "–"
        raise FeedError(
            f"没有名为 {name} 的映射，可用：{listed}。", f"No mapping {name}; there are: {listed}."
        )
    given = read_yaml(folder / f"{name}.yaml")
    try:
        columns = {str(key): _several(value) for key, value in given["columns"].items()}
        formats = _several(given["time_format"])
        if wrong := sorted(set(columns) - _KNOWN) + [key for key in _REQUIRED if key not in columns]:
            raise ValueError(f"columns: {', '.join(wrong)}")
        zone = ZoneInfo(given["time_zone"])
        last = given.get("published_no_earlier_than")
        return FeedMapping(
            name_zh=given["name"]["zh"],
            name_en=given["name"]["en"],
            time_zone=given["time_zone"],
            time_formats=formats,
            columns=columns,
            on_time_values={str(key): bool(value) for key, value in given.get("on_time_values", {}).items()},
            area=str(given.get("area", "")),
            defaults={str(key): str(value) for key, value in given.get("defaults", {}).items()},
            published_no_earlier_than=_instant(str(last), formats, zone) if last else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError, ZoneInfoNotFoundError, _RowError) as error:
        raise FeedError(f"映射 {name} 有误：{error}", f"The mapping {name} is wrong: {error}") from None


def read_feed(path: Path, mapping: FeedMapping) -> Feed:
    """Read a .csv or .csv.gz file (UTF-8).

    A row that cannot be read is left out and listed in `errors`; the rest is read on. A file that ends in the
    middle gives its rows so far and an error. Raises FeedError for a file that is missing, is not text or
    lacks a mapped column.
    """
    reports: list[Report] = []
    errors: list[dict[str, Any]] = []
    zone = ZoneInfo(mapping.time_zone)
    seen: set[str] = set()
    rows = 0
    try:
        with _open(path) as text:
            source = csv.reader(text)
            header = next(source, [])
            places = _places(header, mapping, path.name)
            header_of = {key: header[at].strip() for key, at in places.items()}
            for line, values, problem in _lines(source):
                if not values and problem is None:
                    continue
                rows += 1
                try:
                    if problem is not None:
                        raise _RowError("row", problem)
                    if len(values) != len(header):
                        raise _RowError("row", f"{len(values)} values where the header has {len(header)}")
                    cells = mapping.defaults | {key: values[at].strip() for key, at in places.items()}
                    report = _report(line, cells, mapping, zone)
                    if report.id in seen:
                        raise _RowError("id", f"{report.id} occurs twice")
                    seen.add(report.id)
                    reports.append(report)
                except _RowError as error:
                    column, reason = error.args
                    errors.append({"line": line, "column": header_of.get(column, column), "problem": reason})
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise FeedError(
            f"无法读取 {path.name}：{error.__class__.__name__}。",
            f"{path.name} cannot be read: {error.__class__.__name__}.",
        ) from None
    return Feed(mapping, rows, reports, errors)


def first_rows(feed: Feed, count: int) -> Feed:
    """Only the first good rows of a file."""
    return replace(feed, reports=feed.reports[:count])


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="replace", newline="")
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


def _lines(source: Any) -> Iterator[tuple[int, list[str], str | None]]:
    """(line, values, problem) of each row; a damaged end of a compressed file is the last problem."""
    while True:
        try:
            values = next(source)
        except StopIteration:
            return
        except csv.Error as error:
            yield source.line_num, [], str(error)
            continue
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            yield source.line_num, [], f"the file ends here: {error}"
            return
        yield source.line_num, values, None


def _places(header: list[str], mapping: FeedMapping, name: str) -> dict[str, int]:
    titles = {title.strip(): at for at, title in reversed(list(enumerate(header)))}
    found = {
        key: next((titles[title] for title in wanted if title in titles), None)
        for key, wanted in mapping.columns.items()
    }
    missing = [
        mapping.columns[key][0]
        for key, at in found.items()
        if at is None and key not in (*mapping.defaults, *_OPTIONAL)
    ]
    if missing:
        listed = ", ".join(sorted(missing))
        raise FeedError(f"{name} 缺少列：{listed}。", f"{name} lacks the columns: {listed}.")
    return {key: at for key, at in found.items() if at is not None}


def _several(given: Any) -> tuple[str, ...]:
    """One value or a list of them."""
    return tuple(str(value) for value in given) if isinstance(given, list) else (str(given),)


def _report(line: int, row: Mapping[str, str], mapping: FeedMapping, zone: ZoneInfo) -> Report:
    for key in _REQUIRED:
        if not row[key]:
            raise _RowError(key, "is empty")
    times: dict[str, datetime | None] = {key: None for key in _TIMES}
    for key in _TIMES:
        if written := row.get(key):
            try:
                times[key] = _instant(written, mapping.time_formats, zone)
            except ValueError:
                said = " or ".join(repr(one) for one in mapping.time_formats)
                raise _RowError(key, f"{written[:40]!r} is not a time as {said}") from None
    opened_at = times["opened_at"]
    assert opened_at is not None
    flag = row.get("on_time") or None
    if flag is not None and flag not in mapping.on_time_values:
        raise _RowError("on_time", f"{flag[:40]!r} is none of the flag's values")
    lon, lat = _number(row, "lon", 180), _number(row, "lat", 90)
    if lon is None or lat is None or (lon == 0 and lat == 0):
        lon = lat = None
    return Report(
        line, row["id"], row["type"], opened_at, times["closed_at"], times["target_at"],
        None if flag is None else mapping.on_time_values[flag], row.get("queue") or None, lon, lat,
        row.get("neighbourhood", ""), row.get("text", ""), row.get("address", ""),
    )  # fmt: skip


def _instant(written: str, time_formats: tuple[str, ...], zone: ZoneInfo) -> datetime:
    for number, time_format in enumerate(time_formats, start=1):
        try:
            found = datetime.strptime(written, time_format)
            break
        except ValueError:
            if number == len(time_formats):
                raise
    if not _YEARS[0] <= found.year <= _YEARS[1]:
        raise ValueError("the year is out of reach")
    # An offset that the format reads is kept as an instant; a plain wall clock is one of the file's zone.
    return found.astimezone(zone) if found.tzinfo else found.replace(tzinfo=zone)


def _number(row: Mapping[str, str], key: str, limit: int) -> float | None:
    written = row.get(key)
    if not written:
        return None
    try:
        found = float(written)
    except ValueError:
        raise _RowError(key, f"{written[:40]!r} is not a number") from None
    if not -limit <= found <= limit:
        raise _RowError(key, f"{written[:40]!r} is outside ±{limit}")
    return found
