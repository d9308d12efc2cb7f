"""Where photos are used (照片引用): modules that keep the hash of a photo say in which column.

A photo that no such column names was sent and never submitted; it goes after its lifetime. A guard compares the
columns that are named here with the models.
"""

_USES: dict[str, str] = {}


def register(table: str, column: str) -> None:
    """A column holds hashes of photos that are in use; names come from code. A column may be an array."""
    _USES[f"{table}.{column}"] = f"SELECT 1 FROM {table} u WHERE u.{column} = t.sha256"


def register_many(table: str, column: str) -> None:
    """The same for a column that is an array of hashes."""
    _USES[f"{table}.{column}"] = f"SELECT 1 FROM {table} u WHERE t.sha256 = ANY(u.{column})"


def known() -> set[str]:
    """Every column that is named, as table.column."""
    return set(_USES)


def unused_sql() -> str:
    """A condition on `media_mediafile t`: nothing names it."""
    return " AND ".join(f"NOT EXISTS ({sql})" for sql in _USES.values()) or "TRUE"
