"""Errors of forms."""

from shanzhi.core.kit.errors import ShanzhiError


class FormChanged(ShanzhiError):
    """A version that was used before reads otherwise in the pack now."""

    code = "form-changed"
    status = 409
    zh = "表单“{name}”第 {version} 版已经用过，内容不能再改；请在目录中另立新版本。"
    en = "Version {version} of the form {name} was used before and cannot change: give it a new version."
