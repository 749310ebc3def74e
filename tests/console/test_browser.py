"""The pages in a real browser: live, by keyboard, for screen readers, in both languages, on small screens."""

import re

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from shared.ids import new_id
from tests.console.conftest import Site
from tests.console.desk_scene import desk
from tests.console.scene import PATIENT, Scene, all_beds, bed_state, whole_journey

JOURNEY = f"/patients/{PATIENT}"
BED = "main/M-CA/05/2"
PAGES = ("/", "/coordinator", JOURNEY, "/patients", "/login")


def bed_selector(bed_id: str) -> str:
    return f'[id="bed-{bed_id}"] .bed'


def a_change(state: str, version: int, bed_id: str = BED):
    scene = Scene()
    scene.say(bed_state(bed_id, state, None, version), command=f"change-{version}")
    return scene.records


def one_of_each():
    """A room with a bed in every state."""
    scene = Scene()
    for number, state in enumerate("OURHKIC"):
        scene.say(bed_state(f"main/M-ZZ/01/{number}", state, PATIENT if state == "O" else None), command=f"z{number}")
    return scene.records


async def live_page(site: Site, **context) -> Page:
    """The board, connected to the feed."""
    page = await site.page("/", **context)
    await expect(page.locator("[data-connection=live]")).to_be_visible(timeout=15_000)
    return page


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_no_page_has_a_barrier_that_axe_can_see(small_site: Site, language):
    await small_site.take([*one_of_each(), *desk()])
    page = await small_site.page("/", language=language)
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for path in PAGES:
            await page.goto(small_site.address + path)
            found = await Axe().run(page)
            assert found.violations_count == 0, f"{scheme} {path}\n{found.generate_report()}"


async def test_a_change_of_a_bed_and_its_counts_appear_by_themselves(site: Site):
    page = await live_page(site)
    cleaning = page.locator(".tally", has=page.locator(".bed-cleaning")).locator("b")
    before = int(await cleaning.inner_text())

    await site.take(a_change("H", 2))

    await expect(page.locator(bed_selector(BED))).to_have_class(re.compile("bed-cleaning"))
    await expect(cleaning).to_have_text(str(before + 1))


async def test_events_appear_in_the_ticker_newest_first(site: Site):
    page = await live_page(site)

    await site.take(whole_journey(new_id())[:1])

    await expect(page.locator("#ticker li").first.locator(".what")).to_have_text("Patient registered")


async def test_a_paused_ticker_keeps_still_and_misses_nothing(site: Site):
    page = await live_page(site)
    first = await page.locator("[data-ticker] li").first.inner_text()
    await page.get_by_role("button", name="Pause").click()

    await site.take(whole_journey(new_id())[:1])
    await site.take(a_change("H", 2))
    await expect(page.locator(bed_selector(BED))).to_have_class(re.compile("bed-cleaning"))

    assert await page.locator("[data-ticker] li").first.inner_text() == first
    await page.get_by_role("button", name="Go on").click()
    await expect(page.locator("[data-ticker] li").first.locator(".what")).to_have_text("Patient registered")


async def test_beds_that_are_added_later_are_drawn(serve, viewer_token):
    async with serve() as site:
        await viewer_token(site.service)
        page = await live_page(site)
        await expect(page.locator(".empty")).to_be_visible()

        await site.take(all_beds()[:40])

        await expect(page.locator("#board .bed")).to_have_count(40)


async def test_a_page_that_lost_its_stream_says_so_and_catches_up(site: Site):
    page = await live_page(site)
    await page.context.set_offline(offline=True)
    site.service.host.app.state.feed.close()
    await expect(page.locator("[data-connection=lost]")).to_be_visible()
    await site.take(a_change("K", 2))
    site.service.host.app.state.feed._closed = False

    await page.context.set_offline(offline=False)

    await expect(page.locator("[data-connection=live]")).to_be_visible(timeout=15_000)
    await expect(page.locator(bed_selector(BED))).to_have_class(re.compile("bed-contaminated"), timeout=15_000)


async def test_a_page_whose_first_connection_fails_says_that_it_is_not_live_yet_and_tries_again(site: Site):
    refused = []

    async def refuse_once(route):
        refused.append(route.request.url)
        await (route.abort() if len(refused) == 1 else route.continue_())

    page = await site.page("/login")
    await page.route("**/live?*", refuse_once)
    await page.goto(site.address)
    await expect(page.locator("[data-connection=live]")).to_have_count(0)

    await expect(page.locator("[data-connection=live]")).to_be_visible(timeout=15_000)
    await site.take(a_change("H", 2))
    await expect(page.locator(bed_selector(BED))).to_have_class(re.compile("bed-cleaning"))


async def test_the_board_is_walked_by_keyboard(site: Site):
    page = await live_page(site)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"

    await page.keyboard.press("Tab")
    first = await page.evaluate("document.activeElement.title")
    await page.keyboard.press("ArrowRight")
    second = await page.evaluate("document.activeElement.title")
    await page.keyboard.press("Tab")
    next_ward = await page.evaluate("document.activeElement.closest('.ward').getAttribute('aria-label')")
    await page.keyboard.press("Shift+Tab")
    back = await page.evaluate("document.activeElement.title")

    assert first.startswith("lakeside/L-AD/")
    assert (first != second, back) == (True, second)
    assert next_ward != await page.evaluate("document.activeElement.closest('.ward').getAttribute('aria-label')")
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/patients/*")


async def test_focus_stays_on_a_bed_that_changes(site: Site):
    scene = Scene()
    scene.say(bed_state(BED, "O", PATIENT, 2))
    await site.take(scene.records)
    page = await live_page(site)
    await page.locator(bed_selector(BED)).focus()
    later = Scene()
    later.say(bed_state(BED, "I", PATIENT, 3))

    await site.take(later.records)

    await expect(page.locator(bed_selector(BED))).to_have_class(re.compile("bed-isolated"))
    await expect(page.locator(bed_selector(BED))).to_be_focused()


async def test_a_journey_shows_what_brought_what_about(site: Site):
    page = await site.page(JOURNEY)
    left = page.locator(".step", has=page.locator("> article .what", has_text="Patient left the hospital"))

    effects = left.locator("> .effects > .step > article .what")

    await expect(effects).to_have_text(["Bed released", "Follow-up plan opened"])
    await expect(page.locator(".run summary")).to_contain_text(re.compile("Charge posted .* 38"))


async def test_a_journey_is_narrowed_to_one_service(site: Site):
    page = await site.page(JOURNEY)
    await page.get_by_role("link", name="Beds").click()

    names = await page.locator(".step .by").all_inner_texts()

    assert set(names) == {"Beds"}
    await expect(page.locator(".hidden-between").first).to_be_visible()


async def test_the_language_is_switched_and_stays(site: Site):
    page = await site.page("/", language="en")
    await page.get_by_role("button", name="中文").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("全院一览")

    await page.goto(site.address + JOURNEY)

    await expect(page.get_by_role("heading", level=1)).to_have_text("患者旅程")
    assert await page.locator("html").get_attribute("lang") == "zh-CN"


async def test_signing_in_with_a_token_and_out_again(serve):
    async with serve() as site:
        page = await site.page("/")
        await expect(page).to_have_url(re.compile("/login"))
        await page.get_by_label("Token").fill(site.service.token("coordinator"))
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Hospital now")
        assert await page.evaluate("document.cookie") == ""

        await page.get_by_role("button", name="Sign out").click()

        await expect(page).to_have_url(re.compile("/login"))


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("path", PAGES)
async def test_nothing_is_cut_off_on_a_small_screen(site: Site, path, language):
    page = await site.page(path, language=language, viewport={"width": 360, "height": 740})

    width, beyond = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")

    assert width <= beyond


async def test_pages_load_nothing_from_elsewhere_and_complain_of_nothing(site: Site):
    page = await live_page(site)
    for path in PAGES:
        await page.goto(site.address + path)

    assert {url for url in site.requested if not url.startswith(site.address)} == set()
    assert site.complaints == []


async def test_who_wants_no_motion_sees_none(site: Site):
    page = await site.page("/", reduced_motion="reduce")

    assert await page.locator(".tick").first.evaluate("tick => getComputedStyle(tick).animationName") == "none"
