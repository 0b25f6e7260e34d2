"""Tests of the chat in Firefox: asking, streaming, resuming and differences to Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sitechat.standin import Answer, StandinProcess
from tests.browser.firefox import BINARY, Firefox

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BINARY is None, reason="there is no Firefox"),
]

SHADOW = "document.querySelector('site-chat').shadowRoot"


@pytest.fixture(scope="module")
def firefox() -> Iterator[Firefox]:
    firefox = Firefox()
    yield firefox
    firefox.close()


def text(selector: str) -> str:
    return f"[...{SHADOW}.querySelectorAll('{selector}')].map((found) => found.innerText)"


def test_a_conversation(firefox: Firefox, site: str, standin: StandinProcess) -> None:
    standin.script(Answer(["We sell **apples**", " and `pears`."], hold_after=1))
    firefox.goto(site)
    firefox.evaluate(f"{SHADOW}.querySelector('.launcher').click()")
    firefox.wait_for(f"{SHADOW}.activeElement?.localName === 'textarea'")
    firefox.type("What do you sell?\ue007")
    firefox.wait_for(f"{text('.assistant strong')}[0] === 'apples'")

    firefox.goto(site + "/next/")
    firefox.wait_for(f"{text('.assistant strong')}[0] === 'apples'")
    assert firefox.evaluate("document.activeElement.localName") == "body"
    standin.release()
    firefox.wait_for(f"{SHADOW}.querySelector('.assistant .actions')")
    assert firefox.evaluate(text(".content")) == [
        "What do you sell?",
        "We sell apples and pears.",
    ]
    assert firefox.problems() == []


def test_colours_and_sizes(firefox: Firefox, site: str) -> None:
    firefox.goto(site)
    firefox.wait_for(f"{SHADOW}.querySelector('.panel, .launcher')")
    firefox.evaluate("document.querySelector('site-chat').open()")
    firefox.wait_for(f"{SHADOW}.querySelector('.send')")
    style = f"getComputedStyle({SHADOW}.querySelector('.send'))"
    assert firefox.evaluate(f"{style}.backgroundColor !== 'rgba(0, 0, 0, 0)'")
    before = firefox.evaluate(f"{SHADOW}.querySelector('.input').offsetHeight")
    grown = (
        f"(({SHADOW}).querySelector('.input').value = 'a\\nb\\nc',"
        f" {SHADOW}.querySelector('.input').dispatchEvent(new Event('input')),"
        f" {SHADOW}.querySelector('.input').offsetHeight)"
    )
    assert firefox.evaluate(grown) > before
    assert firefox.problems() == []
