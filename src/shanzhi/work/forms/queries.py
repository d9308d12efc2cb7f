"""Reading forms: versions in use come from their table, never from a pack that may have changed."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from django.db import connection

from shanzhi.work.forms.answers import checker
from shanzhi.work.forms.packs import Form

Check = Callable[[Mapping[str, Any]], None]
# A version never changes, so it may be kept.
_KNOWN: dict[tuple[str, int], Form] = {}
_CHECKS: dict[tuple[str, int], Check] = {}


def form(code: str, version: int, cursor: Any = None) -> Form:
    """A version that was taken into use. `cursor` is that of a hot door. Raises KeyError."""
    key = (code, version)
    if (found := _KNOWN.get(key)) is not None:
        return found
    sql = "SELECT content::text FROM forms_formversion WHERE code = %s AND version = %s"
    if cursor is None:
        with connection.cursor() as own:
            own.execute(sql, key)
            row = own.fetchone()
    else:
        cursor.execute(sql, key)
        row = cursor.fetchone()
    if row is None:
        raise KeyError(key)
    found = msgspec.json.decode(row[0], type=Form)
    _KNOWN[key] = found
    return found


def check(code: str, version: int, cursor: Any) -> Check:
    """What checks answers to a version: it raises InvalidInput for the first that does not fit. Raises KeyError."""
    if (found := _CHECKS.get((code, version))) is None:
        found = _CHECKS[code, version] = checker(form(code, version, cursor))
    return found
