"""Whether a ladder can keep the promise (送达承诺): everybody reached in time, with part of the phones asleep.

The computation is `core.planning.first_rung`; here a pack's ladder becomes its rungs, and the answer sentences.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, isfinite
from typing import TypeVar

from shanzhi.base.messaging import channels
from shanzhi.core.planning import Channel, Crowd, Promise, Rung, expected_reach, first_rung
from shanzhi.work.orders import packs
from shanzhi.work.orders.flow import RungKind

Sentence = tuple[str, str]
Number = TypeVar("Number", int, float)


def _rungs(ladder: packs.Ladder, registered: Collection[str]) -> list[Rung]:
    """The app and the channels that are configured, in the order of their beginning."""
    found = [Rung(Channel.in_app, 0.0)]
    for step in sorted(ladder.rungs, key=lambda step: step.after_seconds):
        if step.kind == str(RungKind.CHANNEL) and step.channel in registered:
            way = Channel.voice if step.channel == "voice" else Channel.sms
            found.append(Rung(way, float(step.after_seconds), float(step.per_second or "inf")))
    return found


def computed(ladder: packs.Ladder, people: int, registered: Collection[str]) -> Promise | None:
    """What the channels can do for so many people; None when no channel wakes a phone, or nobody is meant."""
    given, rungs = packs.promise(), _rungs(ladder, registered)
    if len(rungs) < 2 or not people:
        return None
    crowd = Crowd(people, given.asleep_share, answers=given.answers)
    # As the ladder stands: its first rung begins when it says, or earlier if it has to.
    latest = min(int(rungs[1].after_seconds), given.first_rung_seconds, given.seconds - 1)
    return first_rung(crowd, rungs, promise_seconds=given.seconds, latest_seconds=latest)


@dataclass(frozen=True)
class Plan:
    """What the promise needs of a ladder (承诺测算). Instants in seconds since issue, people as expectations.

    `is_kept` by the ladder as it stands: `reached` of the people have it by `seconds`. `first_seconds` is the latest
    beginning of the first outside channel, up to `first_most`, that keeps it, or leaves the fewest; `remaining` are
    then left. `needed_rate` a second of that channel would be enough, `needed_factor` times the rates of all; None
    when no rate is. `curve` is how many are expected to have it at each second.
    """

    seconds: int
    asleep_share: float
    first_most: int
    people: int
    is_kept: bool
    reached: int
    first_seconds: int
    remaining: int
    needed_rate: int | None
    needed_factor: float | None
    curve: list[tuple[int, int]]


_POINTS, _BEYOND = 40, 1.5


def plan(ladder: packs.Ladder, people: int, registered: Collection[str]) -> Plan | None:
    """What the channels that are there can do for so many people; None when nobody is meant."""
    return _plan(ladder.code, str(ladder.rungs), people, tuple(sorted(registered)), packs.promise())


@lru_cache(maxsize=64)
def _plan(code: str, _: str, people: int, registered: tuple[str, ...], given: packs.Promise) -> Plan | None:
    ladder = packs.ladder(code)
    if not people:
        return None
    rungs = _rungs(ladder, registered)
    crowd = Crowd(people, given.asleep_share, answers=given.answers)
    end = int(given.seconds * _BEYOND)
    seconds = sorted({*range(0, end + 1, max(1, end // _POINTS)), given.seconds})
    reached = expected_reach(crowd, rungs, seconds)
    by_then = float(reached[seconds.index(given.seconds)])
    found = computed(ladder, people, registered)
    return Plan(
        given.seconds, given.asleep_share, given.first_rung_seconds, people, people - by_then <= _TOLERATED,
        round(by_then), found.first_seconds if found else 0,
        ceil(found.remaining - _TOLERATED) if found else people - round(by_then),
        _finite(ceil, found.needed_rate) if found else None,
        _finite(lambda value: ceil(value * 10) / 10, found.needed_factor) if found else None,
        list(zip(seconds, (round(float(one)) for one in reached), strict=True)),
    )  # fmt: skip


_TOLERATED = 0.5  # expected people, as in the computation itself


def _finite(shaped: Callable[[float], Number], value: float) -> Number | None:
    return shaped(value) if isfinite(value) else None


def warnings(
    ladder: packs.Ladder, people: int, with_phone: int, registered: Collection[str]
) -> list[Sentence]:
    """What a composer has to hear before it is too late."""
    given = packs.promise()
    told: list[Sentence] = []
    minutes, share = round(given.seconds / 60), round(given.asleep_share * 100)
    wanted = {step.channel for step in ladder.rungs if step.kind == str(RungKind.CHANNEL)}
    if away := sorted(wanted.difference(registered)):
        zh, en = channels.names_of(away)
        told.append(
            (
                f"通道未接入：{zh}，这些级别不会发出消息。",
                f"Channels that are not configured send nothing: {en}.",
            )
        )
    if with_phone < people:
        told.append(
            (
                f"有 {people - with_phone} 人没有登记手机号，应用不在线时只能由代理人或上级网格转告。",
                f"{people - with_phone} people have no telephone here: only a deputy or the grid above tells them.",
            )
        )
    found = computed(ladder, people, registered)
    if found is None:
        asleep = round(people * given.asleep_share)
        if asleep:
            told.append(
                (
                    f"若 {share}% 的手机处于休眠，约 {asleep} 人在 {minutes} 分钟内收不到：没有可用的外部通道。",
                    f"With {share} % of phones asleep about {asleep} people are not reached within {minutes} "
                    "minutes: no outside channel is configured.",
                )
            )
    elif not found.kept:
        told.append(_missed(found, share, minutes))
    elif found.first_seconds < _rungs(ladder, registered)[1].after_seconds:
        told.append(
            (
                f"第一级外部通道应在 {found.first_seconds} 秒内开始，才能在 {minutes} 分钟内全部送达。",
                f"The first outside channel has to begin within {found.first_seconds} seconds to reach all in "
                f"{minutes} minutes.",
            )
        )
    return told


def _missed(found: Promise, share: int, minutes: int) -> Sentence:
    zh = f"若 {share}% 的手机处于休眠，{minutes} 分钟内约有 {ceil(found.remaining)} 人收不到。"
    en = f"With {share} % of phones asleep about {ceil(found.remaining)} people are not reached in {minutes} minutes."
    if isfinite(found.needed_rate):
        zh += f"第一级外部通道需达到每秒 {ceil(found.needed_rate)} 条。"
        en += f" The first outside channel would need {ceil(found.needed_rate)} a second."
    elif isfinite(found.needed_factor):
        zh += f"各通道速率需提高到 {found.needed_factor:.1f} 倍。"
        en += f" The channels would have to be {found.needed_factor:.1f} times as fast."
    return zh, en
