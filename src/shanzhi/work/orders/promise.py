"""Whether a ladder can keep the promise (送达承诺): everybody reached in time, with part of the phones asleep.

The computation is `core.planning.first_rung`; here a pack's ladder becomes its rungs, and the answer sentences.
"""

from collections.abc import Collection
from math import ceil, isfinite

from shanzhi.core.planning import Channel, Crowd, Promise, Rung, first_rung
from shanzhi.work.orders import packs
from shanzhi.work.orders.flow import RungKind

Sentence = tuple[str, str]


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
    latest = min(int(rungs[1].after_seconds), given.seconds - 1)
    return first_rung(crowd, rungs, promise_seconds=given.seconds, latest_seconds=latest)


def warnings(
    ladder: packs.Ladder, people: int, with_phone: int, registered: Collection[str]
) -> list[Sentence]:
    """What a composer has to hear before it is too late."""
    given = packs.promise()
    told: list[Sentence] = []
    minutes, share = round(given.seconds / 60), round(given.asleep_share * 100)
    wanted = {step.channel for step in ladder.rungs if step.kind == str(RungKind.CHANNEL)}
    if away := sorted(wanted.difference(registered)):
        told.append(
            (
                f"通道未接入：{'、'.join(away)}，这些级别不会发出消息。",
                f"Channels that are not configured send nothing: {', '.join(away)}.",
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
