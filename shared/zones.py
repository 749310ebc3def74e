"""Names of time zones (IANA), as people write them into plans and policies."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def is_zone(name: str) -> bool:
    """Whether the zone can be used here. A folder of the database of zones (`Asia`), or a path out of it, is none."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
