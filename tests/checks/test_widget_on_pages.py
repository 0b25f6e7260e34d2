"""Tests that a chat which is on no page or has no URLs is reported."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, set_script_prefix
from pytest_django import Settings

from sitechat.checks import run, widget_on_pages

CHAT = path("api/", include("sitechat.urls"))


def page(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return HttpResponse()


UseUrls = Callable[..., None]


@pytest.fixture
def use_urls(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> UseUrls:
    def use(*patterns: Any, setting: str = "ROOT_URLCONF", name: str = "shop_urls") -> None:
        module = types.ModuleType(name)
        module.urlpatterns = [*patterns]  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, module)
        setattr(settings, setting, name)

    return use


def test_urls_that_are_included(use_urls: UseUrls) -> None:
    use_urls(path("", page), CHAT)
    assert run() == []
    use_urls(*i18n_patterns(CHAT), name="languages")
    assert run() == []
    use_urls(path("a/", include([path("b/", include("sitechat.urls"))])), name="nested")
    assert run() == []
    use_urls(path("v1/", include(([CHAT], "api"))), name="namespace")
    assert run() == []


def test_urls_that_are_not_included(use_urls: UseUrls) -> None:
    use_urls(path("", page))
    (message,) = run()
    assert message.id == "sitechat.E020"
    assert 'path("api/", include("sitechat.urls"))' in str(message.hint)
    assert "shop_urls" in str(message.hint)


def test_urls_under_a_path_with_parameters(use_urls: UseUrls) -> None:
    use_urls(path("<slug:tenant>/", include("sitechat.urls")))
    (message,) = run()
    assert message.id == "sitechat.E020"
    assert "need arguments" in message.msg
    assert "endpoint=" in str(message.hint)


def test_urls_that_another_pattern_hides(use_urls: UseUrls) -> None:
    use_urls(path("<path:everything>", page), CHAT)
    (message,) = run()
    assert message.id == "sitechat.E020"
    assert "/api/chat/" in message.msg
    assert "above" in str(message.hint)


def test_urls_of_a_site_with_a_prefix(use_urls: UseUrls) -> None:
    use_urls(CHAT)
    set_script_prefix("/shop/")
    try:
        assert list(widget_on_pages.check_urls()) == []
    finally:
        set_script_prefix("/")


def test_urls_of_one_of_several_hosts(
    use_urls: UseUrls, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_urls(path("", page))
    use_urls(CHAT, setting="PUBLIC_SCHEMA_URLCONF", name="public_urls")
    assert run() == []
    del settings.PUBLIC_SCHEMA_URLCONF
    hosts = types.ModuleType("shop_hosts")
    hosts.host_patterns = [types.SimpleNamespace(urlconf="public_urls")]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shop_hosts", hosts)
    settings.ROOT_HOSTCONF = "shop_hosts"
    assert run() == []
    settings.ROOT_HOSTCONF = "nowhere"
    assert [message.id for message in run()] == ["sitechat.E020"]


def test_a_urlconf_that_can_not_be_imported_is_left_to_django(settings: Settings) -> None:
    settings.ROOT_URLCONF = "nowhere.urls"
    assert list(widget_on_pages.check_urls()) == []


# Templates


@pytest.fixture
def templates(settings: Settings, tmp_path: Path) -> Path:
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [tmp_path],
            "APP_DIRS": True,
        }
    ]
    return tmp_path


def test_no_template_holds_the_tag(templates: Path) -> None:
    (templates / "base.html").write_text("<!doctype html><title>Shop</title>")
    (message,) = run()
    assert message.id == "sitechat.W020"
    assert "{% load sitechat %}{% chat_widget %}" in str(message.hint)


@pytest.mark.parametrize(
    "text",
    [
        '{% load sitechat %}{% chat_widget bot="support" %}',
        "{%chat_widget%}",
        "{% load sitechat %}{% chat_page %}",
        "{%- chat_widget inline=True -%}",
        "{{ chat_widget(bot='support') }}",
        '<site-chat endpoint="/api/chat/"></site-chat>',
        "{# no comment #}{% comment %}a{% endcomment %}{% chat_widget %}",
    ],
)
def test_a_template_holds_the_tag(templates: Path, text: str) -> None:
    folder = templates / "deep" / "down"
    folder.mkdir(parents=True)
    (folder / "base.html").write_text(text)
    assert run() == []


@pytest.mark.parametrize(
    "text",
    [
        "{# {% chat_widget %} #}",
        "<!-- {% chat_widget %} -->",
        '{% comment "later" %}{% chat_widget %}{% endcomment %}',
        "{% verbatim %}{% chat_widget %}{% endverbatim %}",
        "We use chat_widget.",
        "{% chat_widgets %}",
        "{% chat_pages %}",
    ],
)
def test_a_comment_is_no_tag(templates: Path, text: str) -> None:
    (templates / "base.html").write_text(text)
    assert [message.id for message in run()] == ["sitechat.W020"]


def test_files_that_are_no_templates_break_nothing(templates: Path) -> None:
    (templates / "picture.png").write_bytes(b"\x89PNG\xff\xfe\x00")
    (templates / "gone.html").symlink_to(templates / "nowhere.html")
    (templates / "again").symlink_to(templates)
    assert [message.id for message in run()] == ["sitechat.W020"]


def test_loaders_of_the_site_s_own(templates: Path, settings: Settings) -> None:
    def use(*loaders: Any) -> list[str | None]:
        options = {"loaders": [("django.template.loaders.cached.Loader", [*loaders])]}
        settings.TEMPLATES = [{**settings.TEMPLATES[0], "APP_DIRS": False, "OPTIONS": options}]
        return [message.id for message in run()]

    files = "django.template.loaders.filesystem.Loader"
    assert use(files) == ["sitechat.W020"]
    memory = "django.template.loaders.locmem.Loader"
    assert use(files, (memory, {"base.html": "{% chat_widget %}"})) == []
    assert use(files, (memory, {"base.html": ""})) == ["sitechat.W020"]
    assert use(files, "tests.checks.test_widget_on_pages.OfTheDatabase") == []


class OfTheDatabase:
    """A loader whose templates can't be listed."""

    def __init__(self, engine: Any) -> None:
        pass


def test_a_site_without_templates_is_let_alone(settings: Settings) -> None:
    settings.TEMPLATES = []
    assert list(widget_on_pages.check_tag()) == []
