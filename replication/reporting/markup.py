"""Texts that users bring, such as captions and paths, made fit for LaTeX and Markdown."""

import re

from replication.validation import one_line

_GREEK = (
    ("αβγδεζηθικλμνξπρστυφχψω", "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
     "upsilon phi chi psi omega"),
    ("ΓΔΘΛΞΠΣΥΦΨΩ", "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"),
    ("±×·÷≤≥≠≈∞→←√∈", "pm times cdot div leq geq neq approx infty rightarrow leftarrow surd in"),
)  # fmt: skip
_LATEX = {letter: f"$\\{name}$" for letters, names in _GREEK for letter, name in zip(letters, names.split(), strict=True)} | {
    letter: f"\\{letter}" for letter in "&%$#_{}"
}
_LATEX |= {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "`": r"\textasciigrave{}",
    # In LaTeX's default font these three would come out as other signs.
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # After the end of a row, LaTeX takes these for arguments of the line break.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "−": "$-$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
}
# Latin letters and signs that LaTeX's default font lacks.
_NOT_IN_FONT = frozenset("«»ÐÞðþĄąĐđĘęĦħĮįĸĿŀŉŊŋŦŧŲų")


def latex_text(text: str) -> str:
    """Return a text for LaTeX, on one line, so that it compiles with any engine and no further package.

    Greek letters and common signs become commands, Latin letters with accents stay. Any other sign, such as a Chinese one,
    becomes its number, as [U+4E00]: LaTeX would stop at it.
    """
    text = re.sub(r"-(?=-)", "-\0", one_line(text))  # else two of them become a dash
    return "".join(map(_in_latex, text))


def _in_latex(letter: str) -> str:
    if letter == "\0":
        return "{}"
    if letter in _LATEX:
        return _LATEX[letter]
    if " " <= letter <= "~" or ("\xa1" <= letter <= "ž" and letter not in _NOT_IN_FONT):
        return letter
    return f"{{[}}U+{ord(letter):04X}{{]}}"


# What Markdown would read as markup: everywhere, at the edges of words, or at the beginning of a paragraph.
_MARKDOWN = re.compile(
    r"""[\\`*$|]  |  ~(?=~)  |  <(?=[A-Za-z/!?])  |  &(?=\#?\w+;)  |  \[(?=[^]]*\][(\[:])
    |  (?<!\w)_(?=\w)  |  (?<=\w)_(?!\w)  |  ^[#>+-](?=\s)""",
    re.VERBOSE,
)


def markdown_text(text: str) -> str:
    """Return a text for Markdown, on one line: shown as it is, in a paragraph as in the cell of a table."""
    return _MARKDOWN.sub(r"\\\g<0>", one_line(text))
