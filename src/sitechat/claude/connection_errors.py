"""Classify the connection errors of the SDK, httpx2 and aiohttp.

`retries` and `failures` call it, to decide whether a request is sent again and what is reported.
"""

from __future__ import annotations

NO_KEY = "the client has no key"
INVALID = "a header or the address holds what HTTP does not allow"
"""Reasons of failures for which `owner_explanations` has advice."""


def never_sent(error: BaseException) -> bool:
    """Return whether the request was certainly not sent."""
    return is_invalid(error) or has_no_key(error) or is_refused(error)


def has_no_key(error: BaseException) -> bool:
    """Return whether the SDK has refused to send a request without a key."""
    return isinstance(error, TypeError) and "authentication method" in str(error)


def is_refused(error: BaseException) -> bool:
    """Return whether no connection was made.

    For example, it was refused or timed out, the host is unknown, or TLS or a proxy failed.
    """
    import aiohttp
    import httpx2

    causes = _causes(error)
    if any(isinstance(cause, aiohttp.ClientError) for cause in causes):
        # The aiohttp transport also raises ConnectError for connections that broke later.
        kinds: tuple[type[BaseException], ...] = (
            aiohttp.ClientConnectorError,
            aiohttp.ConnectionTimeoutError,
        )
    else:
        kinds = (
            httpx2.ConnectError,
            httpx2.ConnectTimeout,
            httpx2.PoolTimeout,
            httpx2.ProxyError,
        )
    return any(isinstance(cause, kinds) for cause in causes)


def is_invalid(error: BaseException) -> bool:
    """Return whether the client refused to send the request because it is invalid.

    For example, the key contains a newline.
    """
    import aiohttp
    import anthropic
    import httpx2

    causes = _causes(error)
    if any(isinstance(cause, (httpx2.LocalProtocolError, aiohttp.InvalidURL)) for cause in causes):
        return True
    if any(isinstance(cause, (httpx2.InvalidURL, httpx2.UnsupportedProtocol)) for cause in causes):
        return True
    # aiohttp and httpx2 raise these before they send anything. An invalid certificate is a
    # ValueError too, but it is an error of the connection.
    root = causes[-1]
    of_values = isinstance(root, (ValueError, TypeError, OverflowError))
    of_request = isinstance(error, anthropic.APIConnectionError)
    return of_request and of_values and not isinstance(root, OSError)


def is_misdirected(error: BaseException) -> bool:
    """Return whether the server answered only with redirects."""
    import httpx2

    return any(isinstance(cause, httpx2.TooManyRedirects) for cause in _causes(error))


def is_broken(error: BaseException) -> bool:
    """Return whether the connection failed, for example because it broke during an answer."""
    import httpx2

    # During a stream, the SDK's aiohttp transport does not convert all exceptions of aiohttp.
    of_aiohttp = type(error).__module__.partition(".")[0] == "aiohttp"
    return of_aiohttp or isinstance(error, (httpx2.HTTPError, OSError))


def reason(error: BaseException) -> str:
    """Return the reason of an error, for the site's owner.

    It is the class name and the message of the innermost exception that has a message. It is
    INVALID or NO_KEY for the errors that these constants describe. It is only the class name of
    `error` if no exception has a message, or if `error` has no cause and the connection is fine.
    """
    if is_invalid(error):
        return INVALID  # instead of the exception's text, which contains the key
    if has_no_key(error):
        return NO_KEY
    if not (is_refused(error) or is_broken(error) or len(_causes(error)) > 1):
        return type(error).__name__
    for cause in reversed(_causes(error)):
        if text := str(cause).strip():
            return f"{type(cause).__name__}: {text}"
    return type(error).__name__


def _causes(error: BaseException) -> list[BaseException]:
    """Return the error and its causes, outermost first, including members of exception groups."""
    causes: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop(0)
        if cause is None or cause in causes:
            continue
        causes.append(cause)
        waiting += [cause.__cause__ or cause.__context__, *getattr(cause, "exceptions", ())]
    return causes
