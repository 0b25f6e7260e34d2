"""The nonce of a page's Content Security Policy, from Django or django-csp."""

from __future__ import annotations

from typing import Any, Protocol

from django.http import HttpRequest

from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.widget")

CONTEXT_NAMES = ("csp_nonce", "CSP_NONCE")
"""The names under which the context processors of Django and django-csp provide the nonce."""


class TemplateContext(Protocol):
    """The context of a template, of Django or of Jinja2."""

    def get(self, name: str, /) -> Any:
        """Return the value of a variable, or None."""


def find_nonce(context: TemplateContext, request: HttpRequest | None) -> str | None:
    """Return the page's nonce; None if the page has none, or if the nonce can't be read.

    Django and django-csp create the nonce when its object is first converted to text. Before that
    the object is false, so `bool()` does not show whether the page has a nonce.
    """
    candidates = [context.get(name) for name in CONTEXT_NAMES]
    candidates += [getattr(request, "csp_nonce", None), _nonce_of_django(request)]
    for candidate in candidates:
        if candidate is None:
            continue
        try:
            nonce = str(candidate)
        except Exception:
            # django-csp raises if the policy was sent without a nonce.
            logger.warning("The page's CSP nonce can't be read", exc_info=True)
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
