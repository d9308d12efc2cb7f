"""The endpoint of a laboratory's system."""

from http import HTTPStatus

import msgspec
from dmr import Body, modify
from dmr.routing import path

from shanzhi.base.access.api import ApiController, clock_of
from shanzhi.base.access.capabilities import SAMPLING_RESULTS
from shanzhi.scenes.sampling import laboratory
from shanzhi.scenes.sampling.point_shapes import SampleErrorOut


class LaboratoryResultIn(msgspec.Struct):
    """The barcode of a tube as printed on it, and its result: negative, positive or invalid."""

    barcode: str
    result: str


class LaboratoryResultsIn(msgspec.Struct):
    """Results of one round, by its number as it stands on the box."""

    campaign: str
    items: list[LaboratoryResultIn]


class LaboratoryOutcomeOut(msgspec.Struct):
    """What became of an item: stored, known, conflict, unknown, invalid; the last three with the reason."""

    barcode: str
    status: str
    error: SampleErrorOut | None


class LaboratoryOutcomesOut(msgspec.Struct):
    """One for each item, in their order."""

    items: list[LaboratoryOutcomeOut]


class LaboratoryResultsController(ApiController):
    """Results from a laboratory's system."""

    gate = SAMPLING_RESULTS

    @modify(status_code=HTTPStatus.OK)
    def post(self, parsed_body: Body[LaboratoryResultsIn]) -> LaboratoryOutcomesOut:
        """Take them; sent again, they change nothing."""
        given = [laboratory.GivenResult(one.barcode, one.result) for one in parsed_body.items]
        outcomes = laboratory.tell(
            parsed_body.campaign, given, actor=self.actor, at=clock_of(self.request).now()
        )
        return LaboratoryOutcomesOut(
            [
                LaboratoryOutcomeOut(
                    one.barcode, outcome.status,
                    outcome.error
                    and SampleErrorOut(
                        outcome.error.code, outcome.error.sentence("zh"), outcome.error.sentence("en"),
                        outcome.error.field,
                    ),
                )
                for one, outcome in zip(given, outcomes, strict=True)
            ]
        )  # fmt: skip


urlpatterns = [
    path("sampling/laboratory/results", LaboratoryResultsController.as_view(), name="laboratory-results"),
]
