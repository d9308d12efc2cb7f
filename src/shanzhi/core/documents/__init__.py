"""Documents (文档): tables that come in as files; Excel workbooks and A4 papers that go out."""

from shanzhi.core.documents.boards import Board, BoardPerson, boards_pdf, cards_pdf
from shanzhi.core.documents.codes import qr
from shanzhi.core.documents.features import Feature, is_geojson, read_features, unpacked
from shanzhi.core.documents.paper import Language, Paper
from shanzhi.core.documents.pictures import Photo
from shanzhi.core.documents.tables import RowError, check_size, read_table, require_columns
from shanzhi.core.documents.values import NOTHING, Column, Head, Kind, as_text, columns_of
from shanzhi.core.documents.workbook import Sheet, write_workbook

__all__ = [
    "NOTHING",
    "Board",
    "BoardPerson",
    "Column",
    "Feature",
    "Head",
    "Kind",
    "Language",
    "Paper",
    "Photo",
    "RowError",
    "Sheet",
    "as_text",
    "boards_pdf",
    "cards_pdf",
    "check_size",
    "columns_of",
    "is_geojson",
    "qr",
    "read_features",
    "read_table",
    "require_columns",
    "unpacked",
    "write_workbook",
]
