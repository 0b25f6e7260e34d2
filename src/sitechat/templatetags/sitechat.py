"""The template tags that put the chat on a page."""

from __future__ import annotations

from django import template
from django.template.context import Context
from django.utils.safestring import SafeString

from sitechat.http import widget_element

register = template.Library()


@register.simple_tag(takes_context=True)
def chat_widget(
    context: Context,
    bot: str | None = None,
    inline: bool = False,
    endpoint: str | None = None,
    theme: str | None = None,
) -> SafeString:
    """Return the chat: a bubble in the corner or, with `inline=True`, a box in the page.

    The tag sets no cookie, reads no session and needs no inline script or style. The script has
    the page's CSP nonce, which comes from Django or django-csp. If the chat can't be shown, the
    page is rendered without it, and the reason is logged.

    Args:
        context: The context of the template.
        bot: A name in CHAT_BOTS; by default the default bot.
        inline: Whether the chat is a box in the page instead of a bubble over it.
        endpoint: The URL of `chat/` on another host of the site, such as
            `https://www.example.org/api/chat/`; by default the one in the current URLconf.
        theme: "light", "dark" or "auto"; by default the setting.
    """
    return widget_element.render(
        context, context.get("request"), bot=bot, inline=inline, endpoint=endpoint, theme=theme
    )


@register.simple_tag(takes_context=True)
def chat_page(
    context: Context,
    bot: str | None = None,
    endpoint: str | None = None,
    theme: str | None = None,
) -> SafeString:
    """Return the chat as a full page, as high as the screen.

    The arguments, and what happens if the chat can't be shown, are as for `chat_widget`.
    """
    return widget_element.render(
        context, context.get("request"), bot=bot, page=True, endpoint=endpoint, theme=theme
    )
