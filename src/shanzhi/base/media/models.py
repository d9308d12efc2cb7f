"""What is known of a file; the bytes lie on disk under their hash."""

from django.db import models

from shanzhi.base.rows import CodeField


class ImageType(models.TextChoices):
    """Types that are taken, told by content."""

    JPEG = "jpeg", "JPEG 照片"
    PNG = "png", "PNG 图片"
    WEBP = "webp", "WebP 图片"


class MediaFile(models.Model):
    """A photo received in full. Its hash is its name: the same photo twice is one file."""

    sha256 = CodeField(max_length=64, primary_key=True)
    size = models.PositiveIntegerField()
    type = models.CharField(max_length=4, choices=ImageType.choices)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha256
