"""Removal of personal data from the admin's log.

The log keeps the text representation of each object that was changed or deleted. `forget` and the
cleanup call this module.
"""

from __future__ import annotations

from django.apps import apps
from django.db.models.functions import Substr

from sitechat.models import Contact


def replace_contact_names() -> int:
    """Replace the names of contacts in the admin's log by their short ids.

    Versions before 0.2 logged names, addresses or phone numbers.

    Returns:
        The number of entries that were changed.
    """
    if not apps.is_installed("django.contrib.admin"):
        return 0
    # On sites without the admin, this import fails.
    from django.contrib.admin.models import LogEntry

    short_id = Substr("object_id", 1, Contact.SHORT_ID)
    entries = LogEntry.objects.filter(
        content_type__app_label=Contact._meta.app_label,
        content_type__model=Contact._meta.model_name,
    )
    return entries.exclude(object_repr=short_id).update(object_repr=short_id)
