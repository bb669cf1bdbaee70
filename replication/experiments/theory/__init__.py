"""Numerical checks of every statement of the paper's theory (sections 3-5), for notebook 01_theory.

| module | what it checks |
|---|---|
| `proportionality` | Proposition 1 |
| `optima` | Lemma 1, Theorems 3 and 4 |
| `families` | Theorem 5, "never together", figure 1(b) |
| `designs` | the exact criterion behind "if and only if all batches" |
| `clustering_bound` | the bound of section 5.2 behind spectral clustering |
| `circle_slice` | figure 1(a) |
| `search`, `witness`, `flatness` | sizes outside the theorems |

`objective` and `minimise` are the solver, `points` the named configurations, `verdicts` the rules of judgement, and the
`*_figures` modules draw.
"""
