"""In which language a page is shown: the reader's choice, else what the browser asks for, else Chinese.

Words are written in English in code and templates and translated by `locale/*/LC_MESSAGES/console.po`.
"""

from datetime import date, datetime, tzinfo
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Literal, get_args

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent

Tag = Literal["zh-CN", "en"]
TAGS: tuple[Tag, ...] = get_args(Tag)
NAMES: dict[Tag, str] = {"zh-CN": "中文", "en": "English"}
LOCALES: dict[Tag, str] = {"zh-CN": "zh_CN", "en": "en_GB"}
COOKIE = "journey_language"
LOCALE_DIRECTORY = Path(__file__).with_name("locale")
MOST_ASKED = 20
FEN = 100


def msg(text: str) -> str:
    """Mark a text for translation where it is written; the page translates it where it is shown."""
    return text


def choose(chosen: str | None, asked: str | None) -> Tag:
    """The language for a cookie's value and an Accept-Language header, either of which may be missing or nonsense."""
    for tag in TAGS:
        if chosen == tag:
            return tag
    for wish in _wishes(asked or ""):
        for tag in TAGS:
            if wish.partition("-")[0] == tag.partition("-")[0]:
                return tag
    return TAGS[0]


class Language:
    """One language: its words, and how it writes times, numbers and money. Times are in the hospital's zone."""

    def __init__(self, tag: Tag, zone: tzinfo) -> None:
        self.tag = tag
        self.zone = zone
        self.locale = Locale.parse(LOCALES[tag])
        self.words = translations(tag)

    def day(self, at: datetime | date) -> str:
        """`2026年3月2日 周一`, `Mon, 2 Mar 2026`."""
        local = at.astimezone(self.zone) if isinstance(at, datetime) else at
        pattern = "y年M月d日 EEE" if self.tag == "zh-CN" else "EEE, d MMM y"
        return format_date(local, pattern, locale=self.locale)

    def clock(self, at: datetime) -> str:
        """`20:05`."""
        return format_time(at, "HH:mm", tzinfo=self.zone, locale=self.locale)

    def moment(self, at: datetime) -> str:
        """`2026-03-02 20:05`."""
        return format_datetime(at, "y-MM-dd HH:mm", tzinfo=self.zone, locale=self.locale)

    def iso_day(self, at: datetime) -> str:
        """`2026-03-02`."""
        return at.astimezone(self.zone).date().isoformat()

    def tick(self, at: datetime, now: datetime) -> str:
        """The time of day; the date where that is not today's."""
        today = at.astimezone(self.zone).date() == now.astimezone(self.zone).date()
        return self.clock(at) if today else self.iso_day(at)

    def number(self, value: float) -> str:
        """`12,345`."""
        return format_decimal(value, locale=self.locale)

    def percent(self, share: float) -> str:
        """`93.4%` of 0.934."""
        return format_percent(share, "0.0%", locale=self.locale)

    def yuan(self, fen: int) -> str:
        """`¥12,345.00` of 1,234,500 fen."""
        return format_currency(fen / FEN, "CNY", "¥#,##0.00", locale=self.locale, currency_digits=False)


@cache
def translations(tag: Tag) -> NullTranslations:
    """The words of a language; English is what is written in the source."""
    path = LOCALE_DIRECTORY / LOCALES[tag] / "LC_MESSAGES" / "console.po"
    if not path.is_file():
        return NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=LOCALES[tag])
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _wishes(header: str) -> list[str]:
    """The tags of an Accept-Language header, most wanted first; what is not understood is left out."""
    wishes = []
    for place, part in enumerate(header.split(",")[:MOST_ASKED]):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        if weight > 0:
            wishes.append((-weight, place, tag.strip().lower()))
    return [tag for _, _, tag in sorted(wishes)]
