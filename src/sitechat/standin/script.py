"""What a test says that Claude answers, and what it then finds in the log."""

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
    """One answer of the stand-in, to one request that the API would take.

    A request that the API refuses gets its refusal and uses up no answer.

    Raises `ValueError` for a value that is not one of those described.
    """

    text: str | Sequence[str] = ""
    """What Claude says. A string is cut into deltas by `chunk`; a list is the deltas."""
    chunk: int | None = None
    """Characters per delta; by default a delta is a word."""
    thinking: str | None = None
    """A thinking block before the text. `""` is one whose text Claude keeps to itself."""
    tool_use: Sequence[Mapping[str, Any]] = ()
    """Tools that Claude calls after the text: `{"name": ..., "input": {...}}`, with or without
    `"id"`. The stop reason is then `tool_use`."""
    citations: Sequence[int | Mapping[str, Any]] = ()
    """What the text cites: a whole citation, or the index of a search result of the request,
    which is then cited from its first to its last block."""
    blocks: Sequence[Mapping[str, Any]] | None = None
    """Content blocks as the API writes them, instead of text, thinking and tools."""
    stop_reason: StopReason | None = None
    """By default `end_turn`, `tool_use` or, where the text is longer, `max_tokens`."""
    usage: Mapping[str, int] = field(default_factory=dict)
    """Token counts to report instead of those that were counted."""

    first_delay: float | None = None
    """Seconds until the first delta; by default the stand-in's own pace."""
    delay: float | None = None
    """Seconds from one delta to the next; by default the stand-in's own pace."""
    hold_after: int | None = None
    """After so many deltas, wait for `release()`. 0 holds between `message_start` and text."""

    end: End = "stop"
    """How the answer ends after its text: `stop` (as Claude does), `error` (an error event),
    `drop` (the connection breaks), `hang` (silence until the client leaves) or `cut` (a clean
    end of the stream, but without `message_stop`)."""
    before_headers: bool = False
    """With `drop` or `hang`: no byte is sent, not even the status."""

    status: int = 200
    """Any other is an HTTP error."""
    error_type: str | None = None
    """Of an HTTP error or error event; by default that of the status, or `overloaded_error`."""
    message: str | None = None
    """Of an HTTP error or error event."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers of the response, such as `{"retry-after": "30"}`."""
    details: Mapping[str, Any] | None = None
    """Of an HTTP error, such as `{"error_code": "enforced_spend_limit_reached"}`."""

    def __post_init__(self) -> None:
        deltas = [self.text] if isinstance(self.text, str) else self.text
        if not isinstance(deltas, (list, tuple)) or not all(isinstance(d, str) for d in deltas):
            raise ValueError(f"text is {self.text!r}; valid are a string and a list of strings")
        if self.end not in get_args(End):
            raise ValueError(f"end is {self.end!r}; valid are {', '.join(get_args(End))}")
        if self.stop_reason is not None and self.stop_reason not in get_args(StopReason):
            valid = ", ".join(get_args(StopReason))
            raise ValueError(f"stop_reason is {self.stop_reason!r}; valid are {valid}")
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
        """Read an answer from JSON: a string, or an object with these attributes as keys."""
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
        """Return the answer as `from_json` reads it."""
        return asdict(self)


@dataclass
class Record:
    """One request that the stand-in got, and what became of it."""

    number: int
    """Counts from 1."""
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: Any = None
    """The JSON of the request; its text where it is not JSON."""
    request_id: str = ""
    status: int | None = None
    """None while nothing was answered."""
    error: dict[str, Any] | None = None
    """The `error` of an HTTP error or an error event: `type`, `message`, perhaps `details`."""
    usage: dict[str, Any] | None = None
    """As billed: of an answer cut short, what was written until then."""
    answer_text: str = ""
    """The text that was sent."""
    stop_reason: str | None = None
    """None for an answer that did not come to its end."""
    events_sent: int = 0
    held: bool = False
    """Whether it waits at `hold_after` for `release()`."""
    finished: bool = False
    """Whether the whole answer was sent, or the end that was asked for."""
    hung_up: bool = False
    """Whether the client left before that."""
