"""How large micro-grids and grids shall be: data of a pack (划分参数)."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings

from shanzhi.core.kit.errors import InvalidInput
from shanzhi.core.kit.yaml_files import read_yaml


@dataclass(frozen=True)
class Bounds:
    """Households (and shops) that a part shall have."""

    low: int
    high: int
    target: int


@lru_cache(maxsize=1)
def pack() -> dict[str, Any]:
    """packs/base/gridding.yaml."""
    read: dict[str, Any] = read_yaml(settings.PACKS / "base" / "gridding.yaml")
    return read


def of_grids() -> Bounds:
    """The band of the grids that micro-grids are gathered into."""
    return Bounds(**pack()["grid"])


def check(low: int, high: int, target: int) -> Bounds:
    """Bounds that somebody typed. Raises InvalidInput naming the field."""
    if not 1 <= low <= 1000:
        raise InvalidInput(field="low", reason_zh="下限应为 1–1000 户。", reason_en="Between 1 and 1,000.")
    if not low <= high <= 1000:
        raise InvalidInput(
            field="high",
            reason_zh="上限应不小于下限且不超过 1000 户。",
            reason_en="From the lower bound to 1,000.",
        )
    if not low <= target <= high:
        raise InvalidInput(
            field="target", reason_zh="目标户数应在上下限之间。", reason_en="Between the two bounds."
        )
    return Bounds(low, high, target)
