"""The answers to messages of the Model Context Protocol (MCP), from the site's public pages.

Each message is answered independently: there are no sessions and no streams.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sitechat.knowledge.searching import Found, open_page, search

VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
"""The supported versions of the protocol. The messages of this module are the same in all."""
BATCH_VERSION = "2025-03-26"
"""The only version with batches. Clients of this version send no MCP-Protocol-Version header."""
MAX_BATCH = 20
"""Maximum number of messages in a batch."""
MAX_RESULTS = 20
"""Maximum number of passages that the tool `search` returns."""
PASSAGES_PER_PART = 20
"""Maximum number of passages in one part of a page."""
MAX_QUERY_LENGTH = 2000
"""Maximum characters of a query. The rest is ignored."""

_PARSE_ERROR, _INVALID, _NO_METHOD, _BAD_PARAMETERS = -32700, -32600, -32601, -32602

TOOLS = [
    {
        "name": "search",
        "title": "Search this website",
        "description": "Searches the public pages of this website and returns passages of them.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "query": {"type": "string", "description": "A question or words."},
                "limit": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MAX_RESULTS,
                    "description": "How many passages to return; 10 by default.",
                },
                "language": {
                    "type": "string",
                    "description": 'A language, such as "de", for pages in several languages.',
                },
            },
            "required": ["query"],
        },
        "annotations": {"readOnlyHint": True, "openWorldHint": False},
    },
    {
        "name": "open_page",
        "title": "Open a page of this website",
        "description": "Returns the text of a public page of this website, in parts if it is long.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "url": {"type": "string", "description": "The address, as search returns it."},
                "part": {
                    "type": "integer",
                    "minimum": 1,
                    "description": "Which part of a long page to return; 1 by default.",
                },
            },
            "required": ["url"],
        },
        "annotations": {"readOnlyHint": True, "openWorldHint": False},
    },
]

Link = Callable[[str], str]
"""A callable that returns the absolute URL of a stored address."""


class _Failure(Exception):
    """A message that can't be answered, with an error code of JSON-RPC."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def answer(message: object, name: str, link: Link) -> dict[str, Any] | None:
    """Return the answer to a message; None if it needs no answer.

    Args:
        message: The parsed message of a client; None if the body is not JSON.
        name: The name of the site.
        link: Returns the absolute URL of a stored address.

    Returns:
        A JSON-RPC response with a result or an error, as an object for JSON.
    """
    if message is None:
        return _error(None, _PARSE_ERROR, "The body is not JSON.")
    if not isinstance(message, Mapping) or message.get("jsonrpc") != "2.0":
        return _error(None, _INVALID, "Send one JSON-RPC 2.0 message at a time.")
    method, identifier = message.get("method"), message.get("id")
    if not isinstance(method, str):
        if "result" in message or "error" in message:
            return None  # the response to a request that this server never sends
        return _error(identifier, _INVALID, "The message has no method.")
    if "id" not in message:
        return None
    if not isinstance(identifier, (str, int)) or isinstance(identifier, bool):
        return _error(None, _INVALID, "The id must be a string or a whole number.")
    parameters = message.get("params", {})
    if not isinstance(parameters, Mapping):
        return _error(identifier, _BAD_PARAMETERS, "params must be an object.")
    try:
        result = _result(method, parameters, name, link)
    except _Failure as failure:
        return _error(identifier, failure.code, str(failure))
    return {"jsonrpc": "2.0", "id": identifier, "result": result}


def answer_batch(messages: list[Any], name: str, link: Link) -> list[dict[str, Any]] | None:
    """Return the answers to the messages of a batch; None if none of them needs an answer.

    Args:
        messages: The parsed messages of a client.
        name: The name of the site.
        link: Returns the absolute URL of a stored address.
    """
    answers = [
        _error(None, _INVALID, "A batch has no messages that are null.")
        if message is None
        else answer(message, name, link)
        for message in messages
    ]
    return [each for each in answers if each is not None] or None


def _error(identifier: object, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identifier, "error": {"code": code, "message": message}}


def _result(method: str, parameters: Mapping[str, Any], name: str, link: Link) -> dict[str, Any]:
    if method == "initialize":
        requested = parameters.get("protocolVersion")
        return {
            "protocolVersion": requested if requested in VERSIONS else VERSIONS[-1],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "django-sitechat", "title": name, "version": _version()},
            "instructions": f"The public pages of {name}.",
        }
    if method == "ping":
        return {}
    if method == "tools/list":
        return {"tools": TOOLS}
    if method == "tools/call":
        return _call(parameters, link)
    raise _Failure(_NO_METHOD, "There is no such method.")


def _call(parameters: Mapping[str, Any], link: Link) -> dict[str, Any]:
    arguments = parameters.get("arguments", {})
    if not isinstance(arguments, Mapping):
        raise _Failure(_BAD_PARAMETERS, "arguments must be an object.")
    tool = {"search": _search, "open_page": _open}.get(str(parameters.get("name")))
    if tool is None:
        raise _Failure(_BAD_PARAMETERS, "There is no such tool: use search or open_page.")
    return tool(arguments, link)


def _search(arguments: Mapping[str, Any], link: Link) -> dict[str, Any]:
    query = arguments.get("query")
    if not isinstance(query, str) or not query.strip():
        return _failed('"query" must be a string of words to search for.')
    limit = _number(arguments.get("limit", 10))
    if limit is None or limit > MAX_RESULTS:
        return _failed(f'"limit" must be a whole number from 1 to {MAX_RESULTS}.')
    language = arguments.get("language", "")
    if not isinstance(language, str):
        return _failed('"language" must be a string, such as "de".')
    passages = search(query[:MAX_QUERY_LENGTH], user=None, language=language[:35], limit=limit)
    results = [_result_object(passage, link) for passage in passages]
    text = "\n\n".join(map(_as_text, results)) or "No page of the site matches these words."
    return {
        "content": [{"type": "text", "text": text}],
        "structuredContent": {"results": results},
        "isError": False,
    }


def _open(arguments: Mapping[str, Any], link: Link) -> dict[str, Any]:
    url = arguments.get("url")
    if not isinstance(url, str):
        return _failed('"url" must be the address of a page of this website.')
    part = _number(arguments.get("part", 1))
    if part is None:
        return _failed('"part" must be a whole number; the first part is 1.')
    page = open_page(url, user=None)
    if not page:
        return _failed("The site has no such page.")
    parts = -(-len(page) // PASSAGES_PER_PART)
    if part > parts:
        return _failed(f"The page has {parts} parts.")
    passages = page[(part - 1) * PASSAGES_PER_PART : part * PASSAGES_PER_PART]
    results = [_result_object(passage, link) for passage in passages]
    text = "\n\n".join(map(_as_text, results))
    if part < parts:
        text += f"\n\nThis is part {part} of {parts}."
    content = {
        "url": results[0]["url"],
        "title": results[0]["title"],
        "part": part,
        "parts": parts,
        "text": "\n\n".join(passage.text for passage in passages),
    }
    return {
        "content": [{"type": "text", "text": text}],
        "structuredContent": content,
        "isError": False,
    }


def _failed(message: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": message}], "isError": True}


def _number(value: object) -> int | None:
    """Return the value if it is a positive integer, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 1 else None


def _result_object(passage: Found, link: Link) -> dict[str, Any]:
    return {
        "title": passage.title,
        "headings": list(passage.headings),
        "url": link(passage.url),
        "text": passage.text,
    }


def _as_text(result: Mapping[str, Any]) -> str:
    where = " > ".join([result["title"], *result["headings"]])
    return f"{where}\n{result['url']}\n{result['text']}"


def _version() -> str:
    try:
        return version("django-sitechat")
    except PackageNotFoundError:
        return "0"
