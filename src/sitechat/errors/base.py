"""The base class of all errors that visitors may see."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class ChatError(Exception):
    """An error that visitors may see."""

    code: ClassVar[str] = "server_error"
    status: ClassVar[int] = 500
    message: ClassVar[str | Promise] = _("Something went wrong here. Please try again.")
    final_message: ClassVar[str | Promise] = ""
    """The message for errors that are not retryable; "" to use `message`."""
    retryable: bool = False

    def __init__(
        self,
        detail: str | Promise | None = None,
        *,
        retryable: bool | None = None,
        retry_after: int | None = None,
        ref: str | None = None,
        **extra: Any,
    ) -> None:
        """Create the error.

        Args:
            detail: The message for the visitor; None for the message of the class.
            retryable: Whether trying again can help; None for the value of the class.
            retry_after: Seconds after which the visitor should try again; None if unknown.
            ref: A random string that is also in the log line of the failure; None without one.
            **extra: Further entries of `as_dict`.
        """
        super().__init__(detail or self.code)
        self.detail = detail
        if retryable is not None:
            self.retryable = retryable
        self.retry_after = retry_after
        self.ref = ref
        self.extra = extra

    def as_dict(self) -> dict[str, Any]:
        """Return the error as JSON values for clients, with the message in the active language."""
        data: dict[str, Any] = {
            "error": self.code,
            "message": str(self.detail or self._default_message),
            "retryable": self.retryable,
        }
        if self.retry_after is not None:
            data["retry_after"] = self.retry_after
        if self.ref is not None:
            data["ref"] = self.ref
        return {**data, **self.extra}

    @property
    def _default_message(self) -> str | Promise:
        return self.message if self.retryable or not self.final_message else self.final_message
