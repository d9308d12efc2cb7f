"""Django application."""

from django.apps import AppConfig


class PartnersConfig(AppConfig):
    """Partner organisations (共建单位)."""

    name = "shanzhi.city.partners"
    label = "partners"
    verbose_name = "共建单位 Partner organisations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """The history is sealed; partners follow a change of the tree."""
        from shanzhi.base.audit.sealing import register_sealed
        from shanzhi.city.partners import following, held
        from shanzhi.city.places import touching

        held.register_all()
        touching.register(
            "partners", "共建单位", "partner organisations", following.count, following.follow, following.unfollow,
            ever=following.ever,
        )  # fmt: skip
        register_sealed(
            "partners_partnerevent",
            [
                "id", "area", "partner_id", "what", "subject_id", "verb", "from_state", "to_state", "actor_id",
                "actor_name", "said", "at",
            ],
        )  # fmt: skip
