"""What experiments that train many networks have in common once they are trained: their tables, figures and verdicts."""
