"""What each notebook computes and shows, a package for each, named as the notebook is.

The library knows none of them, and neither does `reporting`, which runs notebooks and records what they leave. They know each
other only through `grid`, which trains and judges many networks.
"""

from replication.extras import need

need("replication.experiments", "experiments", ("torchvision", "matplotlib", "seaborn"))
