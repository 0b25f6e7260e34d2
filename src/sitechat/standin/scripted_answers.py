"""Scripted answers of the stand-in, and records of the requests that it received."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from math import inf
from typing import Any, Literal, get_args

End = Literal["stop", "error", "drop", "hang", "cut"]
StopReason = Literal[
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
]


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_delay(value: Any) -> bool:
    if value is None:
        return True
    return (_is_whole(value) or isinstance(value, float)) and 0 <= value < inf


def _is_list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, (list, tuple)) and all(map(fits, value))


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _is_call(value: Any) -> bool:
    if not _is_object(value):
        return False
    name = value.get("name")
    return isinstance(name, str) and bool(name) and _is_object(value.get("input"))


def _is_header(value: object) -> bool:
    return isinstance(value, str) and value.isprintable()


VALID_VALUES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "text": (
        lambda value: isinstance(value, str) or _is_list_of(lambda d: isinstance(d, str))(value),
        "a string and a list of strings",
    ),
    "chunk": (
        lambda value: value is None or (_is_whole(value) and value >= 1),
        "1 and more characters",
    ),
    "thinking": (_is_text, "a string and None"),
    "tool_use": (_is_list_of(_is_call), 'lists of {"name": ..., "input": {}}'),
    "citations": (
        _is_list_of(lambda each: _is_object(each) or (_is_whole(each) and each >= 0)),
        "lists of whole citations and of indexes from 0",
    ),
    "blocks": (
        lambda value: value is None or _is_list_of(_is_object)(value),
        "lists of content blocks and None",
    ),
    "stop_reason": (
        lambda value: value is None or value in get_args(StopReason),
        ", ".join(get_args(StopReason)),
    ),
    "category": (_is_text, "a string and None"),
    "usage": (_is_object, "an object"),
    "first_delay": (_is_delay, "0 and more seconds"),
    "delay": (_is_delay, "0 and more seconds"),
    "hold_after": (
        lambda value: value is None or (_is_whole(value) and value >= 0),
        "0 and more deltas",
    ),
    "end": (lambda value: value in get_args(End), ", ".join(get_args(End))),
    "before_headers": (lambda value: isinstance(value, bool), "True and False"),
    "status": (
        lambda value: _is_whole(value) and (value == 200 or 400 <= value <= 599),
        "200 and 400 to 599",
    ),
    "error_type": (_is_text, "a string and None"),
    "message": (_is_text, "a string and None"),
    "headers": (
        lambda value: (
            _is_object(value) and all(_is_header(part) for pair in value.items() for part in pair)
        ),
        "an object of strings without line breaks",
    ),
    "details": (lambda value: value is None or _is_object(value), "an object and None"),
}
"""For each attribute of `Answer`: whether a value is valid, and the valid values in words."""


@dataclass(frozen=True)
class Answer:
    """A scripted answer to one valid request.

    An invalid request gets an error and does not use up an answer. A request to count tokens does
    not use up an answer either.

    Raises:
        ValueError: A value is not valid, or has the wrong type.
    """

    text: str | Sequence[str] = ""
    """The text of the answer. A string is cut into deltas by `chunk`; a list has the deltas."""
    chunk: int | None = None
    """Characters per delta; by default a delta is a word."""
    thinking: str | None = None
    """The text of a thinking block before the answer; `""` for a block without visible text."""
    tool_use: Sequence[Mapping[str, Any]] = ()
    """Tools that Claude calls after the text: `{"name": ..., "input": {...}}`, with or without
    `"id"`. The stop reason is then `tool_use`."""
    citations: Sequence[int | Mapping[str, Any]] = ()
    """The citations of the text. An index stands for a search result of the request, which is cited
    from its first to its last block. Other citations are sent unchanged."""
    blocks: Sequence[Mapping[str, Any]] | None = None
    """Content blocks in the form of the API, instead of text, thinking and tools."""
    stop_reason: StopReason | None = None
    """By default `max_tokens` if the answer is too long, `stop_sequence` if it contains one,
    `tool_use` if it ends with a tool call, else `end_turn`."""
    category: str | None = None
    """With the stop reason `refusal`: the policy area in `stop_details`, such as `cyber`. If the
    request has `fallbacks`, the fallback model gives the next answer of the script."""
    usage: Mapping[str, Any] = field(default_factory=dict)
    """Token counts to report instead of the counted ones."""

    first_delay: float | None = None
    """Seconds until the first delta; by default the stand-in's."""
    delay: float | None = None
    """Seconds between two deltas; by default the stand-in's."""
    hold_after: int | None = None
    """Number of deltas after which to wait for `release()`; with 0, before the first delta.

    If the answer has fewer deltas, it waits after the last delta. An answer without streaming waits
    before the response."""

    end: End = "stop"
    """How the answer ends after its text: `stop` (normally), `error` (with an error event),
    `drop` (the connection is closed), `hang` (nothing is sent until the client disconnects) or
    `cut` (the stream ends normally, but without `message_stop`). Without streaming, `error` is an
    HTTP error, and nothing is sent with `drop`, `hang` (until the client disconnects) and `cut`."""
    before_headers: bool = False
    """With `drop` or `hang`: whether nothing is sent, not even the status."""

    status: int = 200
    """The HTTP status; any other than 200 is an error."""
    error_type: str | None = None
    """The type of an HTTP error or error event; by default the usual type of the status, and with
    `end="error"` `overloaded_error`."""
    message: str | None = None
    """The message of an HTTP error or error event."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Additional headers of the response, such as `{"retry-after": "30"}`."""
    details: Mapping[str, Any] | None = None
    """The details of an HTTP error, such as `{"error_code": "enforced_spend_limit_reached"}`."""

    def __post_init__(self) -> None:
        for name, (fits, valid) in VALID_VALUES.items():
            value = getattr(self, name)
            if not fits(value):
                raise ValueError(f"{name} is {value!r}; valid are {valid}")
        if self.category is not None and self.stop_reason != "refusal":
            raise ValueError("category needs stop_reason='refusal'")
        if self.before_headers and self.end not in ("drop", "hang"):
            raise ValueError("before_headers needs end='drop' or end='hang'")

    @classmethod
    def from_json(cls, data: Any) -> Answer:
        """Create an answer from JSON: its text, or an object with attributes of `Answer` as keys.

        Raises:
            ValueError: The JSON has another type, an unknown key or an invalid value.
        """
        if isinstance(data, str):
            return cls(data)
        if not isinstance(data, dict):
            raise ValueError(f"an answer is a string or an object, not {type(data).__name__}")
        valid = [item.name for item in fields(cls)]
        unknown = sorted(set(data) - set(valid))
        if unknown:
            raise ValueError(f"unknown: {', '.join(unknown)}; valid are {', '.join(valid)}")
        return cls(**data)

    def as_json(self) -> dict[str, Any]:
        """Return the answer as an object that `from_json` accepts."""
        return asdict(self)


@dataclass
class Record:
    """A request that the stand-in received, and its response."""

    number: int
    """The number of the request; the first request after the start or `clear()` has 1."""
    path: str
    headers: dict[str, str]
    """The headers, with names in lower case."""
    body: Any = None
    """The JSON of the request; its text if it is not JSON."""
    request_id: str = ""
    status: int | None = None
    """The HTTP status; None before the response has started."""
    error: dict[str, Any] | None = None
    """The `error` of an HTTP error or error event: `type`, `message` and optionally `details`."""
    usage: dict[str, Any] | None = None
    """The billed usage. If the answer was aborted, only the part that was sent is billed."""
    answer_text: str = ""
    """The text that was sent."""
    stop_reason: str | None = None
    """The stop reason; None if the answer did not end normally."""
    events_sent: int = 0
    """The number of server-sent events that were sent; 0 without streaming."""
    held: bool = False
    """Whether the answer is waiting at `hold_after` for `release()`."""
    finished: bool = False
    """Whether the whole answer was sent, including its scripted end."""
    hung_up: bool = False
    """Whether the client disconnected before the whole answer was sent."""
