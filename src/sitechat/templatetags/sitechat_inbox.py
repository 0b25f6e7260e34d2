"""The filters for the templates of the admin's inbox."""

from __future__ import annotations

from django import template

from sitechat.people import languages_and_durations
from sitechat.safe_text import safe_link, visible

register = template.Library()

for _filter in (
    safe_link,
    visible,
    languages_and_durations.duration,
    languages_and_durations.language_name,
):
    register.filter(_filter.__name__, _filter)
