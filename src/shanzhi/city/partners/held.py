"""What is held of people by partner organisations (共建单位的留存项): whom an organisation named to be reached."""

from shanzhi.base.retention import digests
from shanzhi.base.retention.holdings import Destroyed, Holding, Scope, register
from shanzhi.city.partners.flow import ENDED

_OVER = "t.state = %s AND (t.contact_phone IS NOT NULL OR t.contact_name <> '')"


def _count(scope: Scope) -> int:
    return digests.count("partners_partner", _OVER, [ENDED])


def _destroy(scope: Scope) -> Destroyed:
    return digests.blank(
        "partners_partner", _OVER, [ENDED], to={"contact_phone": "NULL", "contact_name": "''"}
    )


def register_all() -> None:
    """Register them, once. The end of a partnership erases both at once; this is for what did not."""
    register(
        Holding(
            "partner-contacts", "已结束共建的单位联系人", "Contacts of partnerships that ended",
            "联系共建单位", "To reach the organisation",
            "personal", 0, False, _count, _destroy,
        )
    )  # fmt: skip
