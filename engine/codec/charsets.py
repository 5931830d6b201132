"""Text for people, in whatever character set its sender writes.

Errors  none: bytes that their character set does not have are read as UTF-8, and as latin-1 where they are not that.
Cost    microseconds; the trading path asks only for text that is not plain ASCII.
Source  FIX 4.4 volume 1, MessageEncoding(347) and the encoded fields.
"""

# Names that MessageEncoding(347) may have here. A fixed list: a peer must not choose among everything Python decodes.
CHARSETS = {
    name.lower(): name
    for name in (
        "ISO-2022-JP", "EUC-JP", "Shift_JIS", "UTF-8", "US-ASCII", "ISO-8859-1", "ISO-8859-2", "ISO-8859-5",
        "ISO-8859-9", "ISO-8859-15", "Windows-1250", "Windows-1251", "Windows-1252", "Windows-1254", "CP932",
        "KOI8-R", "EUC-KR", "GB2312", "GBK", "GB18030", "Big5",
    )
}  # fmt: skip


def readable(text: bytes, encoded: bytes = b"", encoding: str = "") -> str:
    """Return Text(58), with EncodedText(355) in brackets where that says something else.

    `encoding` is MessageEncoding(347); a SOH inside the data becomes a blank.
    """
    short, full = decode_text(text, encoding), decode_text(encoded, encoding).replace("\x01", " ")
    if not full or full == short:
        return short
    return f"{short} ({full})" if short else full


def decode_text(value: bytes, encoding: str = "") -> str:
    """Return `value` as the named character set has it, else as UTF-8, else as latin-1."""
    for charset in (CHARSETS.get(encoding.lower(), "UTF-8"), "UTF-8"):
        try:
            return value.decode(charset)
        except UnicodeDecodeError:
            continue
    return value.decode("latin-1")
