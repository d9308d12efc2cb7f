"""What the endpoints of drills take and give."""

from datetime import datetime
from uuid import UUID

import msgspec


class DrillWordOut(msgspec.Struct):
    """A code with its words."""

    code: str
    zh: str
    en: str


class DrillSaidOut(msgspec.Struct):
    """A sentence in both languages."""

    zh: str
    en: str


class DrillBehaviourOut(msgspec.Struct):
    """How simulated people may behave: `says` is the distribution in words."""

    code: str
    zh: str
    en: str
    says: list[DrillSaidOut]


class DrillOptionsOut(msgspec.Struct):
    """What may be chosen: behaviours, and kinds of post that may answer themselves."""

    behaviours: list[DrillBehaviourOut]
    posts: list[DrillWordOut]


class DrillChoiceIn(msgspec.Struct, forbid_unknown_fields=True):
    """Who answers: an empty behaviour is real people alone."""

    behaviour: str = ""
    real_posts: list[str] = []
    seed: int | None = None


class DrillScoreOut(msgspec.Struct):
    """A target of the plan: `share` of `of` within `seconds`; `in_time` were; at `reached` the share was."""

    code: str
    zh: str
    en: str
    share: float
    seconds: float
    weight: float
    of: int
    in_time: int
    reached: float | None
    points: float


class DrillPointOut(msgspec.Struct):
    """How many were expected to have an order by a second after issue, how many had, how many acknowledged."""

    second: int
    expected: int
    delivered: int
    acknowledged: int


class DrillCurveOut(msgspec.Struct):
    """The reach curve of an order beside the one that its composer was promised, as far as `until_second`."""

    order_id: UUID
    number: str
    title: str
    people: int
    promise_seconds: int
    until_second: int
    points: list[DrillPointOut]


class DrillOut(msgspec.Struct):
    """Who answers in a drill, and how it did. `behaviour` None: real people alone."""

    behaviour: DrillBehaviourOut | None
    real_posts: list[DrillWordOut]
    seed: int | None
    chosen_by: str
    chosen_at: datetime | None
    may_choose: bool
    answered: int
    visited: int
    score: float | None
    scores: list[DrillScoreOut]
    measured_at: datetime | None
    over_at: datetime | None
    curves: list[DrillCurveOut]
