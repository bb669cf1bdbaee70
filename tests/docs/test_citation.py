"""BibTeX entries say what CITATION.cff says."""

from book.citation import bibtex


def test_both_entries_name_their_authors_and_close():
    text = bibtex()
    assert text.count("{") == text.count("}") and [line[0] for line in text.split("\n\n")] == ["@", "@"]
    assert "Cho, Jaewoong and Sreenivasan, Kartik" in text and "arXiv:2307.05906" in text
    assert "{The replication authors}" in text
