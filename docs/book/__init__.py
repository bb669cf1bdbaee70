"""What the book is made of, beside its pages: everything here reads committed files and writes into docs/generated.

- `notebooks`, `runs`: a page for each notebook as it was executed, and one for each committed run with its tables and figures.
- `measured`: numbers and tables of committed runs, which pages name as `{{ name }}`.
- `ledger`, `selectors`, `pictures`, `api`, `citation`: the generated parts of the pages of these names.
- `links`: links to files of the repository become links inside the book.
- `docstrings`, `formulas`: what Sphinx must know of our docstrings, and formulas without scripts.
"""
