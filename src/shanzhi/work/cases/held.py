"""What cases hold of people (案件的留存项): callers' numbers, and what was written in free words."""

from shanzhi.base.media import uses
from shanzhi.base.retention import digests
from shanzhi.base.retention.holdings import Destroyed, Holding, Scope, register
from shanzhi.work.cases.flow import CLOSED_LOOP

_FINAL = [state.code for state in CLOSED_LOOP.states if state.final]
_OVER = "t.state = ANY(%s) AND coalesce(t.closed_at, t.received_at) < %s"
_PHONES = f"t.phone IS NOT NULL AND {_OVER}"
_TEXTS = f"(t.text <> '' OR t.address <> '') AND {_OVER}"
_RATINGS = "t.text <> '' AND t.at < %s"
PHONE_DAYS, TEXT_DAYS = 180, 1095


def _count_phones(scope: Scope) -> int:
    return digests.count("cases_case", _PHONES, [_FINAL, scope.before])


def _destroy_phones(scope: Scope) -> Destroyed:
    return digests.blank("cases_case", _PHONES, [_FINAL, scope.before], to={"phone": "NULL"})


def _count_texts(scope: Scope) -> int:
    return digests.count("cases_case", _TEXTS, [_FINAL, scope.before]) + digests.count(
        "cases_rating", _RATINGS, [scope.before]
    )


def _destroy_texts(scope: Scope) -> Destroyed:
    return digests.together(
        [
            digests.blank("cases_case", _TEXTS, [_FINAL, scope.before], to={"text": "''", "address": "''"}),
            digests.blank("cases_rating", _RATINGS, [scope.before], to={"text": "''"}),
        ]
    )


def register_all() -> None:
    """Register them, once. What stands in the events of a case is sealed and stays."""
    uses.register("cases_casephoto", "sha256")
    register(
        Holding(
            "case-phones", "反映人手机号", "Telephones of reporters",
            "核实情况、回访、告知结果", "To ask back, and to tell the result",
            "personal", PHONE_DAYS, False, _count_phones, _destroy_phones,
        )
    )  # fmt: skip
    register(
        Holding(
            "case-texts", "情况说明、地址和评价留言", "Descriptions, addresses and what residents wrote in the end",
            "弄清是什么事、在哪里、是否解决", "To know what it is about, where, and whether it was solved",
            "personal", TEXT_DAYS, False, _count_texts, _destroy_texts,
        )
    )  # fmt: skip
