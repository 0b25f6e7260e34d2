"""The filters of the admin's report pages."""

from __future__ import annotations

from django import template

from sitechat.reports import formatting

register = template.Library()

for _filter in (
    formatting.count,
    formatting.dollars,
    formatting.hundredths,
    formatting.percent,
    formatting.seconds,
):
    register.filter(_filter.__name__, _filter)
