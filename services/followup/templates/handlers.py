"""What can be asked of templates: publish one, and find the one that counts."""

from datetime import date

from services.followup.templates import definition, store
from services.followup.templates.model import Template
from shared.work import Missing, Work

AFTER_DISCHARGE = "post-discharge"
"""The name of the template that every stay is followed up by."""


class TemplateChanged(ValueError):
    """A published version was given another content."""


async def publish(document: bytes, work: Work) -> Template:
    """Keep a version for ever; the same one again is nothing new.

    Raises `TemplateRejected` for a document that is no template, `TemplateChanged` for another content of a version.
    """
    template = definition.read(document)
    if not await store.add(work, template, document):
        raise TemplateChanged(
            f"template {template.name} {template.version} is published with another content, or its valid day is "
            "taken: give the changed document a new version and a new effectivePeriod.start"
        )
    return template


async def publish_shipped(work: Work) -> None:
    """Publish what comes with the service; done at each start."""
    for document in definition.shipped():
        await publish(document, work)


async def template_on(name: str, on: date, work: Work) -> Template | None:
    """The version of a template that counts on a day; None when there is none."""
    return await store.valid_on(work, name, on)


async def template(name: str, version: str, work: Work) -> Template:
    """One published version; `Missing` when there is none."""
    found = await store.version(work, name, version)
    if found is None:
        raise Missing("template", f"{name}/{version}")
    return found


async def templates(work: Work) -> list[Template]:
    """Every published version."""
    return await store.all_published(work)
