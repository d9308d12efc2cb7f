"""What surge posting holds of people (下沉的留存项): telephone and home of whoever should have returned."""

from django.utils.timezone import localdate

from shanzhi.base.retention import digests
from shanzhi.base.retention.holdings import Destroyed, Holding, Scope, register
from shanzhi.city.surge.flow import RETURNED

_OVER = "(t.phone IS NOT NULL OR t.home_id IS NOT NULL OR t.home_lon IS NOT NULL) AND (t.to_on <= %s OR t.state = %s)"


def _given(scope: Scope) -> list[object]:
    return [localdate(scope.before), RETURNED]


def _count(scope: Scope) -> int:
    return digests.count("surge_offer", _OVER, _given(scope))


def _destroy(scope: Scope) -> Destroyed:
    gone = {name: "NULL" for name in ("phone", "home_id", "home_lon", "home_lat")}
    return digests.blank("surge_offer", _OVER, _given(scope), to=gone, keys=["id"])


def register_all() -> None:
    """Register them, once. Whoever returns has both erased at once; this is for whoever did not."""
    register(
        Holding(
            "surge-people", "期满下沉人员的电话和住处", "Telephone and home of people whose surge posting is over",
            "通知本人，就近分派", "To reach the person, and post them near their home",
            "personal", 0, False, _count, _destroy,
        )
    )  # fmt: skip
