"""Tests that styles and scripts of pages do not affect the chat, and of its API for pages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from sitechat.standin import StandinProcess
from tests.browser.chat import Chat

pytestmark = pytest.mark.browser


def box_of(chat: Chat) -> dict[str, float]:
    chat.panel.evaluate("(panel) => Promise.all(panel.getAnimations().map((a) => a.finished))")
    box = chat.panel.bounding_box()
    assert box is not None
    sides = {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}
    return {name: round(value) for name, value in sides.items()}


def test_sizes_do_not_follow_the_pages_root(page: Page, site: str) -> None:
    page.goto(site)
    chat = Chat(page).open()
    before = box_of(chat)
    size = chat.page.locator(".greeting").evaluate("(text) => getComputedStyle(text).fontSize")
    page.evaluate("document.documentElement.style.fontSize = '62.5%'")
    assert box_of(chat) == before
    expect(chat.page.locator(".greeting")).to_have_css("font-size", size)


STYLES = ("transform: scale(0.5)", "filter: blur(0)", "contain: paint", "zoom: 2", "font-size: 8px")


@pytest.mark.long
def test_the_body_does_not_move_it(page: Page, site: str) -> None:
    page.goto(site)
    chat = Chat(page).open()
    before = box_of(chat)
    bubble = page.locator(".launcher")
    for style in STYLES:
        page.goto(site)
        page.evaluate("(style) => document.body.style.cssText = style", style)
        page.evaluate("document.body.append(document.querySelector('site-chat'))")
        chat.open_if_closed()
        assert box_of(chat) == before, style
        chat.button("Close the chat").click()
        expect(bubble).to_be_visible()


def test_it_opens_above_a_modal_dialog_of_the_page_and_works_there(
    chat: Chat, standin: StandinProcess
) -> None:
    chat.page.evaluate(
        """() => {
            const dialog = document.body.appendChild(document.createElement("dialog"))
            const button = dialog.appendChild(document.createElement("button"))
            button.textContent = "Help"
            button.dataset.siteChatOpen = ""
            button.id = "help"
            dialog.style.display = "block"
            dialog.showModal()
        }"""
    )
    standin.script("Apples.")
    chat.page.click("#help")
    expect(chat.panel).to_be_visible()
    chat.ask()
    assert chat.answer_text() == "Apples."
    chat.page.keyboard.press("Escape")
    expect(chat.panel).to_be_hidden()
    assert chat.focused() == "help"
    assert chat.page.evaluate("document.querySelector('dialog').open")


def test_bubbles_of_two_bots_stand_above_each_other(page: Page, site: str) -> None:
    page.goto(site + "/bots/")
    first, second = (
        page.locator(f"{element} .launcher").bounding_box()
        for element in ("site-chat[bot]", "site-chat:not([bot])")
    )
    assert first is not None
    assert second is not None
    assert second["y"] + second["height"] < first["y"]
    page.locator("site-chat[bot] .launcher").click()
    expect(page.locator("site-chat[bot] .panel")).to_be_visible()
    page.evaluate("document.querySelector('site-chat:not([bot])').open()")
    expect(page.locator("site-chat[bot] .panel")).to_be_hidden()


def test_a_page_of_its_own_color_scheme_decides(page: Page, site: str) -> None:
    page.goto(site)
    page.evaluate("document.documentElement.style.colorScheme = 'dark'")
    chat = Chat(page).open()
    expect(chat.panel).to_have_css("background-color", "rgb(22, 24, 29)")


def test_attributes_change_while_the_page_is_open(chat: Chat) -> None:
    chat.open()
    for name, value in {
        "heading": "Support",
        "placeholder": "Tell us",
        "disclosure": "A machine answers.",
        "theme": "dark",
        "launcher-label": "Help",
    }.items():
        chat.element.evaluate("(element, [n, v]) => element.setAttribute(n, v)", [name, value])
    expect(chat.page.locator(".title")).to_have_text("Support")
    expect(chat.input).to_have_attribute("placeholder", "Tell us")
    expect(chat.page.locator(".disclosure")).to_have_text("A machine answers.")
    expect(chat.panel).to_have_css("background-color", "rgb(22, 24, 29)")
    chat.button("Close the chat").click()
    expect(chat.launcher).to_contain_text("Help")


def test_the_page_controls_the_chat(chat: Chat, standin: StandinProcess) -> None:
    standin.script("Apples.")
    chat.page.evaluate(
        """async () => {
            const chat = document.querySelector("site-chat")
            window.heard = []
            window.off = chat.on("reply", ({ text }) => window.heard.push(text))
            chat.prefill("What do you sell?")
        }"""
    )
    expect(chat.input).to_have_value("What do you sell?")
    expect(chat.input).to_be_focused()
    chat.input.press("Enter")
    chat.finished()
    assert chat.page.evaluate("window.heard") == ["Apples."]
    chat.element.evaluate("(element) => element.toggle()")
    expect(chat.panel).to_be_hidden()
    chat.element.evaluate("(element) => element.focus()")
    expect(chat.input).to_be_focused()


def test_an_element_of_the_page_asks(chat: Chat, standin: StandinProcess) -> None:
    chat.page.evaluate(
        """() => {
            const button = document.body.appendChild(document.createElement("p"))
            button.dataset.siteChatAsk = "Where are you?"
            button.id = "asks"
            button.textContent = "Find us"
        }"""
    )
    standin.script("In Ghent.")
    chat.page.click("#asks")
    expect(chat.questions).to_have_text(["Where are you?"])
    expect(chat.answers).to_have_text(["In Ghent."])


@pytest.mark.parametrize("address", ["?ask=Where+are+you%3F&x=1", "?x=1#ask=Where+are+you%3F"])
def test_an_address_brings_a_question(address: str, page: Page, site: str) -> None:
    page.goto(f"{site}/{address}")
    chat = Chat(page)
    expect(chat.input).to_have_value("Where are you?")
    expect(chat.questions).to_have_count(0)
    assert page.evaluate("location.search + location.hash") == "?x=1"


def test_a_link_of_the_own_site_asks_at_once(chat: Chat, standin: StandinProcess) -> None:
    standin.script("In Ghent.")
    chat.page.evaluate("document.querySelector('#next').href = '/next/?ask=Where%3F'")
    chat.page.click("#next")
    expect(chat.answers).to_have_text(["In Ghent."])


def test_a_shortcut_opens_and_closes(chat: Chat) -> None:
    chat.page.keyboard.press("Control+i")
    expect(chat.panel).to_have_count(0)
    chat.element.evaluate("(element) => element.setAttribute('shortcut', 'ctrl+i')")
    chat.page.keyboard.press("Control+i")
    expect(chat.panel).to_be_visible()
    chat.page.keyboard.press("Control+i")
    expect(chat.panel).to_be_hidden()


def test_nothing_is_offered_while_no_text_is_selected(chat: Chat) -> None:
    chat.open()
    expect(chat.page.locator(".select")).to_have_count(1)
    expect(chat.page.locator(".select")).to_be_hidden()


def test_selected_text_is_asked_about(chat: Chat) -> None:
    chat.element.evaluate("(element) => element.setAttribute('selection', '')")
    with chat.page.expect_response("**/site-chat-panel*"):
        chat.page.locator("h1").dblclick(position={"x": 20, "y": 15})
    chat.page.get_by_role("button", name="Ask about this").click()
    expect(chat.input).to_have_value("> home\n\n")


def test_what_visitors_write_themselves_is_not_asked_about(chat: Chat) -> None:
    chat.element.evaluate("(element) => element.setAttribute('selection', '')")
    chat.open()
    for field in (chat.input, chat.page.locator("#name")):
        field.fill("some words")
        field.dblclick(position={"x": 20, "y": 12})
        assert chat.page.evaluate("getSelection().toString()") == "some"
        # the offer comes with the next task
        chat.page.evaluate("new Promise((done) => setTimeout(done, 50))")
        expect(chat.page.locator(".select")).to_be_hidden()


def test_it_widens_to_a_side_panel_and_stays_so(chat: Chat) -> None:
    chat.open()
    chat.button("Expand").click()
    assert box_of(chat)["height"] == 800
    chat.page.click("#next")
    expect(chat.button("Make smaller")).to_be_visible()
    chat.button("Make smaller").click()
    assert box_of(chat)["height"] < 800
