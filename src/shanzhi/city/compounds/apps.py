"""Django application."""

from django.apps import AppConfig


class CompoundsConfig(AppConfig):
    """Compounds and what stands in them (小区与楼栋)."""

    name = "shanzhi.city.compounds"
    label = "compounds"
    verbose_name = "小区 Compounds"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What people chose is sealed; homes follow a change of the tree."""
        from shanzhi.base.audit.sealing import register_sealed
        from shanzhi.city.compounds import following
        from shanzhi.city.places import touching

        touching.register(
            "households",
            "住户与商铺",
            "homes and shops",
            following.count,
            following.follow,
            following.unfollow,
            ever=following.ever,
        )

        register_sealed(
            "compounds_compoundchoice",
            [
                "id", "area", "compound_id", "field", "source", "key", "was", "became", "reason", "actor_id",
                "actor_name", "at",
            ],
        )  # fmt: skip
