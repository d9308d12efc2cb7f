"""What the endpoints of one campaign share: who sees it, and which part."""

from uuid import UUID

import msgspec
from django.utils.timezone import localdate

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import SAMPLING_VIEW
from shanzhi.city.places import queries as places
from shanzhi.core.kit.errors import NotFound
from shanzhi.scenes.sampling import queries, shapes, shown
from shanzhi.scenes.sampling.models import Campaign


class CampaignPath(msgspec.Struct):
    """Which campaign."""

    campaign_id: UUID


class CampaignBase(ApiController):
    """What those of one campaign share."""

    gate = SAMPLING_VIEW

    def _seen(self, campaign_id: UUID) -> Campaign:
        on = localdate(clock_of(self.request).now())
        found = queries.visible_to(self.actor, on).filter(id=campaign_id).first()
        if found is None:
            raise NotFound(field="id")
        return found

    def _scope(self, campaign: Campaign, place: UUID | None = None) -> list[UUID] | None:
        """The places in sight. Raises NotFound for a place out of it."""
        scope = queries.scope_of(self.actor, campaign, localdate(clock_of(self.request).now()))
        if place is not None and scope is not None and not places.is_within(place, scope, campaign.first_on):
            raise NotFound(field="place")
        return scope

    def _out(self, campaign_id: UUID) -> shapes.CampaignOut:
        return shown.campaign_out(self._seen(campaign_id), self.actor, clock_of(self.request).now())
