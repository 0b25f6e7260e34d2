"""The addresses that receive the chat's mails about events."""

from __future__ import annotations

from sitechat.conf import conf


def owner_addresses() -> list[str]:
    """Return the addresses in CHAT_NOTIFY, which may have the form of Django's ADMINS.

    Values that are not addresses are left out; a system check reports them.
    """
    entries = conf.CHAT_NOTIFY
    if not isinstance(entries, (list, tuple)):
        return []
    # Before Django 6.0, ADMINS contains pairs of a name and an address.
    addresses = [entry[1] if _is_pair(entry) else entry for entry in entries]
    return [each for each in addresses if isinstance(each, str) and "@" in each]


def _is_pair(entry: object) -> bool:
    return isinstance(entry, (list, tuple)) and len(entry) == 2
