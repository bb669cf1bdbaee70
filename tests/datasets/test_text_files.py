"""Users' text files: UTF-8 or one line that says where it is not, and lines that end at line breaks only."""

import pytest

from replication.datasets.text_files import read_lines, read_text, split_lines

SEPARATORS = "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e"  # str.splitlines cuts at all of these


def test_lines_end_at_line_breaks_only(tmp_path):
    assert split_lines("a\nb\r\nc\rd") == ["a", "b", "c", "d"] and split_lines("") == [""]
    (tmp_path / "a.txt").write_bytes(f"\ufeff one\r\n\r\n \ntwo{SEPARATORS}three\n".encode())
    assert read_lines(tmp_path / "a.txt") == ["one", f"two{SEPARATORS}three"]
    assert read_text(tmp_path / "a.txt").startswith(" one\r\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\nb\ncafé".encode("latin-1"), "line 3: not UTF-8 (byte 0xe9); save the file as UTF-8"),
        ("a\nb".encode("utf-16"), "line 1: not UTF-8 (byte 0xff); save the file as UTF-8"),
        (b"\xef\xbb\xbfa\r\n\xe9", "line 2: not UTF-8 (byte 0xe9); save the file as UTF-8"),
        (b"a\nb\0c\n", "line 2: holds a NUL byte, which no text does; save the file as UTF-8"),
    ],
)
def test_what_is_no_text_is_named_with_its_line(tmp_path, content, message):
    (tmp_path / "a.txt").write_bytes(content)
    for read in (read_text, read_lines):
        with pytest.raises(ValueError) as caught:
            read(tmp_path / "a.txt")
        assert str(caught.value) == f"{tmp_path / 'a.txt'}, {message}"
