"""Check the bots' tools and MCP servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.utils.translation import gettext as _

from sitechat.chatbot import Chatbot, usable_bots
from sitechat.conversations.mcp_server_options import problem_of_server
from sitechat.tools import Tool
from sitechat.tools.argument_validation import SignatureParameters
from sitechat.tools.schema_limits import problem_of


def _how_to_write() -> str:
    return _("Write tools = [order_status], with functions that are decorated with @sitechat.tool.")


def check_tools(**kwargs: Any) -> Iterator[CheckMessage]:
    """E040, W040: a tool of a bot can't be offered to Claude, or has no description."""
    for bot in usable_bots():
        yield from _tools_of(bot)


def _tools_of(bot: Chatbot) -> Iterator[CheckMessage]:
    try:
        tools = bot.tools
    except Exception as error:
        message = _("The tools of the bot %(bot)r raise %(error)r.")
        yield _error(message % {"bot": bot.name, "error": error}, _how_to_write())
        return
    if isinstance(tools, str) or not isinstance(tools, Sequence):
        message = _("The tools of the bot %(bot)r are %(tools)r, which is not a list.")
        yield _error(message % {"bot": bot.name, "tools": tools}, _how_to_write())
        return
    names = _site_tools() if tools else set()
    for tool in tools:
        if not isinstance(tool, Tool):
            message = _("The tools of the bot %(bot)r contain %(tool)r, which is not a tool.")
            yield _error(message % {"bot": bot.name, "tool": tool}, _how_to_write())
            continue
        if tool.name in names:
            yield _error(
                _("The bot %(bot)r has two tools with the name %(tool)r.")
                % {"bot": bot.name, "tool": tool.name},
                _('Give one of them another name: @tool(name="…").'),
            )
        names.add(tool.name)
        yield from _tool(bot.name, tool)


def _site_tools() -> set[str]:
    """Return the names of the chat's own tools."""
    # Imported here to keep the start fast: these tools import the search, and the check needs them
    # only for bots with tools of the site.
    from sitechat.conversations.search_tools import SITE_TOOLS

    return {tool.name for tool in SITE_TOOLS}


def check_mcp_servers(**kwargs: Any) -> Iterator[CheckMessage]:
    """E041: a bot has an MCP server that can't be used, or the package `mcp` is missing."""
    for bot in usable_bots():
        try:
            servers = bot.mcp_servers
        except Exception as error:
            yield _mcp_error(bot.name, _("the list of servers"), repr(error))
            continue
        if not servers:
            continue
        if isinstance(servers, (str, Mapping)) or not isinstance(servers, Sequence):
            yield _mcp_error(bot.name, _("the list of servers"), _("it must be a list of dicts"))
            continue
        if any(find_spec(name) is None for name in ("mcp", "jsonschema")):
            yield Error(
                _("The bot %(bot)r has MCP servers, and the package mcp is not installed.")
                % {"bot": bot.name},
                hint='pip install "django-sitechat[mcp]"',
                id="sitechat.E041",
            )
        for number, problem in enumerate(map(problem_of_server, servers), 1):
            if problem:
                yield _mcp_error(bot.name, _("number %(number)s") % {"number": number}, problem)


def _mcp_error(bot: str, server: str, problem: str) -> Error:
    return Error(
        _("An MCP server of the bot %(bot)r can't be used (%(server)s): %(problem)s.")
        % {"bot": bot, "server": server, "problem": problem},
        hint='Write {"url": "https://…", "headers": {…}, "tools": [names], "read_only": [names]}.',
        id="sitechat.E041",
    )


def _tool(bot: str, tool: Tool) -> Iterator[CheckMessage]:
    problem = _schema_problem(tool)
    if problem:
        yield _error(
            _("The tool %(tool)r of the bot %(bot)r can't be used: it %(problem)s.")
            % {"tool": tool.name, "bot": bot, "problem": problem},
            _(
                "Annotate its parameters with types that JSON can hold, such as str, "
                "int, bool, Literal, date or list[str]."
            ),
        )
    if not (tool.description or tool.function.__doc__ or "").strip():
        yield Warning(
            _("The tool %(tool)r of the bot %(bot)r has no docstring.")
            % {"tool": tool.name, "bot": bot},
            hint=_("Say in it what the tool does and when to use it: Claude knows nothing else."),
            id="sitechat.W040",
        )


def _schema_problem(tool: Tool) -> str:
    """Return why the schema of the tool's parameters can't be sent to Claude; "" if it can.

    The reason is a clause with the tool as its subject. If the tool has no schema, only parameters
    from a function's signature are checked.
    """
    if tool.schema is not None:
        return problem_of(tool.schema)
    parameters = tool.parameters
    if not isinstance(parameters, SignatureParameters):
        return ""
    try:
        for name, adapter in parameters.adapters.items():
            of_parameter = adapter.json_schema()
            # pydantic puts `$defs` into the schema of a parameter; they must be at the root.
            definitions = of_parameter.pop("$defs", {})
            schema = {
                "type": "object",
                "properties": {name: of_parameter},
                "$defs": definitions,
            }
            if problem := problem_of(schema):
                return problem
    except Exception as error:  # from pydantic, or from the site's own types
        return _("has parameters that can't be validated (%(type)s: %(error)s)") % {
            "type": type(error).__name__,
            "error": error,
        }
    return ""


def _error(message: str, hint: str) -> Error:
    return Error(message, hint=hint, id="sitechat.E040")


CHECKS = (check_tools, check_mcp_servers)
