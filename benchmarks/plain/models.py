"""The messages of the plain chat."""

from __future__ import annotations

from django.db import models


class ChatMessage(models.Model):
    session_key = models.CharField(max_length=40, db_index=True)
    role = models.CharField(max_length=16)
    content = models.TextField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created", "id"]

    def __str__(self) -> str:
        return f"{self.role}: {self.content[:40]}"
