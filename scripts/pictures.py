"""Take the screenshots of the widget in docs/images/, from the demo in Chromium.

    make pictures

The stand-in answers, so a screenshot only changes if the widget, the demo or the answers in this
file change.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from sitechat.standin import Answer, StandinProcess

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
PORT = 8473
URL = f"http://127.0.0.1:{PORT}/"
LARGE = {"width": 1200, "height": 800}
PHONE = {"width": 390, "height": 780}

Block = tuple[str, int | None]
"""A text, and the index of the found page that it cites."""

INSTALL, KNOWLEDGE = 2, 4
STEPS = """

1. `pip install django-sitechat`
2. Add `"sitechat"` to `INSTALLED_APPS`
3. Include `sitechat.urls` under a prefix, such as `api/`

```django
{% load sitechat %}
{% chat_widget %}
```

"""
ENGLISH: list[Block] = [
    ("Add the app and its URLs, then put the tag into your base template:", INSTALL),
    (STEPS, None),
    ("Run `migrate` and **chat_index**, and the chat answers from your pages.", KNOWLEDGE),
]
ARABIC: list[Block] = [
    ("أضف التطبيق وعناوينه، ثم ضع الوسم في القالب الأساسي:", 0),
    ('\n\n1. ثبّت `django-sitechat`\n2. أضف `"sitechat"` إلى `INSTALLED_APPS`\n\n', None),
    ("بعدها شغّل **chat_index** فتجيب المحادثة من صفحاتك.", 1),
]


def answer(blocks: list[Block]) -> Answer:
    """Return an answer that cites pages."""
    content = []
    for text, cited in blocks:
        block: dict[str, object] = {"type": "text", "text": text}
        if cited is not None:
            citation = {
                "type": "search_result_location",
                "cited_text": text,
                "source": "",
                "title": "",
            }
            place = {"search_result_index": cited, "start_block_index": 0, "end_block_index": 1}
            block["citations"] = [{**citation, **place}]
        content.append(block)
    return Answer(blocks=content)


@contextmanager
def demo(standin: StandinProcess) -> Iterator[None]:
    """Serve the demo with an index of its pages."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            "DJANGO_SETTINGS_MODULE": "demo.settings",
            "DEMO_DATABASE": str(Path(folder) / "demo.sqlite3"),
            # with its usual address, the demo would show that a stand-in answers
            "ANTHROPIC_BASE_URL": standin.url.replace("127.0.0.1", "0.0.0.0"),  # noqa: S104
            "ANTHROPIC_API_KEY": "stand-in",
        }
        for command in (["migrate"], ["chat_index"]):
            django = [sys.executable, "-m", "django", *command, "--verbosity=0"]
            subprocess.run(django, env=environ, cwd=ROOT, check=True)
        uvicorn = [sys.executable, "-m", "uvicorn", "demo.asgi:application", f"--port={PORT}"]
        process = subprocess.Popen(
            [*uvicorn, "--lifespan=off", "--log-level=error"], env=environ, cwd=ROOT
        )
        try:
            wait_for_server()
            yield
        finally:
            process.terminate()
            process.wait()


def wait_for_server() -> None:
    deadline = time.monotonic() + 60
    while not is_up():
        if time.monotonic() > deadline:
            raise SystemExit(f"The demo does not answer at {URL}.")
        time.sleep(0.1)


def is_up() -> bool:
    try:
        urllib.request.urlopen(URL).close()
    except (urllib.error.URLError, ConnectionError):
        return False
    return True


def open_chat(
    browser: Browser,
    viewport: dict[str, int],
    *,
    dark: bool = False,
    locale: str = "en",
    scale: float = 1,
) -> Page:
    context = browser.new_context(
        viewport={"width": viewport["width"], "height": viewport["height"]},
        color_scheme="dark" if dark else "light",
        locale=locale,
        device_scale_factor=scale,
        reduced_motion="reduce",
    )
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.goto(f"{URL}install/")
    page.locator(".launcher").click()
    page.locator(".greeting").wait_for()
    return page


def ask(page: Page, standin: StandinProcess, question: str, blocks: list[Block]) -> None:
    standin.script(answer(blocks))
    page.locator(".input").fill(question)
    page.locator(".input").press("Enter")
    page.locator(".assistant .actions").wait_for()
    page.locator(".scroller").evaluate("(element) => element.scrollTo(0, 0)")
    page.mouse.move(0, 0)


def take(page: Page, name: str) -> None:
    # wait for fonts and the last frame of scrolling
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(400)
    path = IMAGES / f"{name}.png"
    page.screenshot(path=str(path))
    page.context.close()
    print(path.relative_to(ROOT))


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("Chromium is missing: install the package `chromium`.")
    parts = (Path(__file__).parent / "picture_of_parts.js").read_text(encoding="utf-8")
    with StandinProcess() as standin, demo(standin), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = open_chat(browser, LARGE)
        ask(page, standin, "How do I install it?", ENGLISH)
        take(page, "widget-light")
        page = open_chat(browser, LARGE, dark=True)
        ask(page, standin, "How do I install it?", ENGLISH)
        take(page, "widget-dark")
        page = open_chat(browser, PHONE, scale=2)
        ask(page, standin, "How do I install it?", ENGLISH)
        take(page, "widget-phone")
        page = open_chat(browser, LARGE, locale="ar")
        ask(page, standin, "كيف أثبّته؟", ARABIC)
        take(page, "widget-rtl")
        page = open_chat(browser, {"width": 860, "height": 900})
        ask(page, standin, "How do I install it?", ENGLISH)
        page.evaluate(parts)
        take(page, "widget-parts")
        browser.close()


if __name__ == "__main__":
    main()
