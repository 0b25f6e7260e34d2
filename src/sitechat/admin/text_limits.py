"""Form fields for long texts. If a text is too long, a script says so before the form is sent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _

SCRIPT = "sitechat/admin/lengths.js"
"""The static file that checks the texts of a page. Unlike `maxlength`, it does not cut them."""


def limit_attributes(limit: int) -> dict[str, Any]:
    """Return the attributes of a `<textarea>` that SCRIPT reads, in the active language.

    Args:
        limit: The maximum number of characters.
    """
    text = _("The text is too long: at most %(limit)s characters fit.") % {"limit": limit}
    return {"data-limit": str(limit), "data-too-long": text}


class LimitedTextarea(forms.Textarea):
    """A field for a text of limited length."""

    class Media:
        js = [SCRIPT]

    def __init__(self, limit: int, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.limit = limit

    def build_attrs(
        self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the attributes, with the limit and its message in the active language."""
        return {**super().build_attrs(base_attrs, extra_attrs), **limit_attributes(self.limit)}
