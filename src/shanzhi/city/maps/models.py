"""What is known of baked tiles; the tiles lie on disk."""

from django.db import models

from shanzhi.base.rows import CodeField
from shanzhi.city.places.models import Place
from shanzhi.core.kit.ids import uuid7


class TileSet(models.Model):
    """All tiles of a district, or of a whole city (瓦片集): its `id` is their version.

    `place` is the district or city and `scope` the code that it had. It shows the tree from `from_on` until the
    day of a newer set.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="+", db_index=False)
    scope = CodeField(max_length=6)
    file_name = CodeField(max_length=80)
    from_on = models.DateField()
    baked_at = models.DateTimeField()
    features = models.PositiveIntegerField()
    tiles = models.PositiveIntegerField()
    size_bytes = models.PositiveBigIntegerField()
    min_zoom = models.PositiveSmallIntegerField()
    max_zoom = models.PositiveSmallIntegerField()
    west = models.FloatField()
    south = models.FloatField()
    east = models.FloatField()
    north = models.FloatField()

    class Meta:
        ordering = ["scope", "from_on", "baked_at", "id"]
        indexes = [models.Index(fields=["place", "from_on"], name="maps_tileset_place")]

    def __str__(self) -> str:
        return self.file_name
