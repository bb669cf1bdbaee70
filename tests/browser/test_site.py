"""The built book as readers open it: on a telephone and on a desk, with the keyboard, and without the internet."""

from pathlib import Path

import pytest

BUILT = Path(__file__).parents[2] / "docs" / "_build" / "html"
SCREENSHOTS = Path(__file__).parents[2] / "docs" / "_build" / "screenshots"
PAGES = sorted(
    path.relative_to(BUILT).as_posix() for path in BUILT.rglob("*.html") if not path.relative_to(BUILT).parts[0].startswith("_")
)
SHOWN = ("index.html", "choosing.html", "findings.html", "ledger.html", "selectors.html", "contributing.html")


@pytest.fixture
def page(browser, site):
    """Return an empty page; at the end it must have met no error, and asked nobody else for anything."""
    page, troubles = browser.new_page(), []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    # What a page still loads when one goes on is broken off, which is no fault.
    aborted = "net::ERR_ABORTED"
    page.on("requestfailed", lambda r: None if r.failure == aborted else troubles.append(f"failed: {r.url}"))
    page.on("request", lambda r: None if r.url.startswith((site, "data:", "blob:")) else troubles.append(f"asked: {r.url}"))
    page.on("response", lambda r: troubles.append(f"{r.status}: {r.url}") if r.status >= 400 else None)
    yield page
    page.close()
    assert troubles == []


@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_their_width_and_describe_their_figures(page, site, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert "index.html" in PAGES and len(PAGES) > 30
    for name in PAGES:
        page.goto(f"{site}/{name}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways at {width} px"
        bare = page.evaluate("[...document.querySelectorAll('main img')].filter(i => !i.alt.trim()).map(i => i.src)")
        assert bare == [], f"{name}: figures without words"
        decoded = "async image => (image.loading = 'eager', await image.decode().then(() => 0, () => image.src))"
        empty = page.evaluate(f"Promise.all([...document.images].map({decoded}))")
        assert [source for source in empty if source] == [], f"{name}: figures that cannot be shown"
        if name in SHOWN:
            page.screenshot(path=SCREENSHOTS / f"{Path(name).stem}-{width}.png", full_page=True)


def test_search_finds_a_selector(page, site):
    page.goto(f"{site}/search.html?q=SwapSearch")
    page.wait_for_selector("#search-results li a")
    links = page.locator("#search-results li a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert any("replication.selection" in link for link in links) and any("selectors" in link for link in links)


def test_the_keyboard_reaches_the_navigation(page, site):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{site}/index.html")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "The claims ledger":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/ledger.html")
    assert page.locator("h1").first.inner_text().startswith("The claims ledger")


def test_the_ledger_is_filtered_by_words_and_verdict(page, site):
    page.goto(f"{site}/ledger.html")
    shown = page.locator(".claim:visible")
    total = shown.count()
    page.get_by_label("Words").fill("SwapSearch")
    assert 0 < shown.count() < total and all("swapsearch" in text.lower() for text in shown.all_inner_texts())
    page.get_by_label("Words").fill("")
    page.get_by_label("Verdict").select_option("does not hold")
    assert 0 < shown.count() < total
    assert set(page.locator(".claim:visible .claim-verdict").all_inner_texts()) == {"does not hold"}
    assert page.locator(".claims-controls output").inner_text() == f"{shown.count()} of {total} claims"


@pytest.mark.parametrize(
    ("words", "arrival"),
    [("A guide", "100,000"), ("The ledger", "Theorem 5"), ("Running and contributing", "Run it on a GPU")],
)
def test_a_strangers_questions_are_answered_by_one_click(page, site, words, arrival):
    """Which selector for my 100,000 pairs? What did the paper claim, and does it hold? How do I run it on my GPU?"""
    page.goto(f"{site}/index.html")
    page.locator("main table").get_by_role("link", name=words, exact=True).click()
    assert arrival in page.locator("main").inner_text()
