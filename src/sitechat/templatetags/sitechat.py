"""`{% load sitechat %}{% chat_widget %}`: the chat on a page."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from sitechat import widget

register = template.Library()


@register.inclusion_tag("sitechat/widget.html", takes_context=True)
def chat_widget(context: Context, bot: str | None = None, inline: bool = False) -> dict[str, Any]:
    """The chat: a bubble in the corner, or, with `inline=True`, a box where the tag stands.

    `bot` names one of CHAT_BOTS. The tag sets no cookie, reads no session and needs no inline
    script or style. Where the page has a CSP nonce (`csp_nonce` of Django's context processor, or
    django-csp's `request.csp_nonce`), the script carries it.
    """
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    current_app = getattr(request, "current_app", None) or getattr(match, "namespace", None)
    attributes = widget.attributes(bot=bot or None, inline=inline, current_app=current_app)
    return {
        "attributes": {
            name: value
            for name, value in attributes.items()
            if value is not None and value is not False
        },
        "inline": inline,
        "inline_height": widget.INLINE_HEIGHT,
        "nonce": context.get("csp_nonce") or getattr(request, "csp_nonce", None),
    }
