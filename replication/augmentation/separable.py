"""Linear maps that treat rows and columns of an image apart, with a matrix of their own for each sample."""

from torch import Tensor


def apply_separable(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return rows[b] @ images[b, c] @ columns[b].T for every sample b and channel c.

    Args:
        images: [B, C, H, W].
        rows: [B, H', H].
        columns: [B, W', W].

    Returns:
        [B, C, H', W'], stored channel by channel: in this layout the arithmetic on single channels is fastest.
    """
    count, channels, height, width = images.shape
    side_by_side = images.transpose(1, 2).reshape(count, height, channels * width)
    new_height, new_width = rows.shape[1], columns.shape[1]
    stretched = (rows @ side_by_side).view(count, new_height * channels, width)
    result = (stretched @ columns.transpose(1, 2)).view(count, new_height, channels, new_width)
    return result.permute(2, 0, 1, 3).contiguous().transpose(0, 1)
