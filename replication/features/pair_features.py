"""The features of both sides of all pairs of one split, in memory."""

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import LongTensor, Tensor

from replication.evaluation.shares import NearDuplicates
from replication.validation import check_count


@dataclass(frozen=True)
class PairFeatures:
    """N items, each with V views on the left and one or more captions on the right.

    A left side is an image, say, and its captions are texts; but both may be texts, or images. Captions of one item lie one
    after the other, in the order of the items.

    Attributes:
        name: of the data, for tables.
        split: "train", "val" or "test".
        left: float32 [V, N, d1], V >= 1 views of each item.
        right: float32 [C, d2], all captions.
        counts: int64 [N], the captions of each item, each >= 1; their sum is C.
        groups: int64 [N], or None: items of one group are likely false negatives of each other, such as images of one class.
        texts: the C captions as texts where the right side has them, else None; they tell likely false negatives too.

    Raises:
        TypeError, ValueError: in one line, what does not fit: kinds, shapes, rows with NaN or infinity, no items.
    """

    name: str
    split: str
    left: Tensor
    right: Tensor
    counts: LongTensor
    groups: LongTensor | None = None
    texts: list[str] | None = None

    def __post_init__(self):
        for name, shape, x in (("left", "[V, N, d1]", self.left), ("right", "[C, d2]", self.right)):
            if not isinstance(x, Tensor) or x.dtype != torch.float32:
                kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
                raise TypeError(f"{name} of {self.name} is {kind}; it must be a float32 tensor {shape}")
            if x.ndim != shape.count(",") + 1 or 0 in x.shape:
                raise ValueError(f"{name} of {self.name} has shape {list(x.shape)}; it must be {shape}, none of them 0")
        self._check_integers("counts", self.counts)
        if int(self.counts.min()) < 1 or int(self.counts.sum()) != len(self.right):
            raise ValueError(
                f"counts of {self.name} are {int(self.counts.min())} or more and {int(self.counts.sum())} in sum; each must be"
                f" >= 1, and their sum {len(self.right)}, the rows of right"
            )
        if self.groups is not None:
            self._check_integers("groups", self.groups)
        if self.texts is not None and len(self.texts) != len(self.right):
            raise ValueError(f"texts of {self.name} are {len(self.texts)}; they must be {len(self.right)}, as many as right")
        for name, x in (("left", self.left), ("right", self.right)):
            check_finite_rows(f"{name} of {self.name}", x)

    def _check_integers(self, name: str, x: LongTensor) -> None:
        if not isinstance(x, Tensor) or x.dtype != torch.int64 or x.shape != (len(self),):
            found = f"{x.dtype} {list(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
            raise ValueError(f"{name} of {self.name} is {found}; it must be torch.int64 [{len(self)}], one for each item")

    def __len__(self) -> int:
        return self.left.shape[1]

    @property
    def views(self) -> int:
        """V, the views of each item."""
        return self.left.shape[0]

    @property
    def first_caption(self) -> LongTensor:
        """The row in `right` of the first caption of each item, [N]."""
        return self.counts.cumsum(0) - self.counts

    @property
    def item_of_caption(self) -> LongTensor:
        """The item that each caption belongs to, [C]."""
        return torch.arange(len(self)).repeat_interleave(self.counts)

    @cached_property
    def near_duplicates(self) -> NearDuplicates | None:
        """What tells captions that nearly agree, or None without texts."""
        return None if self.texts is None else NearDuplicates(self.texts)

    def rows(self, items: LongTensor) -> "PairFeatures":
        """Return the pairs of some items, in the order given."""
        counts = self.counts[items]
        places = torch.arange(int(counts.sum())) - (counts.cumsum(0) - counts).repeat_interleave(counts)
        captions = self.first_caption[items].repeat_interleave(counts) + places
        return replace(
            self,
            left=self.left[:, items],
            right=self.right[captions],
            counts=counts,
            groups=None if self.groups is None else self.groups[items],
            texts=None if self.texts is None else [self.texts[row] for row in captions.tolist()],
        )

    def head(self, count: int) -> "PairFeatures":
        """Return the first `count` items; 0 means all."""
        return self.rows(torch.arange(min(count, len(self)))) if check_count("count", count, 0) else self


def check_finite_rows(name: str, x: Tensor) -> None:
    """Raise ValueError if rows of features [..., d] hold NaN or infinity, and say how many."""
    bad = ~torch.isfinite(x).all(dim=-1).flatten()
    if bad.any():
        count, first = int(bad.sum()), int(bad.nonzero()[0])
        raise ValueError(f"{name} has {count} of {len(bad)} rows with NaN or infinity (first: row {first}); all must be finite")
