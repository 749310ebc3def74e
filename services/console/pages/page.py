"""Drawing a page or a piece of one: templates, words, and the filters that they use.

Invariant: everything that is put into a page is escaped by the template engine.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.console.pages import words
from services.console.pages.access import signed_in
from services.console.pages.files import Files
from services.console.pages.language import COOKIE, NAMES, TAGS, Language, Tag, choose
from services.console.pages.names import Names
from services.console.pages.vocabulary.codes import CODES
from services.console.pages.vocabulary.fields import FIELDS
from services.console.projection.looks import Look, label, look
from services.console.projection.model import Happening

TEMPLATES = Path(__file__).with_name("templates")
SHORT = 8
NAMED = {
    "campus_id": "campuses",
    "clinic_id": "clinics",
    "specialty": "specialties",
    "item_code": "exams",
    "kind": "services",
}
"""Fields whose codes are the hospital's own → the kind of name."""


class Pages:
    """The templates in each language."""

    def __init__(self, zone: tzinfo, files: Files, names: Names) -> None:
        self._environments = {tag: _environment(Language(tag, zone), files, names) for tag in TAGS}

    def draw(self, template: str, tag: Tag, **shown: Any) -> str:  # noqa: ANN401 - whatever the template shows
        """A template in a language."""
        return self._environments[tag].get_template(template).render(**shown)


class PageOf:
    """Draws for one request: its language, its address, who looks."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.tag = choose(request.cookies.get(COOKIE), request.headers.get("accept-language"))

    def html(self, template: str, status: int = 200, **shown: Any) -> HTMLResponse:  # noqa: ANN401
        """The template as an answer that no cache keeps."""
        pages: Pages = self.request.app.state.pages
        path = self.request.url.path + (f"?{self.request.url.query}" if self.request.url.query else "")
        html = pages.draw(template, self.tag, here=path, signed_in=signed_in(self.request), **shown)
        return HTMLResponse(html, status, headers={"Vary": "Accept-Language, Cookie"})


Page = Annotated[PageOf, Depends(PageOf)]


def _environment(language: Language, files: Files, names: Names) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(language.words, newstyle=True)  # type: ignore[attr-defined] # by the extension
    environment.filters |= PLAIN | {
        "day": language.day,
        "clock": language.clock,
        "moment": language.moment,
        "number": language.number,
        "percent": language.percent,
        "yuan": language.yuan,
        "tick": language.tick,
        "date": language.iso_day,
        "by_day": lambda shown: _by_day(language, shown),
        "event": lambda type_: language.words.gettext(words.event_name(type_)),
        "look_name": lambda name: language.words.gettext(words.LOOKS[name]),
        "glyph": lambda name: language.words.gettext(words.GLYPHS[name]),
        "refusal": lambda code: language.words.gettext(words.REFUSALS[code]),
        "service": lambda name: language.words.gettext(words.SERVICES[name]),
        "campus": lambda code: names.of("campuses", code, language.tag),
        "code": lambda code, field: _code(language, names, field, code),
        "ward": lambda code: names.of("wards", label(code), language.tag),
        "facts": lambda happening: _facts(language, names, happening),
    }
    environment.globals |= {
        "asset": files.address,
        "tag": language.tag,
        "looks": tuple(Look),
        "languages": NAMES,
        "hospital": names.hospital(language.tag),
    }
    return environment


def _by_day(language: Language, shown: Iterable[Any]) -> list[tuple[str, list[Any]]]:
    """Things that have a `began_at`, in their order, under the day on which each began."""
    return [(day, list(group)) for day, group in groupby(shown, key=lambda one: language.day(one.began_at))]


def short(id_: object) -> str:
    """The end of an id, enough to tell it from its neighbours: version-7 ids begin alike."""
    return str(id_)[-SHORT:] if isinstance(id_, UUID) else str(id_)


PLAIN = {"label": label, "look": look, "short": short}
"""Filters that are the same in every language."""


def _facts(language: Language, names: Names, happening: Happening) -> Sequence[tuple[str, str]]:
    """What of an event is worth showing, as names and values in the reader's language."""
    told = ((name, happening.fields.get(name)) for name in words.FACTS.get(happening.type, ()))
    return [
        (language.words.gettext(FIELDS[name]), _value(language, names, name, value))
        for name, value in told
        if value not in (None, [], ())
    ]


def _value(language: Language, names: Names, field: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
    if field.endswith("_fen") and isinstance(value, int):
        return language.yuan(value)
    if field.endswith("_at") or field == "held_until":
        return language.moment(datetime.fromisoformat(value))
    if field.endswith("_on"):
        return language.day(date.fromisoformat(value))
    if isinstance(value, list):
        return " · ".join(_code(language, names, field, str(one)) for one in value)
    return _code(language, names, field, f"{value:g}" if isinstance(value, float) else str(value))


def _code(language: Language, names: Names, field: str, code: str) -> str:
    if known := CODES.get(field, {}).get(code):
        return language.words.gettext(known)
    return names.of(NAMED[field], code, language.tag) if field in NAMED else code
