"""Tags for the admin's templates, for differences between Django versions and text directions."""

from __future__ import annotations

import django
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def tools_in_content() -> bool:
    """Return whether Django's block `object-tools` is inside of its block `content`.

    A template that replaces `content` then has to show its links there itself.
    """
    return django.VERSION < (6, 1)


@register.filter
def left_to_right(text: object) -> SafeString:
    """Return HTML in which right-to-left pages do not reorder a path, or a number with its unit."""
    return format_html('<bdi dir="ltr">{}</bdi>', text)
