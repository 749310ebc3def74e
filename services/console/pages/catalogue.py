"""The texts of the pages and their catalogues: `python -m services.console.pages.catalogue` updates the latter.

Texts stand in templates as `_('…')` and in code as `msg("…")`; a text that is no longer there leaves the catalogue.
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from services.console.pages.language import LOCALE_DIRECTORY

PAGES = Path(__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"msg": None, "_": None, "ngettext": (1, 2)}


def texts() -> Catalog:
    """Every text in code and templates, with the files that hold it."""
    catalogue = Catalog()
    options = {"templates/**.html": {"newstyle_gettext": "true", "trim_blocks": "true", "silent": "false"}}
    for file, _, message, comments, _ in extract_from_dir(PAGES, METHODS, options, KEYWORDS):
        catalogue.add(message, locations=[(file, 0)], auto_comments=comments)
    return catalogue


def catalogues() -> list[Path]:
    """The catalogue of each language other than the source's."""
    return sorted(LOCALE_DIRECTORY.glob("*/LC_MESSAGES/console.po"))


def read(path: Path) -> Catalog:
    """A catalogue as it is on disk."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def update(path: Path) -> None:
    """Add what is new, without guessing a translation, and drop what is gone."""
    catalogue = read(path)
    catalogue.update(texts(), no_fuzzy_matching=True, keep_user_comments=False, update_creation_date=False)
    catalogue.obsolete.clear()
    with path.open("wb") as file:
        write_po(file, catalogue, width=120, sort_output=True, no_location=True, omit_header=False)


if __name__ == "__main__":
    for place in catalogues():
        update(place)
