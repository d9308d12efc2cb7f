"""Django application."""

from django.apps import AppConfig


class SurgeConfig(AppConfig):
    """Surge posting (干部下沉、双报到)."""

    name = "shanzhi.city.surge"
    label = "surge"
    verbose_name = "干部下沉 Surge posting"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The history of postings is sealed."""
        from shanzhi.base.audit.sealing import register_sealed

        register_sealed(
            "surge_surgeevent",
            [
                "id", "area", "offer_id", "posting_id", "verb", "from_state", "to_state", "actor_id", "actor_name",
                "reason", "at",
            ],
        )  # fmt: skip
