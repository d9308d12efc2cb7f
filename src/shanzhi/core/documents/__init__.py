"""Documents (文档): tables that come in as files; Excel workbooks and A4 papers that go out."""

from shanzhi.core.documents.codes import qr
from shanzhi.core.documents.paper import Language, Paper
from shanzhi.core.documents.pictures import Photo
from shanzhi.core.documents.tables import RowError, check_size, read_table, require_columns
from shanzhi.core.documents.values import NOTHING, Column, Kind, as_text
from shanzhi.core.documents.workbook import Sheet, write_workbook

__all__ = [
    "NOTHING",
    "Column",
    "Kind",
    "Language",
    "Paper",
    "Photo",
    "RowError",
    "Sheet",
    "as_text",
    "check_size",
    "qr",
    "read_table",
    "require_columns",
    "write_workbook",
]
