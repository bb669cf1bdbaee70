"""How good the settings are that rules find with few evaluations: on test functions, and on free embeddings.

| module | holds |
|---|---|
| `problems` | what is evaluated: a function, or a table of settings with noisy starts |
| `embeddings` | updates that free embeddings need, as a function of (lr, k, hardness) |
| `regret` | runs of all rules from the same first points, and tables of their regret |
| `qlogei` | a further rule, from BoTorch, where that is installed |
| `verdicts`, `checks` | what the notebook concludes, and what its parameters may be |
| `figures` | how all of it looks |
"""
