"""Errors of the catalogue."""

from shanzhi.core.kit.errors import ShanzhiError


class LimitAlreadyPlain(ShanzhiError):
    """A human answers only limits that the import could not read."""

    code = "limit-already-plain"
    status = 409
    zh = "该立案条件的时限已明确；如需修改，请导入新版本。"
    en = "The limit of this filing condition is already plain; import a new version to change it."


class ImportHasErrors(ShanzhiError):
    """Nothing was written, because some rows are wrong."""

    code = "import-has-errors"
    status = 422
    zh = "共有 {count} 处错误，未写入任何内容；第一处在第 {row} 行：{message_zh}"
    en = "{count} errors, nothing was written; the first is in row {row}: {message_en}"
