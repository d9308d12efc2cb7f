"""Working out an assignment (一键分派): who goes where, and why. Nothing is written here."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np

from shanzhi.city.surge import queries, skills
from shanzhi.city.surge.matching import match, metres_between
from shanzhi.city.surge.models import Need, Offer, Posting


@dataclass(frozen=True)
class Proposed:
    """Somebody for a need, from one day until before another; `community_id` is where the post will stand."""

    offer: Offer
    need: Need
    community_id: UUID
    from_on: date
    to_on: date
    is_home: bool
    distance_m: int | None
    skills: tuple[str, ...]
    gap_percent: int


@dataclass(frozen=True)
class Assignment:
    """What one click does: `token` stands for exactly this list; `unmet` people are still missing."""

    postings: tuple[Proposed, ...]
    token: str
    unmet: int
    left_over: int


def why(one: Proposed | Posting) -> tuple[str, str]:
    """The reason in Chinese and in English, of a proposal or of a posting."""
    gap, home, distance, has = one.gap_percent, one.is_home, one.distance_m, one.skills
    zh, en = [f"该处缺口 {gap}%"], [f"{gap}% of the need was open"]
    if home:
        zh.append("住本社区")
        en.append("lives in the community")
    if distance is not None:
        zh.append(f"家距约 {_length(distance)[0]}")
        en.append(f"home {_length(distance)[1]} away")
    elif not home:
        zh.append("住址距离未知")
        en.append("distance from home not known")
    if has:
        names_zh, names_en = skills.words(has)
        zh.append(f"具备：{names_zh}")
        en.append(f"has: {names_en}")
    return "；".join(zh), "; ".join(en)


def _length(metres: int) -> tuple[str, str]:
    if metres < 1000:
        rounded = max(100, round(metres, -2))  # homes are known to a hundred metres
        return f"{rounded} 米", f"{rounded} m"
    return f"{metres / 1000:.1f} 公里", f"{metres / 1000:.1f} km"


def work_out(needs: Sequence[Need], offers: Sequence[Offer], on: date, today: date) -> Assignment:
    """Assign the people to the needs from a day on; places lie as they do `today`."""
    met = queries.met(needs)
    needs = sorted((need for need in needs if met.get(need.id, 0) < need.people), key=lambda need: need.id)
    offers = sorted(offers, key=lambda offer: offer.id)
    missing_people = sum(need.people - met.get(need.id, 0) for need in needs)
    chosen = _chosen(needs, offers, met, on, today) if needs and offers else []
    chosen.sort(
        key=lambda one: (str(one.need.place_id), str(one.need.id), str(one.offer.unit_id), one.offer.name)
    )
    return Assignment(
        tuple(chosen), _token(needs, offers, met, on), missing_people - len(chosen), len(offers) - len(chosen)
    )


def _token(needs: Sequence[Need], offers: Sequence[Offer], met: dict[UUID, int], on: date) -> str:
    """A digest of all that the answer depends on."""
    lines = [str(on), *(f"{need.id} {met.get(need.id, 0)} {need.withdrawn_at}" for need in needs)]
    lines += [f"{offer.id} {offer.state} {offer.posting_id}" for offer in offers]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def _chosen(
    needs: Sequence[Need], offers: Sequence[Offer], met: dict[UUID, int], on: date, today: date
) -> list[Proposed]:
    homes = {offer.home_id for offer in offers if offer.home_id}
    communities = queries.communities_of([*homes, *(need.place_id for need in needs)], today)
    points = queries.points_of([*homes, *(need.place_id for need in needs)])
    lives = [communities.get(offer.home_id) if offer.home_id else None for offer in offers]
    home = _same(lives, [communities.get(need.place_id) for need in needs])
    metres = metres_between(
        *_coordinates([_home_point(offer, points) for offer in offers]),
        *_coordinates([_need_point(need, points) for need in needs]),
    )
    way = np.where(home & np.isnan(metres), 0.0, metres)
    wanted = np.array([need.people for need in needs], dtype=np.int64)
    there = np.array([met.get(need.id, 0) for need in needs], dtype=np.int64)
    found = []
    for row, column in enumerate(
        match(wanted, there, _allowed(needs, offers, on, today), _lacking(needs, offers), way)
    ):
        if column < 0:
            continue
        offer, need, distance = offers[row], needs[column], metres[row, column]
        found.append(
            Proposed(
                offer, need, communities[need.place_id],
                max(on, offer.from_on, need.from_on), min(offer.to_on, need.to_on), bool(home[row, column]),
                None if np.isnan(distance) else int(distance),
                tuple(skill for skill in need.skills if skill in offer.skills),
                round(100 * (need.people - met.get(need.id, 0)) / need.people),
            )
        )  # fmt: skip
    return found


def _allowed(needs: Sequence[Need], offers: Sequence[Offer], on: date, today: date) -> "np.ndarray":
    """(n, k): whether the days overlap, and the need lies where the person may be sent."""
    within = queries.pairs_within(
        [need.place_id for need in needs], [offer.place_id for offer in offers], today
    )
    grounds = list({offer.place_id for offer in offers})
    lies = np.array([[(need.place_id, ground) in within for need in needs] for ground in grounds])
    ground_of = {ground: number for number, ground in enumerate(grounds)}
    begin = np.maximum.outer(_days([one.from_on for one in offers]), _days([one.from_on for one in needs]))
    end = np.minimum.outer(_days([one.to_on for one in offers]), _days([one.to_on for one in needs]))
    in_time = np.maximum(begin, on.toordinal()) < end
    return in_time & lies[[ground_of[offer.place_id] for offer in offers]]


def _days(days: Sequence[date]) -> "np.ndarray":
    return np.array([day.toordinal() for day in days], dtype=np.int64)


def _lacking(needs: Sequence[Need], offers: Sequence[Offer]) -> "np.ndarray":
    """(n, k): how many of the skills asked for each person lacks."""
    listed = sorted({skill for need in needs for skill in need.skills})
    asked = np.array([[skill in need.skills for skill in listed] for need in needs], dtype=np.int64)
    has = np.array([[skill in offer.skills for skill in listed] for offer in offers], dtype=np.int64)
    return (1 - has.reshape(len(offers), -1)) @ asked.reshape(len(needs), -1).T


def _same(one: Sequence[UUID | None], other: Sequence[UUID | None]) -> "np.ndarray":
    """(n, k): whether both are the same place; nothing is the same as nothing known."""
    number = {place: index for index, place in enumerate({*one, *other} - {None})}
    left = np.array([number.get(place, -1) for place in one])
    right = np.array([number.get(place, -2) for place in other])
    return left[:, None] == right[None, :]


def _home_point(offer: Offer, points: dict[UUID, queries.Point]) -> queries.Point | None:
    if offer.home_lon is not None and offer.home_lat is not None:
        return offer.home_lon, offer.home_lat
    return points.get(offer.home_id) if offer.home_id else None


def _need_point(need: Need, points: dict[UUID, queries.Point]) -> queries.Point | None:
    compound = need.compound
    if compound is not None and compound.lon is not None and compound.lat is not None:
        return compound.lon, compound.lat
    return points.get(need.place_id)


def _coordinates(found: Sequence[queries.Point | None]) -> tuple["np.ndarray", "np.ndarray"]:
    pairs = np.array([point or (np.nan, np.nan) for point in found], dtype=np.float64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]
