"""The chat on pages that Jinja2 renders: `{{ chat_widget() }}`.

Add the function to the globals of the site's environment:

    def environment(**options):
        env = jinja2.Environment(**options)
        env.globals["chat_widget"] = sitechat.jinja2.chat_widget
        return env
"""

from __future__ import annotations

from django.utils.safestring import SafeString
from jinja2 import pass_context
from jinja2.runtime import Context

from sitechat.http import widget_element


@pass_context
def chat_widget(
    context: Context,
    bot: str | None = None,
    inline: bool = False,
    endpoint: str | None = None,
    theme: str | None = None,
) -> SafeString:
    """Return the HTML of the chat, like `{% chat_widget %}`; "" if the page can't have a chat.

    Args:
        context: The template's context.
        bot: A name in CHAT_BOTS; None for the default bot.
        inline: Whether the chat is part of the page instead of floating above it.
        endpoint: The address of `chat/` on another host of the site; None for this host.
        theme: "light", "dark" or "auto"; None for `CHAT_WIDGET["theme"]`.
    """
    return widget_element.render(
        context, context.get("request"), bot=bot, inline=inline, endpoint=endpoint, theme=theme
    )
