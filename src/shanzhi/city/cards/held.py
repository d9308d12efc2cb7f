"""What notice boards hold of people (公示牌的留存项): telephone and photo of a post."""

from django.utils.timezone import localdate

from shanzhi.base.media import uses
from shanzhi.base.retention import digests
from shanzhi.base.retention.holdings import Destroyed, Holding, Scope, register

_ENDED = "EXISTS (SELECT 1 FROM people_post p WHERE p.id = t.post_id AND p.to_on <= %s)"


def _day(scope: Scope) -> list[object]:
    return [localdate(scope.before)]


def _count(scope: Scope) -> int:
    return digests.count("cards_postcontact", _ENDED, _day(scope))


def _destroy(scope: Scope) -> Destroyed:
    return digests.delete(
        "cards_postcontact", _ENDED, _day(scope), columns=["phone", "photo_id", "set_at"], keys=["post_id"]
    )


def register_all() -> None:
    """Register them, once."""
    uses.register("cards_postcontact", "photo_id")
    register(
        Holding(
            "board-contacts", "岗位结束后的公示电话和照片", "Published telephones and photos of posts that ended",
            "居民联系网格工作人员", "Residents reach the worker of their grid",
            "personal", 0, False, _count, _destroy,
        )
    )  # fmt: skip
