"""The model of regular jobs, such as the cleanup."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sitechat.runtime import database
from sitechat.runtime.database import PrimaryManager


class Job(models.Model):
    """A regular job: when it last ran (`ran`), and up to which time its work is done (`until`).

    Without a known time, `until` is None.
    """

    RATED = "rated"
    """The name of a row that is not a job: its `until` is the time of the newest thumb down."""

    name = models.CharField(max_length=32, primary_key=True)
    ran = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)

    objects = PrimaryManager["Job"]()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def progress(cls, name: str) -> datetime | None:
        """Return the time up to which the job has done its work; None if no time is recorded."""
        return cls.objects.filter(pk=name).values_list("until", flat=True).first()

    @classmethod
    def record(cls, name: str, until: datetime | None = None) -> None:
        """Record that the job ran now and that its work is done up to `until`.

        If `until` is None, the time that is recorded stays.
        """
        values = {"ran": timezone.now()}
        if until is not None:
            values["until"] = until
        database.retry(partial(cls.objects.update_or_create, values, pk=name))

    @classmethod
    def claim(cls, name: str, interval: timedelta) -> bool:
        """Record that the job runs now, unless it ran within `interval`.

        Returns:
            Whether the job may run. Only one of several concurrent calls returns True.
        """
        now = timezone.now()
        before = now - interval
        if cls.objects.filter(pk=name, ran__gt=before).exists():
            return False
        Job.objects.bulk_create([Job(name=name, ran=before)], ignore_conflicts=True)
        return bool(cls.objects.filter(pk=name, ran__lte=before).update(ran=now))
