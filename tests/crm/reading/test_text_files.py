"""Files as they are saved: the bytes say in which encoding."""

from pathlib import Path

import pytest

from crm.errors import InvalidRequest
from crm.reading.text_files import open_text

GERMAN = ["Grüße aus Köln", "Émile Zola", "plain", "naïve café"]
CHINESE = ["张敏买了咖啡", "李雷", "plain", "上海"]


def texts(path: Path, encoding: str | None = None) -> list[str | None]:
    return [line.text for line in open_text(path, encoding).lines()]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("lines", "encoding", "is_guess"),
    [
        (GERMAN, "utf-8", False),
        (GERMAN, "utf-8-sig", False),
        (GERMAN, "utf-16", False),
        (GERMAN, "utf-16-le", False),
        (GERMAN, "utf-16-be", False),
        (GERMAN, "utf-32", False),
        (GERMAN, "latin-1", True),
        (GERMAN, "cp1252", True),
        (CHINESE, "utf-8", False),
        (CHINESE, "utf-8-sig", False),
        (CHINESE, "utf-16", False),
        (CHINESE, "gb18030", True),
        (CHINESE, "gbk", True),
        (["plain", "ascii"], "ascii", False),
    ],
)
def test_the_first_line_and_every_other_come_as_they_were(
    tmp_path: Path, lines: list[str], encoding: str, is_guess: bool, ending: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(ending.join(lines).encode(encoding))
    assert texts(path) == lines
    assert (open_text(path).notice is not None) is is_guess


def test_a_broken_line_costs_that_line(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes("张敏\n".encode() + b"\xff\xfe\xfd\n" + "李雷\n".encode() * 3 + b"x" * 2**21 + b"\n\n\nend")
    assert texts(path) == ["张敏", None, "李雷", "李雷", "李雷", None, "end"]
    assert [line.number for line in open_text(path).lines()] == [1, 2, 3, 4, 5, 6, 9]


def test_whoever_knows_the_encoding_says_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes("山田太郎".encode("shift_jis"))
    assert texts(path, "shift_jis") == ["山田太郎"]
    with pytest.raises(InvalidRequest, match="no encoding"):
        open_text(path, "klingon")
