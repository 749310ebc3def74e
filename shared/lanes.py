"""Lanes: several hospitals on one broker, told apart by the names of their topics and groups.

A lane NAME holds the topics `lane-NAME-…`; without a lane a topic is called what `shared.broker` calls it.

Invariant: only clients of Kafka know the long names; what a service keeps or says has the short one, so that one
recording leaves the same rows in every lane.
"""

from dataclasses import dataclass

PATTERN = r"^[a-z0-9]([a-z0-9]{0,30}[a-z0-9])?$"
REMEDY = "give a lane's name of lower-case letters and digits, 32 at most, or leave it out"


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane, or with None the topics as they are."""

    name: str | None = None

    @property
    def prefix(self) -> str:
        """What every name of the lane begins with."""
        return f"lane-{self.name}-" if self.name else ""

    def topic(self, name: str) -> str:
        """What a topic is called on the broker."""
        return f"{self.prefix}{name}"

    def short(self, topic: str) -> str:
        """The inverse of `topic`."""
        return topic.removeprefix(self.prefix)

    def group(self, service: str) -> str:
        """The consumer group of a service."""
        return f"{self.prefix}{service}"


NO_LANE = Lane()
