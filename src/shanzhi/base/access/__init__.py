"""Who may do what: actors, capabilities, and the gate that every route has."""

from shanzhi.base.access.actor import ANONYMOUS, SYSTEM, Actor, ActorPost

__all__ = ["ANONYMOUS", "SYSTEM", "Actor", "ActorPost"]
