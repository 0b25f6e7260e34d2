"""Validation of the structure of tools, system prompts, messages and blocks.

All functions raise `Refused` with the error of the API if a value is invalid. Parameters that a
request need not have may be None.
"""

from __future__ import annotations

import re
from typing import Any

from sitechat.standin.api_errors import invalid_request
from sitechat.standin.catalog import Model
from sitechat.standin.request_content import Json
from sitechat.standin.simulated_cache import NOT_CACHEABLE

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
MAX_USER_ID = 256
"""Maximum characters of `metadata.user_id`."""
_TOOL_FIELDS = {
    "name",
    "description",
    "input_schema",
    "type",
    "cache_control",
    "strict",
    "input_examples",
    "allowed_callers",
    "defer_loading",
    "eager_input_streaming",
}
_FIELDS: dict[str, tuple[set[str], set[str]]] = {  # by type of block: allowed, and required
    "text": ({"text", "citations"}, {"text"}),
    "search_result": ({"source", "title", "content", "citations"}, {"source", "title", "content"}),
    "tool_result": (
        {"tool_use_id", "content", "is_error", "toolset_name"},
        {"tool_use_id"},
    ),
    "tool_use": ({"id", "name", "input", "caller", "toolset_name"}, {"id", "name", "input"}),
    "thinking": ({"thinking", "signature"}, {"thinking", "signature"}),
    "redacted_thinking": ({"data"}, {"data"}),
    "image": ({"source"}, {"source"}),
    "document": ({"source", "title", "context", "citations"}, {"source"}),
}
_BY_ROLE = {  # the types of blocks that a message may have, by its role
    "user": {"text", "search_result", "tool_result", "image", "document"},
    "assistant": {"text", "tool_use", "thinking", "redacted_thinking"},
    "system": {"text"},
}
_IN_TOOL_RESULT = {"text", "search_result", "image", "document"}


def check_object(value: Any, path: str, allowed: set[str], required: set[str]) -> None:
    """Check that `value` is an object with all required fields, and without others than allowed."""
    if not isinstance(value, dict):
        raise invalid_request(f"{path}: Input should be an object")
    for name in sorted(required):
        if name not in value:
            raise invalid_request(f"{path}.{name}: Field required")
    for name in value:
        if name not in allowed:
            raise invalid_request(f"{path}.{name}: Extra inputs are not permitted")


def check_metadata(metadata: Any) -> None:
    """Raise if `metadata` is malformed."""
    if metadata is None:
        return
    check_object(metadata, "metadata", {"user_id"}, set())
    user_id = metadata.get("user_id")
    if user_id is not None and not isinstance(user_id, str):
        raise invalid_request("metadata.user_id: Input should be a valid string")
    if user_id is not None and len(user_id) > MAX_USER_ID:
        raise invalid_request(
            f"metadata.user_id: String should have at most {MAX_USER_ID} characters"
        )


def check_stop_sequences(sequences: Any) -> None:
    """Raise if `stop_sequences` is malformed."""
    if sequences is None:
        return
    if not isinstance(sequences, list) or not all(isinstance(each, str) for each in sequences):
        raise invalid_request("stop_sequences: Input should be a list of strings")
    if not all(each.strip() for each in sequences):
        raise invalid_request("stop_sequences: each stop sequence must contain non-whitespace")


def check_cache_control(mark: Any, path: str) -> None:
    """Raise if a `cache_control` is malformed."""
    if mark is None:
        return
    check_object(mark, path, {"type", "ttl"}, {"type"})
    if mark["type"] != "ephemeral":
        raise invalid_request(f"{path}.type: Input should be 'ephemeral'")
    if mark.get("ttl", "5m") not in ("5m", "1h"):
        raise invalid_request(f"{path}.ttl: Input should be '5m' or '1h'")


def check_system(system: Any) -> None:
    """Raise if `system` is malformed."""
    if system is None or isinstance(system, str):
        return
    if not isinstance(system, list):
        raise invalid_request("system: Input should be a string or a list of text blocks")
    for index, block in enumerate(system):
        _check_block(block, f"system.{index}", {"text"}, "system")


def check_tools(tools: Any) -> None:
    """Raise if `tools` is malformed.

    Only the name and `cache_control` of the API's own tools are checked.
    """
    if tools is None:
        return
    if not isinstance(tools, list):
        raise invalid_request("tools: Input should be a valid list")
    names: set[str] = set()
    for index, tool in enumerate(tools):
        path = f"tools.{index}"
        if not isinstance(tool, dict):
            raise invalid_request(f"{path}: Input should be an object")
        name = tool.get("name")
        if name is None:
            raise invalid_request(f"{path}.name: Field required")
        if tool.get("type") in (None, "custom"):
            check_object(tool, path, _TOOL_FIELDS, {"name", "input_schema"})
            schema = tool["input_schema"]
            if not isinstance(schema, dict) or schema.get("type") != "object":
                raise invalid_request(f"{path}.custom.input_schema.type: Input should be 'object'")
        if not isinstance(name, str) or not TOOL_NAME.fullmatch(name):
            raise invalid_request(
                f"{path}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'"
            )
        if name in names:
            raise invalid_request("tools: Tool names must be unique.")
        names.add(name)
        check_cache_control(tool.get("cache_control"), f"{path}.cache_control")


def check_messages(messages: list[Any], model: Model) -> None:
    """Raise if `messages` is malformed or not accepted by the model."""
    for number, message in enumerate(messages):
        path = f"messages.{number}"
        check_object(message, path, {"role", "content"}, {"role", "content"})
        role = message["role"]
        if role == "system" and not model.system_messages:
            raise invalid_request(
                f'{path}.role: "system" is not supported for this model; '
                "use the top-level `system` parameter"
            )
        if not isinstance(role, str) or role not in _BY_ROLE:
            raise invalid_request(f"{path}.role: Input should be 'user' or 'assistant'")
        if number == 0 and role != "user":
            raise invalid_request('messages: first message must use the "user" role')
        _check_content(message["content"], path, role, last=number == len(messages) - 1)


def _check_content(content: Any, path: str, role: str, *, last: bool) -> None:
    if not isinstance(content, (str, list)):
        raise invalid_request(f"{path}.content: Input should be a string or a list of blocks")
    if not content:
        raise invalid_request(f"{path}: all messages must have non-empty content")
    if isinstance(content, str):
        _check_text(content, "messages")
        _check_trailing(content, role, last=last)
        return
    for index, block in enumerate(content):
        _check_block(block, f"{path}.content.{index}", _BY_ROLE[role], role)
    if content[-1]["type"] == "text":
        _check_trailing(content[-1]["text"], role, last=last)


def _check_trailing(text: str, role: str, *, last: bool) -> None:
    if last and role == "assistant" and text != text.rstrip():
        raise invalid_request(
            "messages: final assistant content cannot end with trailing whitespace"
        )


def _check_text(text: Any, path: str) -> None:
    if not isinstance(text, str):
        raise invalid_request(f"{path}: Input should be a valid string")
    if not text:
        raise invalid_request(f"{path}: text content blocks must be non-empty")
    if not text.strip():
        raise invalid_request(f"{path}: text content blocks must contain non-whitespace text")


def _check_block(block: Any, path: str, kinds: set[str], role: str) -> None:
    """Raise if a block is malformed or of another type than `kinds`. `role` is for the message."""
    if not isinstance(block, dict):
        raise invalid_request(f"{path}: Input should be an object")
    kind = block.get("type")
    if kind is None:
        raise invalid_request(f"{path}.type: Field required")
    if not isinstance(kind, str) or kind not in kinds:
        raise invalid_request(
            f"{path}: Input tag '{kind}' does not match any of the expected tags of a block in "
            f"this place ({role}): {', '.join(sorted(kinds))}"
        )
    allowed, required = _FIELDS[kind]
    check_object(block, f"{path}.{kind}", allowed | {"type", "cache_control"}, required)
    check_cache_control(block.get("cache_control"), f"{path}.cache_control")
    if block.get("cache_control") and kind in NOT_CACHEABLE:
        raise invalid_request(f"{path}.{kind}.cache_control: Extra inputs are not permitted")
    if kind == "text":
        _check_text(block["text"], path.split(".")[0])
        _check_text_citations(block.get("citations"), f"{path}.text.citations")
    elif kind == "search_result":
        _check_search_result(block, path)
    elif kind == "tool_result":
        _check_tool_result(block, path)
    elif kind == "tool_use":
        if not isinstance(block["input"], dict):
            raise invalid_request(f"{path}.tool_use.input: Input should be a valid dictionary")
        if not isinstance(block["id"], str):
            raise invalid_request(f"{path}.tool_use.id: Input should be a valid string")
        if not isinstance(block["name"], str) or not TOOL_NAME.fullmatch(block["name"]):
            raise invalid_request(
                f"{path}.tool_use.name: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'"
            )


def _check_text_citations(citations: Any, path: str) -> None:
    if citations is None:
        return
    if not isinstance(citations, list) or not all(isinstance(each, dict) for each in citations):
        raise invalid_request(f"{path}: Input should be a list of objects")
    for index, each in enumerate(citations):
        if "type" not in each:
            raise invalid_request(f"{path}.{index}.type: Field required")


def _check_search_result(block: Json, path: str) -> None:
    for name in ("source", "title"):
        if not isinstance(block[name], str):
            raise invalid_request(f"{path}.search_result.{name}: Input should be a valid string")
    content = block["content"]
    if not isinstance(content, list) or not content:
        raise invalid_request(f"{path}.search_result.content: Input should be a non-empty list")
    for index, part in enumerate(content):
        _check_block(part, f"{path}.search_result.content.{index}", {"text"}, "search result")
    if block.get("citations") is not None:
        check_object(block["citations"], f"{path}.citations", {"enabled"}, set())


def _check_tool_result(block: Json, path: str) -> None:
    if not isinstance(block["tool_use_id"], str):
        raise invalid_request(f"{path}.tool_result.tool_use_id: Input should be a valid string")
    content = block.get("content")
    if content is None or isinstance(content, str):
        return
    if not isinstance(content, list):
        raise invalid_request(
            f"{path}.tool_result.content: Input should be a string or a list of blocks"
        )
    for index, part in enumerate(content):
        _check_block(part, f"{path}.tool_result.content.{index}", _IN_TOOL_RESULT, "tool result")
    kinds = {part["type"] for part in content}
    if "search_result" in kinds and len(kinds) > 1:
        raise invalid_request(
            f"{path}.tool_result: if any blocks in a tool result are of type search_result, all "
            "blocks must be of that type"
        )
    if block.get("is_error") and any(part["type"] != "text" for part in content):
        raise invalid_request(f"{path}.tool_result: content must be text if `is_error` is true")
