"""Django application."""

from django.apps import AppConfig


class SurgeConfig(AppConfig):
    """Surge posting (干部下沉、双报到)."""

    name = "shanzhi.city.surge"
    label = "surge"
    verbose_name = "干部下沉 Surge posting"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The history of postings is sealed; needs and postings follow a change of the tree."""
        from shanzhi.base.audit.sealing import register_sealed
        from shanzhi.city.places import touching
        from shanzhi.city.surge import following, held

        held.register_all()
        touching.register(
            "surge",
            "下沉人员",
            "people of surge postings",
            following.count,
            following.follow,
            following.unfollow,
            ever=following.ever,
        )

        register_sealed(
            "surge_surgeevent",
            [
                "id", "area", "offer_id", "posting_id", "verb", "from_state", "to_state", "actor_id", "actor_name",
                "reason", "at",
            ],
        )  # fmt: skip
