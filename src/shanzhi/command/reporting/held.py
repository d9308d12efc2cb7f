"""What the duty log holds of people (值班日志的留存项): who called."""

from shanzhi.base.retention import digests
from shanzhi.base.retention.holdings import Destroyed, Holding, Scope, register

CALLER_DAYS = 365
_COLUMNS = ["name", "phone", "activation_id", "at"]


def _where(scope: Scope) -> tuple[str, list[object]]:
    if scope.activation_id is not None:
        return "t.activation_id = %s", [scope.activation_id]
    return "t.at < %s", [scope.before]


def _count(scope: Scope) -> int:
    return digests.count("reporting_dutycaller", *_where(scope))


def _destroy(scope: Scope) -> Destroyed:
    return digests.delete("reporting_dutycaller", *_where(scope), columns=_COLUMNS)


def register_all() -> None:
    """Register it, once."""
    register(
        Holding(
            "duty-callers", "值班日志的来电人和电话", "Callers in the duty log, and their telephones",
            "核实情况、回电", "To verify, and to ring back",
            "personal", CALLER_DAYS, True, _count, _destroy,
        )
    )  # fmt: skip
