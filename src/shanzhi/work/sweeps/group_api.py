"""Endpoints of the list of doors that came by a file for a sweep."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import HttpResponse
from django.utils.timezone import localdate
from dmr import FileMetadata, Path, Query, ResponseSpec, validate
from dmr.parsers import MultiPartParser
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import SWEEP_MANAGE
from shanzhi.base.access.downloads import download
from shanzhi.core.documents import check_size
from shanzhi.core.kit.errors import NotFound
from shanzhi.work.sweeps import door_shapes, group, queries


class GroupPath(msgspec.Struct):
    """Of which sweep."""

    sweep_id: UUID


class GroupImportQuery(msgspec.Struct):
    """For what purpose, on which basis; `dry_run=1` only reports."""

    purpose: str = ""
    basis: str = ""
    dry_run: str = ""


class GroupTable(msgspec.Struct):
    """Facts of the uploaded file."""

    name: str
    size: int


class GroupFiles(msgspec.Struct):
    """The one file of an import."""

    file: GroupTable


class SweepGroupImportController(ApiController):
    """A list of doors by file."""

    gate = SWEEP_MANAGE
    parsers = (MultiPartParser(),)

    def post(
        self, parsed_path: Path[GroupPath], parsed_query: Query[GroupImportQuery],
        parsed_file_metadata: FileMetadata[GroupFiles],
    ) -> door_shapes.GroupImportOut:  # fmt: skip
        """Add its doors to the draft, or only say what that would do."""
        check_size(parsed_file_metadata.file.size, group.MAX_FILE_BYTES)
        found = group.import_doors(
            parsed_path.sweep_id, self.request.FILES["file"].read(), parsed_query.purpose, parsed_query.basis,
            actor=self.actor, at=clock_of(self.request).now(), dry_run=parsed_query.dry_run in {"1", "true"},
        )  # fmt: skip
        return door_shapes.GroupImportOut(
            found.dry_run, found.rows, found.created, found.unchanged,
            [
                door_shapes.GroupRowErrorOut(one.row, one.field, one.message_zh, one.message_en)
                for one in found.errors
            ],
        )  # fmt: skip


class SweepGroupClearController(ApiController):
    """The list of doors of a draft."""

    gate = SWEEP_MANAGE

    def post(self, parsed_path: Path[GroupPath]) -> door_shapes.GroupClearedOut:
        """Take it off; how many doors it had."""
        at = clock_of(self.request).now()
        return door_shapes.GroupClearedOut(group.clear(parsed_path.sweep_id, actor=self.actor, at=at))


class SweepGroupExportController(ApiController):
    """The list of doors of a draft as Excel."""

    gate = SWEEP_MANAGE

    @validate(ResponseSpec(bytes, status_code=HTTPStatus.OK), validate_responses=False)
    def get(self, parsed_path: Path[GroupPath]) -> HttpResponse:
        """In the columns of the import; that it was taken along is recorded."""
        at = clock_of(self.request).now()
        sweep = queries.visible_to(self.actor, localdate(at)).filter(id=parsed_path.sweep_id).first()
        if sweep is None:
            raise NotFound(field="id")
        content = group.workbook(sweep, actor=self.actor, at=at)
        return download(content, f"sweep-{sweep.number}-doors.xlsx")


_ONE = "sweeps/<uuid:sweep_id>/group"
urlpatterns = [
    path(f"{_ONE}/import", SweepGroupImportController.as_view(), name="sweep-group-import"),
    path(f"{_ONE}/clear", SweepGroupClearController.as_view(), name="sweep-group-clear"),
    path(f"{_ONE}/export", SweepGroupExportController.as_view(), name="sweep-group-export"),
]
