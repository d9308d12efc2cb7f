"""What a post publishes of the person in it. A reference table, like the posts themselves."""

from django.db import models

from shanzhi.base.media.models import MediaFile
from shanzhi.base.rows.encryption import EncryptedField
from shanzhi.city.people.models import Post


class PostContact(models.Model):
    """Telephone and photo of a post (公示信息): printed and published only while `is_shown`.

    `phone` is personal data (个人信息, ordinary class), kept encrypted; its one purpose is that residents of the
    grid reach whoever holds the post. It belongs to the post, not to the person: a holder's private number is not
    taken from elsewhere. Lifetime: that of the post; a nightly job deletes the row of a post that has ended.
    """

    post = models.OneToOneField(Post, on_delete=models.CASCADE, primary_key=True, related_name="contact")
    phone = EncryptedField(null=True)
    photo = models.ForeignKey(MediaFile, on_delete=models.PROTECT, null=True, related_name="+")
    is_shown = models.BooleanField(default=False)
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=60)

    def __str__(self) -> str:
        return str(self.post_id)
