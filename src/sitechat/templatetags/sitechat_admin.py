"""A tag and a filter for the admin's templates: Django versions and text directions."""

from __future__ import annotations

import django
from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def tools_in_content() -> bool:
    """Return whether this Django has the block `object-tools` inside the block `content`.

    If so, a template that replaces `content` must contain the links of `object-tools`.
    """
    return django.VERSION < (6, 1)


@register.filter
def left_to_right(text: object) -> SafeString:
    """Return HTML that keeps a path or a number with its unit in order on right-to-left pages."""
    return format_html('<bdi dir="ltr">{}</bdi>', text)
