"""The names of encodings in the HTML standard, with Python's codecs for them."""

from __future__ import annotations

import codecs
from functools import cache

_CODECS = """
big5hkscs: big5 big5-hkscs cn-big5 csbig5 x-x-big5
cp1250: cp1250 windows-1250 x-cp1250
cp1251: cp1251 windows-1251 x-cp1251
cp1252: ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1
    iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252 x-user-defined
cp1253: cp1253 windows-1253 x-cp1253
cp1254: cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989
    l5 latin5 windows-1254 x-cp1254
cp1255: cp1255 windows-1255 x-cp1255
cp1256: cp1256 windows-1256 x-cp1256
cp1257: cp1257 windows-1257 x-cp1257
cp1258: cp1258 windows-1258 x-cp1258
cp866: 866 cp866 csibm866 ibm866
cp874: dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874
cp932: csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis
cp949: cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601
    ksc_5601 windows-949
euc_jp: cseucpkdfmtjapanese euc-jp x-euc-jp
gb18030: chinese csgb2312 csiso58gb231280 gb18030 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk
iso2022_jp: csiso2022jp iso-2022-jp
iso8859-10: csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6
iso8859-13: iso-8859-13 iso8859-13 iso885913
iso8859-14: iso-8859-14 iso8859-14 iso885914
iso8859-15: csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9
iso8859-16: iso-8859-16
iso8859-2: csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2
    latin2
iso8859-3: csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3
    latin3
iso8859-4: csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4
    latin4
iso8859-5: csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5
    iso_8859-5:1988
iso8859-6: arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6
    iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987
iso8859-7: csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7
    iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek
iso8859-8: csiso88598e csiso88598i csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-8859-8-i
    iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 logical visual
koi8-r: cskoi8r koi koi8 koi8-r koi8_r
koi8-u: koi8-ru koi8-u
mac-cyrillic: x-mac-cyrillic x-mac-ukrainian
mac-roman: csmacintosh mac macintosh x-mac-roman
utf-16-be: unicodefffe utf-16be
utf-16-le: csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le
utf-8: unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8
"""
"""Each codec with its names in https://encoding.spec.whatwg.org/#names-and-labels.

Browsers decode ISO-8859-1 as windows-1252, for example, and GBK as GB 18030.
"""
UNSUPPORTED = frozenset((
    "csiso2022kr", "hz-gb-2312", "iso-2022-cn", "iso-2022-cn-ext", "iso-2022-kr", "replacement",
))  # fmt: skip
"""The names of encodings that browsers refuse to decode, because they are unsafe."""


def codec(label: str) -> str:
    """Return Python's codec for the name of an encoding.

    The name may also be one of Python's, such as "latin-1", which Django sends to browsers. The
    result is "" if browsers do not support the encoding.
    """
    name = label.strip("\t\n\f\r \"'").lower()
    known = _by_label().get(name, "")
    if known or not name:
        return known
    try:
        return _by_label().get(codecs.lookup(name).name, "")
    except (LookupError, ValueError):  # ValueError: a NUL
        return ""


@cache
def _by_label() -> dict[str, str]:
    names: dict[str, str] = {}
    name = ""
    for word in _CODECS.split():
        if word.endswith(":"):
            name = word[:-1]
        else:
            names[word] = name
    return names


@cache
def decoding_table(codec: str) -> str:
    """Return the characters of a windows codec by byte; U+FFFE for bytes without a character.

    Browsers decode undefined bytes from 0x80 to 0x9F as control characters.
    """
    characters = bytes(range(256)).decode(codec, "replace")
    return "".join(
        character if character != "\ufffd" else chr(byte) if byte < 0xA0 else "\ufffe"
        for byte, character in enumerate(characters)
    )
