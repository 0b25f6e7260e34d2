"""The filters of the admin's report pages."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from sitechat.reports import number_formats
from sitechat.templatetags.sitechat_admin import left_to_right

register = template.Library()

for _filter in (
    number_formats.count,
    number_formats.dollars,
    number_formats.hundredths,
    number_formats.percent,
):
    register.filter(_filter.__name__, _filter)


@register.filter("seconds")
def isolated_seconds(milliseconds: float | None) -> SafeString:
    """Return the HTML of a time in seconds, or in milliseconds below one second."""
    return left_to_right(number_formats.seconds(milliseconds))
