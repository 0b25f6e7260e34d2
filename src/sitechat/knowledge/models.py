"""What the chat knows of the site: pages, and the passages that they are cut into.

These rows are the one truth, for every worker and host. The search index is derived from them.
"""

from __future__ import annotations

import hashlib
import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sitechat.primary import PrimaryManager

LONGEST_KEY = 200


class Page(models.Model):
    """One address of the site, as it was when it was last read."""

    url = models.CharField(_("address"), max_length=2000)
    url_hash = models.CharField(max_length=64, unique=True, editable=False)
    source = models.CharField(_("source"), max_length=200, db_index=True)
    key = models.CharField(
        _("key"),
        max_length=LONGEST_KEY,
        blank=True,
        help_text=_("What the source calls this page."),
    )
    title = models.CharField(_("title"), max_length=500, blank=True)
    language = models.CharField(_("language"), max_length=35, blank=True)
    audience = models.JSONField(_("who may see it"), default=list)
    content_hash = models.CharField(max_length=64, blank=True, editable=False)
    stamp = models.UUIDField(default=uuid.uuid4, editable=False)
    words = models.PositiveIntegerField(_("words"), default=0)
    indexed = models.DateTimeField(_("indexed"), null=True, blank=True)
    seen = models.DateTimeField(_("last seen"), default=timezone.now, db_index=True)
    error = models.TextField(_("what failed"), blank=True)

    objects = PrimaryManager["Page"]()

    class Meta:
        verbose_name = _("page")
        verbose_name_plural = _("pages")
        indexes = [models.Index(fields=["source", "key"], name="sitechat_page_source_key")]

    def __str__(self) -> str:
        return self.title or self.url


class Passage(models.Model):
    """A piece of a page, of the size that a search result has."""

    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="passages")
    number = models.PositiveIntegerField(_("number"))
    headings = models.JSONField(_("headings"), default=list)
    text = models.TextField(_("text"))
    vector = models.BinaryField(null=True, editable=False)
    embedder = models.CharField(max_length=200, blank=True, editable=False)

    objects = PrimaryManager["Passage"]()

    class Meta:
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        ordering = ["page", "number"]
        constraints = [
            models.UniqueConstraint(fields=["page", "number"], name="sitechat_passage_number")
        ]

    def __str__(self) -> str:
        return " > ".join(self.headings) or self.text[:80]


class IndexState(models.Model):
    """The one row whose stamp changes with everything that search can find.

    A stamp is random rather than counted up, so that a rolled-back change and a later one never
    share it, nor do two databases.
    """

    stamp = models.UUIDField(default=uuid.uuid4, editable=False)
    changed = models.DateTimeField(default=timezone.now)

    objects = PrimaryManager["IndexState"]()

    class Meta:
        verbose_name = _("state of the search index")
        verbose_name_plural = _("state of the search index")

    def __str__(self) -> str:
        return str(self.stamp)

    @classmethod
    def lock(cls) -> None:
        """Call it first in a transaction that may change pages.

        The row's lock lets writers in one after the other, on every database.
        """
        if not cls.objects.filter(pk=1).update(changed=models.F("changed")):
            cls.objects.get_or_create(pk=1)

    @classmethod
    def touch(cls) -> None:
        """Say that what search can find changes; takes the lock too."""
        values = {"stamp": uuid.uuid4(), "changed": timezone.now()}
        if not cls.objects.filter(pk=1).update(**values):
            cls.objects.update_or_create(pk=1, defaults=values)


def url_hash(url: str) -> str:
    """What `Page.url_hash` holds for an address: an index over addresses of any length."""
    return hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()


def stored_key(key: str) -> str:
    """What `Page.key` holds for a source's key: of a long one the beginning, and a hash of all."""
    if len(key) <= LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{key[: LONGEST_KEY - 33]}~{digest}"
