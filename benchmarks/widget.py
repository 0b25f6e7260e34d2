"""Benchmark of the widget in Chromium: its size, and time of the page's main thread.

    python benchmarks/widget.py [--short] [--chromium /usr/bin/chromium]

Main-thread time is `TaskDuration` of Chromium's DevTools protocol. It is processor time, because
the machine may be busy with something else. It is measured for

- loading a page with the widget, minus the same page without it
- rendering Markdown answers of 200 words a second
- the first and the last quarter of an answer of 20,000 characters
"""

from __future__ import annotations

import gzip
import shutil
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

from harness import figures, peers, targets

from sitechat.standin import Answer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

STATIC = peers.ROOT / "src/sitechat/static/sitechat"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PARAGRAPH = (
    "Delivery to an **island** takes three to five days, `express` one. See [terms](/t/).\n\n"
    "- by ship, for large goods\n- by air, for small ones\n\n"
)
PACE = 0.005


def kilobytes(name: str) -> float:
    """Return the compressed size of one of the widget's files."""
    return len(gzip.compress((STATIC / name).read_bytes(), 9)) / 1024


def words(text: str) -> list[str]:
    """Return a text as deltas like Claude's: a word each, with the space before it."""
    parts = text.split(" ")
    return [parts[0], *(f" {part}" for part in parts[1:])]


class MainThread:
    """A stopwatch of the time that the main thread of a page has worked."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def ms(self) -> float:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return next(float(m["value"]) * 1000 for m in metrics if m["name"] == "TaskDuration")


def load(browser: Browser, url: str) -> float:
    page = browser.new_context().new_page()
    thread = MainThread(page)
    before = thread.ms()
    page.goto(url, wait_until="networkidle")
    spent = thread.ms() - before
    page.context.close()
    return spent


def draw(browser: Browser, url: str) -> tuple[float, float, float]:
    """Return the milliseconds for the whole answer, its first and its last quarter."""
    page = browser.new_context().new_page()
    page.goto(url)
    thread = MainThread(page)
    page.get_by_role("button", name="Open the chat").click()
    box = page.get_by_role("textbox", name="Your message")
    box.fill("What does delivery cost?")
    samples = [(0, thread.ms())]
    box.press("Enter")
    answer = page.locator(".assistant .content")
    answer.first.wait_for()
    done = page.locator(".assistant .actions")
    while not done.count():
        length = answer.last.evaluate("element => element.textContent.length")
        samples.append((length, thread.ms()))
        time.sleep(0.2)
    length = answer.last.evaluate("element => element.textContent.length")
    samples.append((length, thread.ms()))
    page.context.close()

    def at(part: float) -> float:
        return next(ms for characters, ms in samples if characters >= part * length)

    return samples[-1][1] - samples[0][1], at(0.25) - samples[0][1], at(1) - at(0.75)


def measure(bench: targets.Bench, url: str, chromium: str, runs: int) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    thousand = words(PARAGRAPH * 60)[:1000]
    long = words((PARAGRAPH * 200)[:20_000])
    loads: dict[str, list[float]] = {"with": [], "without": []}
    drawn: list[float] = []
    long_drawn: list[tuple[float, float, float]] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page_with = f"{url}?widget"
        load(browser, page_with)
        for _ in range(runs):
            loads["without"].append(load(browser, url))
            loads["with"].append(load(browser, page_with))
        for _ in range(max(1, runs // 8)):
            bench.standin.clear()
            bench.standin.always(Answer(thousand, delay=PACE, first_delay=0.0))
            drawn.append(draw(browser, page_with)[0])
            bench.standin.always(Answer(long, delay=PACE, first_delay=0.0))
            long_drawn.append(draw(browser, page_with))
        browser.close()
    whole, first, last = (figures.spread(values) for values in zip(*long_drawn, strict=True))
    added = statistics.median(loads["with"]) - statistics.median(loads["without"])
    return {
        "KB gzip, every page": kilobytes("site-chat.js"),
        "KB gzip, panel": kilobytes("site-chat-panel.js"),
        "KB gzip, extras": kilobytes("site-chat-extras.js"),
        "ms at load, added": added,
        "ms at load, with": figures.spread(loads["with"]),
        "ms at load, without": figures.spread(loads["without"]),
        "ms per 1,000 tokens": figures.spread(drawn),
        "ms for 20,000 characters": whole,
        "ms for their first quarter": first,
        "ms for their last quarter": last,
    }


def main() -> int:
    parser = figures.parser(__doc__)
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    options = parser.parse_args()
    if options.url or not options.chromium:
        print("Skipped: this benchmark needs Chromium and can't use --url.")
        return 0
    with targets.Bench(options) as bench, bench.target(peers.OURS_UVICORN) as served:
        url = served.url.removesuffix("api/chat/")
        found = measure(bench, url, options.chromium, 6 if options.short else 24)
    for name, value in found.items():
        print(f"{name}: {figures.shown(value)}")
    figures.keep(options, "widget", found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
