"""The options of a bot's widget, such as its title and greeting, and whether the bot is on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.module_loading import import_string

from sitechat.chatbot import resolved_name
from sitechat.conf import conf
from sitechat.conversations import edited_bot_texts


def widget_options(bot: str | None = None) -> Mapping[str, Any]:
    """Return the options of a bot's widget, by name.

    `Chatbot.widget` overrides `CHAT_WIDGET`. A greeting or suggestions that staff have entered in
    the admin override both.

    Args:
        bot: The name of a bot in `CHAT_BOTS`; None for the default one.
    """
    bots, name = conf.CHAT_BOTS, resolved_name(bot)
    own = getattr(import_string(bots[name]), "widget", {}) if name in bots else {}
    edited = edited_bot_texts.cached_texts(name)
    texts: dict[str, Any] = {"greeting": edited.greeting, "suggestions": edited.suggestions}
    return {**conf.CHAT_WIDGET, **own, **{key: text for key, text in texts.items() if text}}


def is_off(bot: str | None = None) -> bool:
    """Return whether staff have switched a bot off.

    Args:
        bot: The name of a bot in `CHAT_BOTS`; None for the default one.
    """
    return not edited_bot_texts.cached_texts(resolved_name(bot)).enabled
