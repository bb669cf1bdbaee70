"""Pages are filled in from the runs, with links that work where they lie, and the committed ones are in step."""

import re
import shutil
from pathlib import Path

import pytest

from replication.reporting.ledger import claims_page, load_claims
from replication.reporting.pages import filled, in_short, links_from, parts, write_report

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results"
PAGES = ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
needs_a_report = pytest.mark.skipif(not (RESULTS / "CLAIMS.md").is_file(), reason="no report is committed yet")


def known(**texts):
    return {name: lambda text=text: text for name, text in texts.items()}


def test_parts_are_replaced_in_lines_of_their_own_and_inside_a_sentence_and_nothing_else_is():
    text = "before\n<!-- ledger:begin -->\nold\n<!-- ledger:end -->\nin <!-- time:begin -->9 s<!-- time:end --> at most\n"
    new = filled("README.md", text, known(ledger="new", time="1 s", unused="x"))
    assert new == text.replace("old", "new").replace("9 s", "1 s")
    assert filled("README.md", new, known(ledger="new", time="1 s")) == new
    empty = "<!-- time:begin --><!-- time:end -->\n<!-- ledger:begin -->\n<!-- ledger:end -->\n"
    assert filled("README.md", empty, known(ledger="a\nb", time="1 s")) == (
        "<!-- time:begin -->1 s<!-- time:end -->\n<!-- ledger:begin -->\na\nb\n<!-- ledger:end -->\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<!-- a:begin -->",
        "<!-- a:end -->",
        "<!-- a:end --><!-- a:begin -->",
        "<!-- a:begin --><!-- b:end -->",
        "<!-- a:begin --><!-- b:begin --><!-- b:end --><!-- a:end -->",
    ],
)
def test_a_marker_without_its_other_end_is_an_error_that_names_the_page(text):
    with pytest.raises(ValueError, match=r"^docs/x.md must hold each <!-- name:begin --> with its <!-- name:end --> after it"):
        filled("docs/x.md", text, known(a="1", b="2"))


def test_an_unknown_part_is_named():
    with pytest.raises(ValueError, match=r"^README.md has a part 'times'; known are ledger, map$"):
        filled("README.md", "<!-- times:begin --><!-- times:end -->", known(ledger="", map=""))


def test_links_begin_at_the_folder_of_the_page():
    text = "[a](results/a.md) ![b](results/b.png) [c](docs/choosing.md) [d](https://d.org) [e](#e) [f](results/C.md#not-run)"
    assert links_from("README.md", text) == text
    assert links_from("docs/x.md", text) == (
        "[a](../results/a.md) ![b](../results/b.png) [c](choosing.md) [d](https://d.org) [e](#e) [f](../results/C.md#not-run)"
    )


def test_the_readmes_list_stands_in_the_book_too():
    assert in_short().startswith("- **Theory.**") and in_short().count("\n- **") >= 3


def test_every_part_is_shown_somewhere():
    shown = {name for page in PAGES for name in re.findall(r"<!-- (\w+):begin -->", (ROOT / page).read_text(encoding="utf-8"))}
    assert shown == set(parts(RESULTS))


def test_pages_are_filled_in_for_the_committed_results_only(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "03_synthetic.ipynb").touch()
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "docs").mkdir()
    markers = "".join(f"<!-- {name}:begin --><!-- {name}:end -->\n" for name in ("ledger", "map", "trainers"))
    pages = [tmp_path / "README.md", tmp_path / "docs" / "page.md"]
    for page in pages:
        page.write_text(markers, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    local = tmp_path / "results" / "local"
    assert write_report(local).read_text(encoding="utf-8") == claims_page(local)
    assert [page.read_text(encoding="utf-8") for page in pages] == [markers, markers]
    write_report(tmp_path / "results")
    for page in pages:
        text = page.read_text(encoding="utf-8")
        paper = sum(claim.get("kind", "paper") == "paper" for claim in load_claims().values())
        assert f"Of the paper's {paper} claims {paper} are not tested yet." in text and "*(no run of `07_map` yet)*" in text


def test_nothing_is_written_where_a_page_is_wrong(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "03_synthetic.ipynb").touch()
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "README.md").write_text("<!-- nothing:begin --><!-- nothing:end -->", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"^README.md has a part 'nothing'"):
        write_report(tmp_path / "results")
    assert not (tmp_path / "results").exists()


@needs_a_report
def test_the_committed_report_is_in_step__else_run_make_report(tmp_path, monkeypatch):
    """What `make report` writes from the committed results, in a copy of the project, is what is committed."""
    shutil.copytree(RESULTS, tmp_path / "results", ignore=shutil.ignore_patterns("local", "trainings", ".*"))
    for name in ("README.md", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "docs").mkdir()
    for name in PAGES[1:]:
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    monkeypatch.chdir(tmp_path)
    write_report(tmp_path / "results")
    for name in ("results/CLAIMS.md", *PAGES):
        assert (tmp_path / name).read_text(encoding="utf-8") == (ROOT / name).read_text(encoding="utf-8"), (
            f"{name} is stale: run `make report`"
        )
