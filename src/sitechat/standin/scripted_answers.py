"""Scripted answers of the stand-in, and records of the requests that it received."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
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


@dataclass(frozen=True)
class Answer:
    """A scripted answer to one valid request.

    An invalid request gets an error and does not use up an answer. A request to count tokens does
    not use up an answer either.

    Raises:
        ValueError: A value is not valid.
        TypeError: A number has another type, or `tool_use` is not a sequence.
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
        deltas = [self.text] if isinstance(self.text, str) else self.text
        if not isinstance(deltas, (list, tuple)) or not all(isinstance(d, str) for d in deltas):
            raise ValueError(f"text is {self.text!r}; valid are a string and a list of strings")
        if self.end not in get_args(End):
            raise ValueError(f"end is {self.end!r}; valid are {', '.join(get_args(End))}")
        if self.stop_reason is not None and self.stop_reason not in get_args(StopReason):
            valid = ", ".join(get_args(StopReason))
            raise ValueError(f"stop_reason is {self.stop_reason!r}; valid are {valid}")
        if self.category is not None and self.stop_reason != "refusal":
            raise ValueError("category needs stop_reason='refusal'")
        if self.chunk is not None and self.chunk < 1:
            raise ValueError(f"chunk is {self.chunk}; valid are 1 and more characters")
        if self.status != 200 and not 400 <= self.status <= 599:
            raise ValueError(f"status is {self.status}; valid are 200 and 400 to 599")
        if self.before_headers and self.end not in ("drop", "hang"):
            raise ValueError("before_headers needs end='drop' or end='hang'")
        if self.hold_after is not None and self.hold_after < 0:
            raise ValueError(f"hold_after is {self.hold_after}; valid are 0 and more deltas")
        for name in ("first_delay", "delay"):
            seconds = getattr(self, name)
            if seconds is not None and seconds < 0:
                raise ValueError(f"{name} is {seconds}; valid are 0 and more seconds")
        for call in self.tool_use:
            if not call.get("name") or not isinstance(call.get("input"), Mapping):
                raise ValueError(f'tool_use is {call!r}; valid is {{"name": ..., "input": {{}}}}')

    @classmethod
    def from_json(cls, data: Any) -> Answer:
        """Create an answer from JSON: its text, or an object with attributes of `Answer` as keys.

        Raises:
            ValueError: The JSON has another type, an unknown key or an invalid value.
            TypeError: A number has another type, or `tool_use` is not a sequence.
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
