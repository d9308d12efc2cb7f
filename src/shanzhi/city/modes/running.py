"""What an activation does to the parts (响应内容): preview, begin, change, prolong, end. Called by the door alone."""

import json
import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError, transaction

from shanzhi.base.access import Actor
from shanzhi.city.modes import parts
from shanzhi.city.modes.contents import PART_CODES, LevelContent
from shanzhi.city.modes.errors import PartsWrong
from shanzhi.city.modes.models import Activation
from shanzhi.core.kit.errors import ShanzhiError

log = logging.getLogger("shanzhi.modes")
Items = dict[str, list[parts.Item]]
Made = tuple[str, parts.Line]  # the code of the part, and what it did


def live_of(activation: Activation, approved_by: UUID, at: datetime) -> parts.Live:
    """What the parts are told of an activation."""
    return parts.Live(
        activation_id=activation.id, number=activation.number, plan=activation.plan, hazard=activation.hazard,
        level=activation.level, place_ids=tuple(activation.place_ids), is_drill=activation.is_drill,
        proposed_by=activation.proposed_by_id, approved_by=approved_by, from_at=activation.live_at or at,
        last_on=activation.last_on,
    )  # fmt: skip


def _ordered(codes: Iterable[str]) -> list[str]:
    places = {code: number for number, code in enumerate(PART_CODES)}
    return sorted(codes, key=lambda code: (places.get(code, len(places)), code))


def _not_installed(code: str) -> parts.Line:
    zh, en = PART_CODES.get(code, (code, code))
    return parts.Line(f"{zh}：本系统未装此项", f"{en}: not installed in this system", wrong=True)


def preview(content: LevelContent, live: parts.Live, at: datetime) -> list[Made]:
    """What a level would do, with counts; nothing stays written. A line that is `wrong` stops the activation."""
    found: list[Made] = []
    known = parts.known()
    for code in _ordered(content.parts):
        if not content.parts[code]:
            continue
        part = known.get(code)
        if part is None:
            found.append((code, _not_installed(code)))
            continue
        try:
            with transaction.atomic():
                lines = part.preview(content.parts[code], live, at)
        except ShanzhiError as error:
            lines = [parts.Line(error.sentence("zh"), error.sentence("en"), wrong=True)]
        found += [(code, line) for line in lines]
    return found


def check(content: LevelContent, live: parts.Live, at: datetime) -> None:
    """Raises PartsWrong with every line of the preview that stops it."""
    wrong = [line for _, line in preview(content, live, at) if line.wrong]
    if wrong:
        raise PartsWrong(
            field="parts",
            lines_zh="；".join(line.zh for line in wrong),
            lines_en="; ".join(line.en for line in wrong),
        )


def begin(content: LevelContent, live: parts.Live, actor: Actor, at: datetime) -> list[Made]:
    """Make everything of a level live, in the caller's transaction. What a part raises undoes the whole."""
    known = parts.known()
    return [
        (code, line)
        for code in _ordered(content.parts)
        if content.parts[code]
        for line in known[code].begin(content.parts[code], live, actor, at)
    ]


def _same(one: parts.Item) -> str:
    return json.dumps(one, sort_keys=True, ensure_ascii=False)


def difference(old: LevelContent, new: LevelContent) -> tuple[Items, Items, Items]:
    """Items of the parts that begin, that stay, and that end, when one level follows another."""
    begun: Items = {}
    kept: Items = {}
    ended: Items = {}
    for code in _ordered({*old.parts, *new.parts}):
        before, after = old.parts.get(code, []), new.parts.get(code, [])
        were, are = {_same(one) for one in before}, {_same(one) for one in after}
        begun[code] = [one for one in after if _same(one) not in were]
        kept[code] = [one for one in after if _same(one) in were]
        ended[code] = [one for one in before if _same(one) not in are]
    return begun, kept, ended


def change(old: LevelContent, new: LevelContent, live: parts.Live, actor: Actor, at: datetime) -> list[Made]:
    """From one level to another: what the new one no longer holds is ended, what stays is kept, the rest begun."""
    known = parts.known()
    begun, kept, ended = difference(old, new)
    made: list[Made] = []
    for code in begun:
        part, after = known.get(code), new.parts.get(code, [])
        if part is None:
            made += [(code, _not_installed(code))] if ended[code] or kept[code] else []
            continue
        stays, fresh = kept[code], begun[code]
        if ended[code]:
            if isinstance(part, parts.Shrinking):
                lines = part.shrink(stays, live, actor, at)
            else:
                lines, stays, fresh = part.end(live, actor, at), [], after
            made += [(code, line) for line in lines]
        if stays and isinstance(part, parts.Lasting):
            made += [(code, line) for line in part.prolong(stays, live, actor, at)]
        if fresh:
            made += [(code, line) for line in part.begin(fresh, live, actor, at)]
    return made


def prolong(content: LevelContent, live: parts.Live, actor: Actor, at: datetime) -> list[Made]:
    """Tell the parts of another last day."""
    known = parts.known()
    return [
        (code, line)
        for code in _ordered(content.parts)
        if content.parts[code] and isinstance(part := known.get(code), parts.Lasting)
        for line in part.prolong(content.parts[code], live, actor, at)
    ]


def end(content: LevelContent, live: parts.Live, actor: Actor, at: datetime) -> list[Made]:
    """Stand everything down. A part that fails is written down and holds up nothing: what confines people ends."""
    made: list[Made] = []
    known = parts.known()
    for code in _ordered(content.parts):
        if not content.parts[code]:
            continue
        part = known.get(code)
        if part is None:
            made.append((code, _not_installed(code)))
            continue
        made += [(code, line) for line in _tried(code, part.end, live, actor, at)]
    return made


def _tried(
    code: str,
    ending: Callable[[parts.Live, Actor, datetime], list[parts.Line]],
    live: parts.Live,
    actor: Actor,
    at: datetime,
) -> list[parts.Line]:
    zh, en = PART_CODES.get(code, (code, code))
    try:
        with transaction.atomic():
            return ending(live, actor, at)
    except ShanzhiError as error:
        return [
            parts.Line(f"{zh}未能收尾：{error.sentence('zh')}", f"{en}: {error.sentence('en')}", wrong=True)
        ]
    except (DatabaseError, LookupError, TypeError, ValueError, AssertionError, AttributeError):
        log.exception("part %s of %s did not end", code, live.number)
        return [
            parts.Line(f"{zh}未能收尾，请人工处理。", f"{en} did not end: see to it by hand.", wrong=True)
        ]


def plain(made: Iterable[Made]) -> list[dict[str, Any]]:
    """Lines as an event keeps them."""
    return [
        {
            "part": code, "zh": line.zh, "en": line.en, "count": line.count, "wrong": line.wrong,
            "subject_id": str(line.subject_id) if line.subject_id else None, "address": line.address,
        }
        for code, line in made
    ]  # fmt: skip
