"""The tools that Claude is offered for one message: built-in ones and the site's own.

All are `sitechat.tools.Tool`. They differ only in the first argument of their functions: the site's
own functions get the visitor's request, built-in ones get an object to work with.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from typing import Any

from django.utils.translation import gettext_lazy as _

from sitechat.chatbot import Chatbot
from sitechat.claude.answer_parts import ToolCall
from sitechat.claude.messages import text_block, without_tags
from sitechat.claude.tool_schemas import definition
from sitechat.conversations import built_in_tools, mcp_tools
from sitechat.conversations.built_in_tools import OfferedTool
from sitechat.conversations.search_tools import SITE_TOOLS, SitePassages, SiteSearch
from sitechat.conversations.visit import Visit
from sitechat.engine.tool_interface import PreparedCall, ToolRefused, ToolResult, VisitorOffer
from sitechat.knowledge.index import current as current_index
from sitechat.models import SiteState
from sitechat.runtime import request_steps
from sitechat.runtime.safe_logging import get_logger
from sitechat.tools import InvalidArguments, Tool, UnusableResult, result_text
from sitechat.tools.confirmation_questions import question_of

logger = get_logger("sitechat.tools")

NO_SUCH_TOOL = "There is no such tool."

FAILED = (
    "The tool failed (ref {ref}). Nothing else is known about it. Do not guess its result: tell "
    "the visitor that it did not work."
)

UNUSABLE = "The tool has run, but its result can't be read (ref {ref}). Do not guess it."

OUTPUT = '<tool_output tool="{name}">\n{text}\n</tool_output>'
"""The form in which Claude gets the result of a tool: inside a tag that the result can't close."""


def _site_search(visit: Visit, bot: Chatbot, site: SiteState | None) -> Iterable[OfferedTool]:
    """Yield the tools that search and read the site's pages.

    Yield nothing if `Chatbot.search` is off, or if no pages are indexed.
    """
    if not bot.search or current_index(site) is None:
        return
    search = SiteSearch(
        user=visit.user,
        language=visit.language,
        citations=bot.citations,
        prefix=visit.prefix,
        sources=bot.sources,
        bot=bot.name,
    )
    for tool in SITE_TOOLS:
        yield OfferedTool(tool, search)


def offer(visit: Visit, bot: Chatbot, site: SiteState | None = None) -> OfferedTools:
    """Return the tools for a message. They act with the permissions of the visitor.

    There are no tools if `Chatbot.max_tool_rounds` is 0. If two tools have the same name, the
    built-in tool is offered, or else the first one.

    Args:
        visit: The visitor who sends the message.
        bot: The bot that is asked.
        site: The state of the site's content; None to read it.
    """
    if bot.max_tool_rounds < 1:
        return OfferedTools(())
    offered = [*_site_search(visit, bot, site), *built_in_tools.tools(visit, bot)]
    offered += [OfferedTool(tool, visit.request) for tool in bot.tools if isinstance(tool, Tool)]
    offered += [OfferedTool(tool, visit.request) for tool in mcp_tools.tools_of(bot)]
    return OfferedTools(offered)


class OfferedTools:
    """The tools of one message, for the engine."""

    def __init__(self, offered: Iterable[OfferedTool]) -> None:
        self._by_name: dict[str, OfferedTool] = {}
        for each in offered:
            self._by_name.setdefault(each.tool.name, each)

    @cached_property
    def definitions(self) -> Sequence[dict[str, Any]]:
        """The definitions of the tools for Claude.

        A tool that can't be defined is logged and left out. Calls of such a tool are refused.
        """
        definitions = {name: _definition(each.tool) for name, each in self._by_name.items()}
        self._by_name = {name: each for name, each in self._by_name.items() if definitions[name]}
        return [each for each in definitions.values() if each]

    def prepare(self, call: ToolCall) -> PreparedCall:
        """Validate a call of Claude, and return it ready to run.

        Raises:
            ToolRefused: There is no such tool, its arguments are wrong, or code of the site has
                failed. The message is for Claude.
        """
        offered = self._by_name.get(call.name)
        if offered is None:
            raise ToolRefused(NO_SUCH_TOOL)
        tool = offered.tool
        try:
            arguments = tool.parameters.parse(call.input)
            question = ""
            if tool.confirm:
                question = question_of(tool.confirm, arguments, tool.parameters.defaults)
        except InvalidArguments as error:
            raise ToolRefused(str(error)) from None
        except BaseException as error:
            raise ToolRefused(FAILED.format(ref=_log_failure(tool, error))) from None
        return PreparedCall(
            name=tool.name,
            arguments=call.input,
            phase=tool.phase,
            status=tool.status or _("One moment…"),
            timeout=tool.timeout,
            question=question,
            run=partial(_run, offered, arguments),
        )


def _definition(tool: Tool) -> dict[str, Any] | None:
    """Return the definition of a tool; None, with a log line, if it can't be defined."""
    try:
        return definition(tool)
    except Exception as error:
        logger.error("Claude is not offered the tool %s: %s", tool.name, error)
        return None


def _run(offered: OfferedTool, arguments: dict[str, Any], passages_sent: int) -> ToolResult:
    """Run a tool on this thread, and return its value or its exception as a result for Claude.

    Args:
        offered: The tool.
        arguments: Its valid arguments.
        passages_sent: The number of passages that Claude has got before.
    """
    tool = offered.tool
    try:
        value = request_steps.call_site_code(
            partial(tool.function, offered.subject, **arguments), timeout=tool.timeout
        )
    except ToolRefused as refused:
        return ToolResult.of_failure(str(refused))
    except BaseException as error:  # also SystemExit, which would end the process
        return ToolResult.of_failure(FAILED.format(ref=_log_failure(tool, error)))
    try:
        if isinstance(value, SitePassages):
            return value.as_result(passages_sent)
        if isinstance(value, VisitorOffer):
            return ToolResult([text_block(value.words)], [], offer=value.kind)
        text = without_tags(result_text(value))
    except UnusableResult as error:
        return ToolResult.of_failure(UNUSABLE.format(ref=_log_failure(tool, error)))
    return ToolResult([text_block(OUTPUT.format(name=tool.name, text=text))], [])


def _log_failure(tool: Tool, error: BaseException) -> str:
    """Log an exception of a tool, and return the `ref` of the log line."""
    ref = secrets.token_hex(4)
    logger.error("The tool %s failed, ref %s", tool.name, ref, exc_info=error, extra={"ref": ref})
    return ref
