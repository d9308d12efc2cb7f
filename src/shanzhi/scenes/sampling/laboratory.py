"""A laboratory's own system (检测机构接口): results of tubes, judged one by one; see `docs/deploy/laboratory.md`.

A laboratory is a post at the places that it works for. It names tubes by barcode, and learns of nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.timezone import localdate

from shanzhi.base.access import Actor
from shanzhi.base.access.capabilities import SAMPLING_RESULTS
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import InvalidInput, NotFound
from shanzhi.core.kit.outcomes import CONFLICT, INVALID, KNOWN, STORED, UNKNOWN, Outcome
from shanzhi.scenes.sampling import results
from shanzhi.scenes.sampling.errors import ResultConflict
from shanzhi.scenes.sampling.flow import ENDED, ISSUED, OPEN, RESULTS, Kind
from shanzhi.scenes.sampling.models import Campaign, Tube

MOST_AT_ONCE = 1000


@dataclass(frozen=True)
class GivenResult:
    """What a laboratory says of a tube: negative, positive or invalid."""

    barcode: str
    result: str


def tell(number: str, given: Sequence[GivenResult], *, actor: Actor, at: datetime) -> list[Outcome]:
    """Take results of a round (报送检测结果); an outcome each, in their order. What is right is stored.

    The same again is known and changes nothing; another result than was told is a conflict, which somebody settles on
    the page of the round. Raises Refused, NotFound for a round out of reach, InvalidInput naming `items`.
    """
    actor.require(SAMPLING_RESULTS)
    if not 1 <= len(given) <= MOST_AT_ONCE:
        raise InvalidInput(
            field="items",
            reason_zh=f"一次 1 至 {MOST_AT_ONCE} 条。",
            reason_en=f"1 to {MOST_AT_ONCE} at once.",
        )
    with transaction.atomic():
        campaign = _campaign(number, actor, localdate(at))
        named = [one.barcode.strip().upper() for one in given]
        found = Tube.objects.select_for_update().filter(campaign=campaign, barcode__in=set(named))
        tubes = {tube.barcode: tube for tube in found.order_by("id")}
        said = {tube.barcode: tube.state for tube in tubes.values()}
        outcomes: list[Outcome] = []
        told: list[tuple[Tube, str]] = []
        for barcode, one in zip(named, given, strict=True):
            outcome = _judge(said.get(barcode), one.result)
            if outcome.status == STORED:
                told.append((tubes[barcode], one.result))
                said[barcode] = one.result
            outcomes.append(outcome)
        results.take(campaign, told, actor, at)
    return outcomes


def _judge(state: str | None, result: str) -> Outcome:
    if state is None:
        return Outcome(UNKNOWN, NotFound(field="barcode"))
    if result not in RESULTS:
        return Outcome(
            INVALID,
            InvalidInput(
                field="result", reason_zh="结果应为 negative、positive 或 invalid。",
                reason_en="Negative, positive or invalid.",
            ),
        )  # fmt: skip
    if state == OPEN:
        return Outcome(
            INVALID,
            InvalidInput(
                field="barcode", reason_zh="该管尚未封管。", reason_en="The tube is not closed yet."
            ),
        )
    if state == result:
        return Outcome(KNOWN)
    return Outcome(CONFLICT, ResultConflict(field="result")) if state in RESULTS else Outcome(STORED)


def _campaign(number: str, actor: Actor, on: date) -> Campaign:
    """A round of sampling that lies wholly where the laboratory works; locked. Raises NotFound."""
    grounds = places.reach(actor, SAMPLING_RESULTS)
    found = (
        Campaign.objects.select_for_update()
        .filter(number=number.strip(), kind=Kind.SAMPLING, state__in=[ISSUED, ENDED])
        .first()
    )
    if found is None or not (
        grounds is None or all(places.is_within(one, grounds, on) for one in found.place_ids)
    ):
        raise NotFound(field="campaign")
    return found
