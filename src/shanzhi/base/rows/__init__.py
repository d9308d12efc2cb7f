"""What the rows of every table have in common: codes in byte order, `area`, keys that can be distributed."""

from shanzhi.base.rows.fields import CodeField
from shanzhi.base.rows.many import array_of
from shanzhi.base.rows.migrations import append_only, area_key, composite_foreign_key
from shanzhi.base.rows.models import GrowingRow
from shanzhi.base.rows.plans import by_index, in_order, in_sets

__all__ = [
    "CodeField",
    "GrowingRow",
    "append_only",
    "area_key",
    "array_of",
    "by_index",
    "composite_foreign_key",
    "in_order",
    "in_sets",
]
