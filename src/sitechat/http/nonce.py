"""The nonce of a page's Content Security Policy, from Django or django-csp."""

from __future__ import annotations

from typing import Any, Protocol

from django.http import HttpRequest

from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.widget")

CONTEXT_NAMES = ("csp_nonce", "CSP_NONCE")
"""What the context processors of Django and of django-csp call the nonce."""


class Names(Protocol):
    """What a template knows: a context of Django or of Jinja2."""

    def get(self, name: str, /) -> Any:
        """Return the value of a name in the context, or None."""


def find_nonce(context: Names, request: HttpRequest | None) -> str | None:
    """Return the page's nonce, or None if it has none.

    Both packages make the nonce when it is first read, and their objects are false until then:
    asking whether there is one has to read it.
    """
    candidates = [context.get(name) for name in CONTEXT_NAMES]
    candidates += [getattr(request, "csp_nonce", None), _nonce_of_django(request)]
    for candidate in candidates:
        if candidate is None:
            continue
        try:
            nonce = str(candidate)
        except Exception:
            # django-csp raises once the policy was sent: no nonce can be added to it any more.
            logger.warning("The page's nonce can't be read", exc_info=True)
            continue
        if nonce:
            return nonce
    return None


def _nonce_of_django(request: HttpRequest | None) -> object:
    try:
        from django.middleware.csp import get_nonce
    except ImportError:  # before Django 6
        return None
    return None if request is None else get_nonce(request)
