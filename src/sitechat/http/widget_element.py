"""The HTML of the chat on a page: the `<site-chat>` element with its attributes and its script.

The HTML does not depend on the visitor (cookie, session or user), so that pages with the chat can
be stored in shared caches.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.template import Context, Engine, TemplateDoesNotExist
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import NoReverseMatch, get_resolver, get_urlconf
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import pgettext_lazy

from sitechat.conf import conf
from sitechat.http.api_address import active_urlconf, find_endpoint
from sitechat.http.nonce import TemplateContext, find_nonce
from sitechat.http.widget_options import is_off, widget_options
from sitechat.http.widget_texts import is_translated, strings
from sitechat.runtime.safe_logging import get_logger
from sitechat.safe_text import storable

if TYPE_CHECKING:
    from django.urls import URLResolver

logger = get_logger("sitechat.widget")

TEMPLATE = "sitechat/widget.html"
"""The template's name. A site can override it."""

INLINE_HEIGHT = 576
"""Height in pixels of an inline chat before its script runs. The element later uses 36rem."""

Attributes = dict[str, "str | int | bool | None"]
"""The attributes of `<site-chat>` by name. The tag omits attributes that are None or False."""


def attributes(
    *,
    bot: str | None = None,
    inline: bool = False,
    page: bool = False,
    theme: str | None = None,
    endpoint: str | None = None,
    current_app: str | None = None,
) -> Attributes:
    """Return the attributes of the element.

    Args:
        bot: The name of a bot in `CHAT_BOTS`; None for the default one.
        inline: Whether the chat is a part of the page instead of an overlay.
        page: Whether the chat fills the page.
        theme: "light", "dark" or "auto"; None for `CHAT_WIDGET["theme"]`.
        endpoint: The address of `chat/` on another host; None for this host.
        current_app: The namespace of the request, for `reverse`.

    Raises:
        ImproperlyConfigured: There is no such bot.
        NoReverseMatch: The active URLconf does not include `sitechat.urls`.
        ValueError: A static file of the options was not collected.
    """
    if bot is not None and bot not in conf.CHAT_BOTS:
        names = ", ".join(sorted(conf.CHAT_BOTS))
        raise ImproperlyConfigured(f"There is no bot {bot!r} in CHAT_BOTS, only: {names}.")
    options = widget_options(bot)
    return {
        "endpoint": f"{endpoint.rstrip('/')}/" if endpoint else find_endpoint(current_app),
        "bot": bot,
        "inline": inline,
        "page": page,
        **_language_attributes(options.get("disclosure", True)),
        "heading": _text(options.get("title")),
        "placeholder": _text(options.get("placeholder")),
        "greeting": _text(options.get("greeting")),
        "suggestions": _list(options.get("suggestions", ())),
        "accent": _text(options.get("accent")),
        "position": _text(options.get("position")),
        "theme": _text(theme or options.get("theme")),
        "logo": _address(options.get("logo")),
        "launcher-label": _text(options.get("launcher_label")),
        "launcher-icon": _address(options.get("launcher_icon")),
        "privacy-url": _text(options.get("privacy_url")),
        "shortcut": _text(options.get("shortcut")),
        "selection": bool(options.get("selection", False)),
        # As text: USE_THOUSAND_SEPARATOR would write 2,000.
        "max-length": str(conf.CHAT_MAX_MESSAGE_LENGTH),
    }


def _language_attributes(disclosure: object) -> Attributes:
    """Return our texts in the language of the page, and the language.

    If our texts are not translated into it, texts and language are English. If no language is
    active, the texts are not translated and `lang` is None.

    Args:
        disclosure: The option of this name: a text, True for the default one, or False for none.
    """
    language = translation.get_language()
    shown = language if language is None or is_translated(language) else "en"
    with translation.override(shown):
        return {
            "lang": language and shown,
            "dir": "rtl" if language and translation.get_language_bidi() else "ltr",
            "strings": strings(),
            "disclosure": _disclosure(disclosure),
        }


def _disclosure(value: object) -> str:
    """Return the text of the option, the default text for True, or "" for a false value."""
    if value is True:
        value = pgettext_lazy("chat", "You are chatting with an AI. It can make mistakes.")
    return str(value or "")


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _list(values: Any) -> str | None:
    """Return the values as a JSON list of texts; None if there are none."""
    texts = [str(value) for value in values]
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":")) if texts else None


def _address(value: object) -> str | None:
    """Return the address of an image, or None for None.

    The value may be an address or the name of a static file.
    """
    if value is None:
        return None
    text = str(value)
    return text if text.startswith(("/", "http:", "https:", "data:")) else static(text)


def render(
    context: TemplateContext,
    request: HttpRequest | None,
    *,
    bot: str | None = None,
    inline: bool = False,
    page: bool = False,
    theme: str | None = None,
    endpoint: str | None = None,
) -> SafeString:
    """Return the HTML of the chat for a page; "" if it can't be shown or the bot is off.

    This never raises, so that an error does not break the page. Errors are logged.

    Args:
        context: The template's context, which may contain a CSP nonce.
        request: The page's request; None in templates that are rendered without one.
        bot: See `attributes`.
        inline: See `attributes`.
        page: See `attributes`.
        theme: See `attributes`.
        endpoint: See `attributes`.
    """
    match = getattr(request, "resolver_match", None)
    current_app = getattr(request, "current_app", None) or getattr(match, "namespace", None)
    try:
        if not endpoint and is_off(bot or None):
            return SafeString("")
        shown = attributes(
            bot=bot or None,
            inline=inline,
            page=page,
            theme=theme or None,
            endpoint=endpoint or None,
            current_app=current_app,
        )
        return _element(shown, inline=inline, nonce=find_nonce(context, request))
    except NoReverseMatch:
        _warn_of_missing_urls()
    except ImproperlyConfigured as error:
        logger.error("The page has no chat. %s", error)
    except ValueError as error:
        # ManifestStaticFilesStorage raises this for files that were not collected.
        logger.error("The page has no chat: run `manage.py collectstatic`. %s", error)
    except Exception:
        # For example, a setting has a wrong type, which `manage.py check` reports.
        logger.exception("The page has no chat")
    return SafeString("")


def _element(shown: Attributes, *, inline: bool, nonce: str | None) -> SafeString:
    """Return the HTML of the element with these attributes, and of its script."""
    html = _html(
        {
            "attributes": {
                name: value
                for name, value in shown.items()
                if value is not None and value is not False
            },
            "inline": inline,
            "inline_height": INLINE_HEIGHT,
            "nonce": nonce,
        }
    )
    # Environment variables that are not UTF-8 become surrogates, which no page can contain.
    return SafeString(storable(html))


_warned: WeakSet[URLResolver] = WeakSet()
"""The URLconfs for which a warning was logged."""


def _warn_of_missing_urls() -> None:
    """Log that the active URLconf lacks the chat, once for each URLconf of the process."""
    resolver = get_resolver(get_urlconf())
    if resolver in _warned:
        return
    _warned.add(resolver)
    logger.warning(
        "The page has no chat: the URLconf %r does not include sitechat.urls. Add "
        'path("api/", include("sitechat.urls")) to it. To use the chat of another host of the '
        'site, write {%% chat_widget endpoint="https://www.example.org/api/chat/" %%}.',
        active_urlconf(),
    )


def _html(data: dict[str, Any]) -> SafeString:
    """Render the template with the site's engines, or with our own if they do not find it."""
    try:
        return render_to_string(TEMPLATE, data)
    except TemplateDoesNotExist:
        # The site's only template engine is Jinja2.
        return _own_engine().get_template(TEMPLATE).render(Context(data))


@cache
def _own_engine() -> Engine:
    return Engine(
        dirs=[str(Path(__file__).parent.parent / "templates")],
        libraries={"static": "django.templatetags.static"},
    )
