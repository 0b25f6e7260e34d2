"""Models of the site's indexed content: pages and the passages that they are split into.

These rows are the source of truth for all processes and machines. Each machine builds its search
index from them.
"""

from __future__ import annotations

import hashlib
import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sitechat.runtime.database import PrimaryManager

MAX_KEY_LENGTH = 200
"""Maximum characters of `Page.key`; longer keys are shortened by `stored_key`."""


class Page(models.Model):
    """A page of the site, as it was when the index last read it."""

    url = models.CharField(_("address"), max_length=2000)
    url_hash = models.CharField(max_length=64, unique=True, editable=False)
    source = models.CharField(_("source"), max_length=200, db_index=True)
    key = models.CharField(
        _("key"),
        max_length=MAX_KEY_LENGTH,
        blank=True,
        help_text=_("The source's own key for this page."),
    )
    title = models.CharField(_("title"), max_length=500, blank=True)
    language = models.CharField(_("language"), max_length=35, blank=True)
    audience = models.JSONField(_("who may see it"), default=list)
    content_hash = models.CharField(max_length=64, blank=True, editable=False)
    # A random value. It is replaced whenever data of the page changes that search indexes contain.
    stamp = models.UUIDField(default=uuid.uuid4, editable=False)
    words = models.PositiveIntegerField(_("words"), default=0)
    indexed = models.DateTimeField(_("indexed"), null=True, blank=True)
    seen = models.DateTimeField(_("last seen"), default=timezone.now, db_index=True)
    error = models.TextField(_("error"), blank=True)

    objects = PrimaryManager["Page"]()

    class Meta:
        verbose_name = _("page")
        verbose_name_plural = _("pages")
        default_permissions = ("view",)
        indexes = [models.Index(fields=["source", "key"], name="sitechat_page_source_key")]

    def __str__(self) -> str:
        return self.title or self.url


class Passage(models.Model):
    """A part of a page, of the size of a search result."""

    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="passages")
    number = models.PositiveIntegerField(_("number"))
    headings = models.JSONField(_("headings"), default=list)
    text = models.TextField(_("text"))
    # 16-bit floats, little-endian, as in all vectors of the tables.
    vector = models.BinaryField(null=True, editable=False)
    embedder = models.CharField(max_length=200, blank=True, editable=False)

    objects = PrimaryManager["Passage"]()

    class Meta:
        verbose_name = _("passage")
        verbose_name_plural = _("passages")
        default_permissions = ()
        ordering = ["page", "number"]
        constraints = [
            models.UniqueConstraint(fields=["page", "number"], name="sitechat_passage_number")
        ]

    def __str__(self) -> str:
        return " > ".join(self.headings) or self.text[:80]


class PageSnapshot(models.Model):
    """Data from the last reading of a page, to find duplicates, translations and changes."""

    page = models.OneToOneField(
        Page, on_delete=models.CASCADE, primary_key=True, related_name="snapshot"
    )
    text_hash = models.CharField(max_length=64, db_index=True)
    """A hash of text and language, which is equal for rendered pages with the same content.

    It is "" for pages that the site has not rendered, such as files.
    """
    translations = models.CharField(max_length=64, blank=True)
    """A hash that the translations of one page share."""
    raw_title = models.CharField(max_length=500, blank=True)
    """The title, including the part that other pages of the site have too."""
    heading = models.CharField(max_length=500, blank=True)
    """The first heading."""
    validators = models.JSONField(default=dict)
    """ETag, Last-Modified or similar values; see `sitechat.knowledge.sources.page_validators`."""

    objects = PrimaryManager["PageSnapshot"]()

    class Meta:
        verbose_name = _("snapshot of a page")
        verbose_name_plural = _("snapshots of pages")
        default_permissions = ()

    def __str__(self) -> str:
        return self.raw_title

    @property
    def is_rendered(self) -> bool:
        """Whether the site has rendered the page."""
        return bool(self.text_hash)


class SourceFrame(models.Model):
    """Text that most pages of a source share: parts of titles, and lines."""

    source = models.CharField(max_length=200, primary_key=True)
    title_start = models.CharField(max_length=200, blank=True)
    title_end = models.CharField(max_length=200, blank=True)
    lines = models.JSONField(default=list)

    objects = PrimaryManager["SourceFrame"]()

    class Meta:
        verbose_name = _("shared text of a source")
        verbose_name_plural = _("shared texts of sources")
        default_permissions = ()

    def __str__(self) -> str:
        return self.source


class IndexState(models.Model):
    """The state of the searchable content: the row with key 1 gets a new stamp with each change.

    The stamp is random and not a counter, so that it never repeats after a rollback or in another
    database. Another row, `TENANT`, has a stamp that never changes.
    """

    TENANT = 2
    """The key of the row that identifies the database or schema; see `knowledge.index.tenants`."""

    stamp = models.UUIDField(default=uuid.uuid4, editable=False)
    changed = models.DateTimeField(default=timezone.now)

    objects = PrimaryManager["IndexState"]()

    class Meta:
        verbose_name = _("state of the search index")
        verbose_name_plural = _("state of the search index")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.stamp)

    @classmethod
    def lock(cls) -> None:
        """Lock the row with key 1, so that only one transaction at a time changes pages.

        Call this first in a transaction that may change pages.
        """
        if not cls.objects.filter(pk=1).update(changed=models.F("changed")):
            cls.objects.get_or_create(pk=1)

    @classmethod
    def touch(cls) -> None:
        """Give the row with key 1 a new stamp. This also locks the row, like `lock`."""
        values = {"stamp": uuid.uuid4(), "changed": timezone.now()}
        if not cls.objects.filter(pk=1).update(**values):
            cls.objects.update_or_create(pk=1, defaults=values)


def url_hash(url: str) -> str:
    """Return the value of `Page.url_hash`, which makes addresses of any length indexable."""
    return hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()


def stored_key(key: str) -> str:
    """Return the value of `Page.key` for a source's key.

    A key that is longer than MAX_KEY_LENGTH is replaced by its beginning and a hash.
    """
    if len(key) <= MAX_KEY_LENGTH:
        return key
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"{key[: MAX_KEY_LENGTH - 33]}~{digest}"
