"""Errors of files."""

from shanzhi.core.kit.errors import ShanzhiError


class NotAPhoto(ShanzhiError):
    """The content is no photo of a type that is taken."""

    code = "not-a-photo"
    status = 422
    zh = "无法识别该照片；请上传 JPEG、PNG 或 WebP 格式的照片。"
    en = "This is not a photo that can be read: send a JPEG, PNG or WebP."


class FileTooLarge(ShanzhiError):
    """More bytes or more pixels than are taken."""

    code = "file-too-large"
    status = 413
    zh = "照片过大，最大 {megabytes} MB、{megapixels} 百万像素。"
    en = "The photo is too large: at most {megabytes} MB and {megapixels} megapixels."


class HashMismatch(ShanzhiError):
    """What arrived is not what was announced."""

    code = "hash-mismatch"
    status = 422
    zh = "照片在上传中损坏，请重新上传。"
    en = "The photo was damaged on its way: send it again."


class WrongOffset(ShanzhiError):
    """An upload goes on where it stopped, not elsewhere."""

    code = "wrong-offset"
    status = 409
    zh = "请从第 {offset} 字节继续上传。"
    en = "Go on from byte {offset}."
