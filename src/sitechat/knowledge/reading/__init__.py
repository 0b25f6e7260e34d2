"""Extraction of text from pages and files of any format, as blocks cut into passages.

This package uses neither the database nor the site's settings, so it can be tried on any text. It
imports `text`. Parsers are imported when the first document of their format is read.
"""

from __future__ import annotations

from sitechat.knowledge.reading.blocks import Block, Content, Unreadable
from sitechat.knowledge.reading.formats import read, read_file
from sitechat.knowledge.reading.passages import PassageDraft, cut

__all__ = ["Block", "Content", "PassageDraft", "Unreadable", "cut", "read", "read_file"]
