"""YAML files: the values that they give, and one line with file and line number for each fault."""

from dataclasses import dataclass

import pytest

from replication.parameters.files import read_settings, read_values

EXAMPLES = {"lr": 0.1, "seeds": 3, "source": "digits", "methods": ["SGD"], "fast": False}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "mine.yaml"


def test_values_have_the_types_of_the_examples(file):
    file.write_text("# words\nlr: 5e-4\nsource: 007 # a number of images\nmethods: [SGD, no]\nfast: true\n", encoding="utf-8")
    assert read_values(file, EXAMPLES) == {"lr": 5e-4, "source": "007", "methods": ["SGD", "no"], "fast": True}


def test_lists_over_several_lines_and_quoted_texts(file):
    file.write_text("methods:\n  - SGD\n  - 'a: b'\nsource: 'x #1'\n", encoding="utf-8")
    assert read_values(file, EXAMPLES) == {"methods": ["SGD", "a: b"], "source": "x #1"}


@pytest.mark.parametrize("text", ["", "# only words\n", "---\n"])
def test_an_empty_file_gives_nothing(file, text):
    file.write_text(text, encoding="utf-8")
    assert read_values(file, EXAMPLES) == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"seeds: 1\n\tlr: 1\n", ", line 2: found character '\\t' that cannot start any token"),
        (b"seeds: [1\n", ", line 2: expected ',' or ']', but got '<stream end>'"),
        (b"seeds: 1\nlr: fast\n", ", line 2: lr='fast' must be a number"),
        (b"lr:\n", ", line 1: lr='' must be a number"),
        (b"seeds: 1\n\nsise: 1\n", ", line 3: 'sise' must be one of lr, seeds, source, methods, fast"),
        (b"seeds: 1\nseeds: 2\n", ", line 2: 'seeds' must not be given twice"),
        (b"source: {a: 1}\n", ", line 1: source={'a': '1'} must be a text"),
        (b"- seeds\n", " must hold lines of the form NAME: VALUE"),
        (b"seeds\n", " must hold lines of the form NAME: VALUE"),
        (b"source: caf\xe9\n", " must be a text in UTF-8"),
        (b"seeds: 1\n---\nseeds: 2\n", ", line 2: but found another document"),
        (b"methods: &a [*a]\n", ", line 1: found unconstructable recursive node"),
    ],
)
def test_a_fault_is_one_line(file, content, message):
    file.write_bytes(content)
    with pytest.raises(ValueError) as caught:
        read_values(file, EXAMPLES)
    assert str(caught.value) == f"{file}{message}"


def test_a_byte_with_no_meaning_in_yaml_is_one_line(file):
    file.write_bytes(b"source: a\x00b\n")
    with pytest.raises(ValueError, match=r"mine.yaml: unacceptable character .* not allowed") as caught:
        read_values(file, EXAMPLES)
    assert "\n" not in str(caught.value)


@dataclass
class Settings:
    source: str
    method: str
    lr: float = 0.1


def test_settings_have_the_types_of_their_fields(file):
    file.write_text("source: 5\nmethod: no\nlr: 1\n", encoding="utf-8")
    found = read_settings(Settings, file)
    assert found == Settings("5", "no", 1.0) and type(found.lr) is float


def test_fields_that_must_be_given_are_named(file):
    file.write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine.yaml must also give source and method$"):
        read_settings(Settings, file)
