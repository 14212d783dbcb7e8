"""Reads text files as they come: which encoding it is, the bytes decide."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from crm.errors import InvalidRequest

LONGEST_LINE = 2**20
_SURVEYED_LINES = 100_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""In this order: the mark of UTF-32 begins as that of UTF-16 does."""
_NAMES = {"gb18030": "Chinese (GB18030)", "cp1252": "Western European (Windows-1252)"}
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_FOR_CERTAIN = 0.9
"""Share of high bytes that must stand in pairs for Chinese: in Western European they stand alone between letters."""


@dataclass(frozen=True)
class Line:
    number: int
    text: str | None
    """None: the line cannot be read in the encoding of the file, or is too long."""


@dataclass(frozen=True)
class TextFile:
    path: Path
    encoding: str
    notice: str | None
    """What to tell whoever gave the file, where its encoding is a guess."""

    def lines(self) -> Iterator[Line]:
        """The lines that are not blank, counted from 1."""
        texts = self._wide_lines() if self.encoding.startswith(("utf-16", "utf-32")) else self._byte_lines()
        for number, text in enumerate(texts, start=1):
            if text is None or text.strip():
                yield Line(number, text)

    def _wide_lines(self) -> Iterator[str | None]:
        with self.path.open(encoding=self.encoding, errors="replace") as stream:
            for line in stream:
                yield None if "\ufffd" in line or len(line) > LONGEST_LINE else line.removeprefix("\ufeff").rstrip("\n")

    def _byte_lines(self) -> Iterator[str | None]:
        encoding = self.encoding.removesuffix("-sig")
        for number, raw in enumerate(_raw_lines(self.path)):
            text = _decoded(raw.removeprefix(codecs.BOM_UTF8) if number == 0 else raw, encoding)
            yield None if len(raw) > LONGEST_LINE else text


def open_text(path: Path, encoding: str | None = None) -> TextFile:
    """A text file with the encoding that is given, or else that of its bytes. Raises InvalidRequest for no encoding."""
    if encoding is not None:
        try:
            return TextFile(path, codecs.lookup(encoding).name, None)
        except LookupError:
            raise InvalidRequest(
                f"there is no encoding {encoding!r}; there are utf-8, utf-16, gb18030, cp1252 and others"
            ) from None
    with path.open("rb") as stream:
        start = stream.read(4096)
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None) or _wide(start)
    if marked is not None:
        return TextFile(path, marked, None)
    found = _surveyed(path)
    name = _NAMES.get(found)
    notice = name and (
        f"{path.name} is not UTF-8 and was read as {name}; "
        "if names look wrong, say which it is with --encoding, or save the file as UTF-8"
    )
    return TextFile(path, found, notice)


def _wide(start: bytes) -> str | None:
    """UTF-16 without its mark: every other byte of plain letters is 0."""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if max(even, odd) * 5 < len(start):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _surveyed(path: Path) -> str:
    """UTF-8 unless more lines speak against it than for it; then Chinese, where high bytes come in pairs."""
    good = bad = pairs = high = 0
    is_chinese = True
    for raw in islice((line for line in _raw_lines(path) if not line.isascii()), _SURVEYED_LINES):
        if _decoded(raw, "utf-8") is not None:
            good += 1
            continue
        bad += 1
        is_chinese = is_chinese and _decoded(raw, "gb18030") is not None
        runs = [len(run) for run in _HIGH_RUN.findall(raw)]
        pairs, high = pairs + sum(length for length in runs if length % 2 == 0), high + sum(runs)
    if good >= bad:
        return "utf-8"
    return "gb18030" if is_chinese and pairs >= _FOR_CERTAIN * high else "cp1252"


def _raw_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        for raw in stream:
            # Also where a line ends in a carriage return alone.
            yield from raw.splitlines() or (b"",)


def _decoded(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None
