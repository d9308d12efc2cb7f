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


class KindNotOffered(ShanzhiError):
    """A kind of a response, where none brings it along."""

    code = "kind-not-offered"
    status = 422
    zh = "“{name}”只在应急响应期间受理，当前此地没有相应的响应。请选择其他类别或直接写明情况。"
    en = "{name} is taken only during a response, and none goes on here. Choose another kind, or say what happened."
