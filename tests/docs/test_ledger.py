"""The ledger's page holds every claim, and what ledger.js filters by."""

from pathlib import Path

import pytest

from book.ledger import claims, entry
from replication.reporting.ledger import ledger, load_claims
from replication.reporting.run import VERDICTS

ROOT = Path(__file__).parents[2]


def test_every_claim_is_there_with_all_that_the_committed_ledger_says():
    rows, committed = claims(), ledger(ROOT / "results")
    assert list(rows.id) == list(load_claims())
    for name in ("claim", "where", "verdict", "evidence"):
        assert list(rows[name]) == list(committed[name])
    assert set(rows.verdict) <= set(VERDICTS) and (rows.topic != "").all()
    assert (rows.links.str.count(r"\]\(") == committed.links.str.count(r"\]\(")).all()


@pytest.mark.parametrize("row", claims().to_dict("records"), ids=lambda row: row["id"])
def test_an_entry_has_the_parts_that_the_script_reads(row):
    text = entry(row)
    assert text.startswith(f"(claim-{row['id']})=\n") and text.count("::::") == 2
    for part in (f"claim-verdict\n{row['verdict']}\n", f"claim-text\n{row['claim']}\n", f"[{row['topic']}]{{.claim-topic}}"):
        assert part in text
    assert "{.claim-source}" in text and ("claim-number" in text) == bool(row["evidence"])


def test_the_script_asks_for_these_parts():
    script = (ROOT / "docs" / "static" / "ledger.js").read_text(encoding="utf-8")
    for name in ("verdict", "topic", "source"):
        assert f'"{name}"' in script
    assert "http" not in script
