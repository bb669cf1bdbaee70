"""The entries of the ledger's page: every registered claim with its verdict, its number, and where to look."""

import re

import pandas as pd

from book.links import book_links
from book.places import RESULTS, write
from replication.reporting.ledger import ledger, load_claims

TOPICS = {
    "01_theory": "theory",
    "02_osgd_toy": "four points of a circle",
    "03_synthetic": "free embeddings",
    "04_batch_selection": "hardness and cost",
    "05_cifar": "networks on images",
    "06_clip": "CLIP",
    "07_map": "heads on frozen towers",
    "09_tuning": "tuning",
}


def claims() -> pd.DataFrame:
    """Return one row a claim: those of the committed ledger, with its id and a topic."""
    rows = ledger(RESULTS)
    links = rows.links.str.replace("](", "](../results/", regex=False).map(book_links)
    topics = [TOPICS.get(name, re.sub(r"^\d+_", "", name)) for name in rows.notebook]
    return rows.assign(id=list(load_claims()), topic=topics, links=links)


def write_ledger() -> None:
    """Write the entries, which ledger.md includes."""
    write("ledger_entries.md", "\n\n".join(entry(row) for row in claims().to_dict("records")) + "\n")


def entry(row: dict) -> str:
    """Return one claim. ledger.js filters by the texts of the containers named here."""
    source = "the paper" if row["kind"] == "paper" else "beyond the paper"
    where = f"[{source}]{{.claim-source}} · [{row['topic']}]{{.claim-topic}} · {row['where']}"
    verdict = row["verdict"]
    return "\n".join(
        [
            f"(claim-{row['id']})=",
            f"::::{{container}} claim {verdict.replace(' ', '-')}",
            f":::{{container}} claim-verdict\n{verdict}\n:::",
            f":::{{container}} claim-text\n{row['claim']}\n:::",
            f":::{{container}} claim-where\n{where}\n:::",
            *([f":::{{container}} claim-number\n{row['evidence']}\n:::"] if row["evidence"] else []),
            *([f":::{{container}} claim-links\n{row['links']}\n:::"] if row["links"] else []),
            "::::",
        ]
    )
