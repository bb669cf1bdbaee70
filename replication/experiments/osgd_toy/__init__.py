"""The paper's toy comparison of SGD and OSGD (section 5.1) and the objective that OSGD descends (appendix).

| module | holds |
|---|---|
| `circle` | the four points, their angles and one gradient step |
| `simulation` | trajectories of SGD and OSGD, many runs at once |
| `gradient_flow` | the limit of small steps, in closed form |
| `arrival` | numbers of updates until arrival, with confidence intervals |
| `ordered_objective` | the weights gamma_j of the sorted losses |
| `smoothness` | the largest gradient and the most negative curvature of the loss |
| `verdicts`, `checks` | what the notebook concludes, and what its parameters may be |
| `figures`, `animation` | how all of it looks |
"""
