"""Tests that the public interface is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands
from django.dispatch import Signal

from demo.contents import sections
from sitechat import Chatbot, errors, signals
from sitechat.conf import SETTINGS
from sitechat.signals import EVENTS

DOCS = Path(__file__).resolve().parent.parent / "docs"
SOURCES = DOCS.parent / "src" / "sitechat"


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def everything() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in DOCS.glob("*.md"))


def in_sources(pattern: str) -> list[str]:
    found = (
        re.findall(pattern, path.read_text(encoding="utf-8")) for path in SOURCES.rglob("*.py")
    )
    return sorted({match for matches in found for match in matches})


def subclasses(error: type[errors.ChatError]) -> list[type[errors.ChatError]]:
    return [error, *(found for child in error.__subclasses__() for found in subclasses(child))]


@pytest.mark.parametrize("setting", sorted(SETTINGS))
def test_every_setting_has_a_section_with_an_example(setting: str) -> None:
    section = re.search(rf"^### {setting}\n(.*?)(?=^##|\Z)", read("settings.md"), re.M | re.S)
    assert section, f"docs/settings.md has no section {setting}"
    assert "Default:" in section[1]
    assert f"{setting} = " in section[1]


def test_no_setting_is_documented_that_does_not_exist() -> None:
    documented = set(re.findall(r"^### ([A-Z_]+)$", read("settings.md"), re.M))
    assert documented == SETTINGS
    named = set(re.findall(r"`(CHAT_[A-Z_]*[A-Z])`", everything()))
    assert named <= SETTINGS


@pytest.mark.parametrize("name", [name for name in vars(Chatbot) if not name.startswith("_")])
def test_every_attribute_and_method_of_chatbot_is_documented(name: str) -> None:
    section = read("settings.md").partition("\n## Chatbot\n")[2]
    assert re.search(rf"^\| `{name}(\(request\))?` \|", section, re.M)


@pytest.mark.parametrize("check", in_sources(r'"(sitechat\.[EWIC]\d{3})"'))
def test_every_system_check_is_documented(check: str) -> None:
    assert f"`{check}`" in everything()


@pytest.mark.parametrize(
    "command", sorted(name for name, app in get_commands().items() if app == "sitechat")
)
def test_every_command_is_documented(command: str) -> None:
    assert re.search(rf"\b{command}\b", everything())


@pytest.mark.parametrize(
    "key", ["reply", "message", "t", "status", "text", "source", "cite", "confirm", "error", "done"]
)
def test_every_event_is_documented(key: str) -> None:
    events = read("http.md").partition("\n## Events\n")[2].partition("\n## Errors\n")[0]
    assert f"`{key}`" in events


@pytest.mark.parametrize("error", subclasses(errors.ChatError), ids=lambda error: error.__name__)
def test_every_error_is_documented_with_its_status(error: type[errors.ChatError]) -> None:
    table = read("http.md").partition("\n## Errors\n")[2]
    status = "" if issubclass(error, errors.ReplyError) else rf"{error.status} \| "
    code = "server_error" if error is errors.ReplyError else error.code
    assert re.search(rf"^\| {status}`{code}` \|", table, re.M)


def test_every_model_is_documented() -> None:
    models = {model.__name__ for model in apps.get_app_config("sitechat").get_models()}
    assert set(re.findall(r"^\| `(\w+)` \|", read("models.md"), re.M)) == models


def test_every_signal_is_documented() -> None:
    for name, value in vars(signals).items():
        if isinstance(value, Signal):
            assert f"`{name}`" in everything(), f"the signal {name} is on no page"


def anchors(path: Path) -> set[str]:
    """Return the anchors of the headings of a page, as the site and repository hosts make them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M)
    plain = (re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize(
    "path", [*DOCS.glob("*.md"), *DOCS.parent.glob("*.md")], ids=lambda path: path.name
)
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]*)(?:#([^)]*))?\)", path.read_text(encoding="utf-8"))
    for target, anchor in links:
        page = path.parent / target if target else path
        assert page.exists(), f"{path.name} links to {target}"
        assert not anchor or anchor in anchors(page), f"{path.name} links to {target}#{anchor}"


def test_every_page_has_one_row_in_the_contents() -> None:
    listed = [slug for section in sections() for slug in section.slugs]
    pages = sorted(path.stem for path in DOCS.glob("*.md") if path.stem != "index")
    assert sorted(listed) == pages, "add a row to a table of docs/index.md"


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_every_event_that_is_reported_is_documented(event: str) -> None:
    assert re.search(rf"^\| `{event}` \|", read("signals.md"), re.M)
