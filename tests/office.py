"""Minimal office documents and an e-book."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
    'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>{}</Types>'
)
_RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships">{}</Relationships>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_OPEN_XML = "application/vnd.openxmlformats-officedocument"


def docx(heading: str, text: str) -> bytes:
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    return _zip(
        {
            "[Content_Types].xml": _types(
                "/word/document.xml", f"{_OPEN_XML}.wordprocessingml.document.main+xml"
            ),
            "_rels/.rels": _relation("officeDocument", "word/document.xml"),
            "word/document.xml": f'''<?xml version="1.0"?><w:document xmlns:w="{word}"><w:body>
                <w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr>
                <w:r><w:t>{heading}</w:t></w:r></w:p>
                <w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>''',
        }
    )


def xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    sheet = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) + "</row>"
        for row in rows
    )
    return _zip(
        {
            "[Content_Types].xml": _types(
                "/xl/workbook.xml", f"{_OPEN_XML}.spreadsheetml.sheet.main+xml"
            ),
            "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
            "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
            "xl/workbook.xml": f'<?xml version="1.0"?><workbook xmlns="{sheet}" '
            f'xmlns:r="{_OFFICE}"><sheets><sheet name="Prices" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>",
            "xl/worksheets/sheet1.xml": f'<?xml version="1.0"?><worksheet xmlns="{sheet}">'
            f"<sheetData>{cells}</sheetData></worksheet>",
        }
    )


def pptx(title: str, text: str) -> bytes:
    names = (
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:p="http://schemas.'
        f'openxmlformats.org/presentationml/2006/main" xmlns:r="{_OFFICE}"'
    )

    def shape(text: str, holder: str) -> str:
        return (
            f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="x"/><p:cNvSpPr/><p:nvPr>{holder}</p:nvPr>'
            f"</p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p>"
            "</p:txBody></p:sp>"
        )

    holder = '<p:ph type="title"/>'
    return _zip(
        {
            "[Content_Types].xml": _types(
                "/ppt/presentation.xml", f"{_OPEN_XML}.presentationml.presentation.main+xml"
            ),
            "_rels/.rels": _relation("officeDocument", "ppt/presentation.xml"),
            "ppt/_rels/presentation.xml.rels": _relation("slide", "slides/slide1.xml"),
            "ppt/presentation.xml": f'<?xml version="1.0"?><p:presentation {names}>'
            '<p:sldIdLst><p:sldId id="256" r:id="r1"/></p:sldIdLst></p:presentation>',
            "ppt/slides/slide1.xml": f'<?xml version="1.0"?><p:sld {names}><p:cSld><p:spTree>'
            '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr>'
            "<p:grpSpPr/>"
            + shape(title, holder)
            + shape(text, "")
            + "</p:spTree></p:cSld></p:sld>",
        }
    )


def odt(heading: str, text: str) -> bytes:
    oasis = "urn:oasis:names:tc:opendocument:xmlns"
    return _zip(
        {
            "content.xml": f'<?xml version="1.0"?><office:document-content xmlns:office="{oasis}:'
            f'office:1.0" xmlns:text="{oasis}:text:1.0" office:version="1.2"><office:body>'
            f'<office:text><text:h text:outline-level="1">{heading}</text:h><text:p>{text}</text:p>'
            "</office:text></office:body></office:document-content>",
        },
        "application/vnd.oasis.opendocument.text",
    )


def epub(title: str, heading: str, text: str) -> bytes:
    return _zip(
        {
            "META-INF/container.xml": '<?xml version="1.0"?><container version="1.0" '
            'xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
            'full-path="content.opf" media-type="application/oebps-package+xml"/></rootfiles>'
            "</container>",
            "content.opf": '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" '
            'version="3.0" unique-identifier="i"><metadata '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">x</dc:identifier>'
            f"<dc:title>{title}</dc:title><dc:language>en</dc:language></metadata><manifest>"
            '<item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest><spine>'
            '<itemref idref="c"/></spine></package>',
            "c.xhtml": '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head>'
            f"<title>{heading}</title></head><body><h1>{heading}</h1><p>{text}</p></body></html>",
        },
        "application/epub+zip",
    )


def _types(part: str, type: str) -> str:
    return _TYPES.format(f'<Override PartName="{part}" ContentType="{type}"/>')


def _relation(type: str, target: str) -> str:
    return _RELATIONS.format(f'<Relationship Id="r1" Type="{_OFFICE}/{type}" Target="{target}"/>')


def _zip(parts: Mapping[str, str], type: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        if type:
            file.writestr(zipfile.ZipInfo("mimetype"), type)
        for name, text in parts.items():
            file.writestr(name, text)
    return out.getvalue()
