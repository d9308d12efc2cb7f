"""Who acts (操作者): a person in their posts, a resident with a secret, or the system itself."""

from dataclasses import dataclass
from uuid import UUID

from shanzhi.base.access.capabilities import ALL_CAPABILITIES, LABELS
from shanzhi.core.kit.errors import Refused


@dataclass(frozen=True)
class ActorPost:
    """A post that the actor holds now: its kind, where it stands, for which unit, what it may do."""

    id: UUID
    kind: str
    place_id: UUID
    unit_id: UUID | None
    capabilities: frozenset[str]


@dataclass(frozen=True)
class Actor:
    """The one who acts. `channel` is desk, phone, partner, resident or system."""

    account_id: UUID | None
    name: str
    channel: str
    posts: tuple[ActorPost, ...] = ()
    capabilities: frozenset[str] = frozenset()

    def can(self, capability: str) -> bool:
        """Whether any post, or the actor itself, grants the capability."""
        return capability in self.capabilities or any(capability in post.capabilities for post in self.posts)

    def require(self, capability: str) -> None:
        """Raise Refused unless the actor has the capability."""
        if not self.can(capability):
            zh, en = LABELS[capability]
            raise Refused(what_zh=zh, what_en=en)

    def posts_with(self, capability: str) -> tuple[ActorPost, ...]:
        """The posts that grant the capability."""
        return tuple(post for post in self.posts if capability in post.capabilities)

    def place_ids(self, capability: str) -> tuple[UUID, ...]:
        """Places at which the capability is held; it reaches down the tree from there."""
        return tuple(post.place_id for post in self.posts_with(capability))

    def unit_ids(self, capability: str) -> tuple[UUID, ...]:
        """Units for which the capability is held."""
        return tuple(post.unit_id for post in self.posts_with(capability) if post.unit_id is not None)

    @property
    def all_capabilities(self) -> frozenset[str]:
        """Everything that the actor may do somewhere."""
        return self.capabilities.union(*(post.capabilities for post in self.posts))


SYSTEM = Actor(None, "系统", "system", capabilities=ALL_CAPABILITIES)
ANONYMOUS = Actor(None, "", "resident")
