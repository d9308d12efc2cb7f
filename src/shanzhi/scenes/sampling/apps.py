"""Django application."""

from django.apps import AppConfig


class SamplingConfig(AppConfig):
    """Sampling and distribution points (采样与发放)."""

    name = "shanzhi.scenes.sampling"
    label = "sampling"
    verbose_name = "采样与发放 Sampling"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """What was done to a campaign is sealed; retention knows what is held; responses can switch it on."""
        from shanzhi.base.audit.sealing import register_sealed
        from shanzhi.city.modes import parts
        from shanzhi.scenes.sampling.holding import register_holdings
        from shanzhi.scenes.sampling.parts import SamplingPart

        register_sealed(
            "sampling_campaignevent",
            ["id", "campaign_id", "verb", "from_state", "to_state", "actor_id", "actor_name", "reason", "at"],
        )
        register_holdings()
        parts.register(SamplingPart())
