"""Documents (文档): tables that come in as files."""

from shanzhi.core.documents.tables import RowError, check_size, read_table, require_columns

__all__ = ["RowError", "check_size", "read_table", "require_columns"]
