"""What `SwapSearch` maximises, computed batch by batch."""

from replication.selection import edge_weights


def within_weight(u, v, rows, temperature):
    """Return the paper's lower bound of the mean loss of the batches `rows` [M, B]: the sum of w inside, over B(B-1)M."""
    size = rows.shape[1]
    total = sum(float(edge_weights(u[row], v[row], size, temperature).sum()) for row in rows) / 2
    return total / (size * (size - 1) * len(rows))
