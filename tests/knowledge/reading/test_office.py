"""Tests of reading office documents and e-books."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from sitechat.knowledge import FileSource
from sitechat.knowledge.index.indexing_run import index_all
from sitechat.knowledge.reading import Unreadable, read
from sitechat.knowledge.reading.child_limits import DocumentBudget, OverBudget, read_document
from sitechat.knowledge.reading.documents import Draft
from sitechat.models import Passage
from tests import office

pytest.importorskip("kreuzberg")

FILES = {
    "docx": office.docx("Delivery", "We deliver walruses."),
    "pptx": office.pptx("Delivery", "We deliver walruses."),
    "xlsx": office.xlsx([["Animal", "Days"], ["Walruses", "2"]]),
    "odt": office.odt("Delivery", "We deliver walruses."),
    "epub": office.epub("The book", "Delivery", "We deliver walruses."),
}


@pytest.mark.parametrize("format", FILES)
def test_its_headings_and_text_are_read(format: str) -> None:
    content = read(FILES[format], format)
    heading, *rest = content.blocks
    assert (heading.text, heading.level > 0) == ("Prices" if format == "xlsx" else "Delivery", True)
    text = "Walruses | 2" if format == "xlsx" else "We deliver walruses."
    assert text in [block.text for block in rest]
    assert content.title == ("The book" if format == "epub" else "")


@pytest.mark.parametrize("format", FILES)
@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 nonsense", b"\0\xff" * 500])
def test_a_broken_document_is_reported(format: str, data: bytes) -> None:
    with pytest.raises(Unreadable, match=f"not a readable {format}|contains no text"):
        read(data, format)


def test_a_decompression_bomb_is_stopped() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        with zipfile.ZipFile(io.BytesIO(FILES["docx"])) as good:
            for name in good.namelist():
                if name != "word/document.xml":
                    file.writestr(name, good.read(name))
        with file.open("word/document.xml", "w") as document:
            document.write(
                b"<w:document xmlns:w="
                b"'http://schemas.openxmlformats.org/wordprocessingml/2006/main'>"
                b"<w:body><w:p><w:r><w:t>"
            )
            for _ in range(200):
                document.write(b"walrus " * 150_000)
            document.write(b"</w:t></w:r></w:p></w:body></w:document>")
    with pytest.raises((OverBudget, Unreadable)):
        read_document(Draft(out.getvalue(), "docx"), DocumentBudget(1, 160, 20))


@pytest.mark.django_db
def test_files_of_a_folder_are_read(no_sources: None, tmp_path: Path) -> None:
    for format, data in FILES.items():
        (tmp_path / f"file-{format}.{format}").write_bytes(data)

    class Manual(FileSource):
        path = tmp_path
        prefix = "/manual/"

    report = index_all()
    assert report.problems == []
    assert set(Passage.objects.values_list("page__url", flat=True)) == {
        f"/manual/file-{format}/" for format in FILES
    }
