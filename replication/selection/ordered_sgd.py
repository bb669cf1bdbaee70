"""Ordered SGD: of k random batches keep the q with the largest loss."""

from replication.losses import batch_losses, nt_xent_losses
from replication.selection.all_batches import AllBatches
from replication.selection.base import BatchSelector, ClippedCount, shuffled_rows
from replication.selection.kernels.parallel import single_torch_thread
from replication.selection.shuffled import independent_rows
from replication.validation import check_choice, check_count, check_flag, check_positive


class OrderedSGD(BatchSelector):
    """The q of k candidate batches whose loss is largest (section 5 and algorithms 2, 5, 6 of the paper).

    After Kawaguchi & Lu (2020), "Ordered SGD". Cheap, but the choice is only among random batches, whose losses hardly
    differ once B is large: see notebook `04_batch_selection`. One call returns q batches, which cover a part of the data;
    `PlannedBatchSampler` asks again until an epoch is full.

    Args:
        batch_size: samples in a batch, B >= 2.
        k: number of candidates. None, or more than floor(N/B) (one logged line), means floor(N/B).
        q: number of batches kept, 1 <= q <= k; None means max(1, k // 10), the paper's ratio (k=1500, q=150).
        candidates: "partition": k disjoint batches of one shuffle, so a plan holds no index twice. "independent": k batches
            drawn independently; k is then not limited by N/B. "all": all C(N, B) batches (k must be None), the choice of
            the paper's synthetic experiments with q=1.
        temperature: > 0, of the loss that ranks the candidates.
        max_batches: refuse to rank more candidates than this.
        hardest_first: the order of the q batches; False: the hardest comes last, as in the released training code.
        loss: what ranks the candidates. "info_nce": eq. (1) of the paper. "nt_xent": the loss of SimCLR (`NTXent`), in which
            the 2B views of a batch compete, those of one side too, as in the released training code.

    Raises:
        ValueError: a parameter out of range; from `select`, q above the k that the data allow.
    """

    def __init__(
        self,
        batch_size: int,
        k: int | None = None,
        q: int | None = None,
        candidates: str = "partition",
        temperature: float = 1.0,
        max_batches: int = 1_000_000,
        hardest_first: bool = True,
        loss: str = "info_nce",
    ):
        self.batch_size = check_count("batch_size", batch_size, 2)
        self.candidates = check_choice("candidates", candidates, ("partition", "independent", "all"))
        if candidates == "all" and k is not None:
            raise ValueError(f"k={k} must be None for candidates='all', where every batch is a candidate")
        self.k = ClippedCount(k)
        self.q = None if q is None else check_count("q", q, 1, k, "k, the number of candidates")
        self.temperature = check_positive("temperature", temperature)
        self.max_batches = check_count("max_batches", max_batches, 1)
        self.hardest_first = check_flag("hardest_first", hardest_first)
        self.loss = check_choice("loss", loss, ("info_nce", "nt_xent"))

    def _select(self, u, v, generator):
        batches = self._candidates(len(u), generator)
        count = len(batches)
        q = max(1, count // 10) if self.q is None else self.q
        if q > count:
            raise ValueError(f"q={q} must be <= {count}, the number of candidates that N={len(u)} samples give")
        with single_torch_thread():  # many small products, during which threads would mostly wait for each other
            if self.loss == "nt_xent":
                losses = nt_xent_losses(u, v, batches, self.temperature)
            else:
                losses = batch_losses(u, v, batches, self.temperature, validate=False)
        # A stable sort breaks ties towards the lowest index, on every device.
        chosen = losses.argsort(descending=True, stable=True)[:q].cpu()
        return batches[chosen if self.hardest_first else chosen.flip(0)]

    def _candidates(self, num_samples, generator):
        if self.candidates == "all":
            return AllBatches(self.batch_size, self.max_batches).plan(num_samples)
        if self.candidates == "independent":
            k = self.k.k or num_samples // self.batch_size
            if k > self.max_batches:
                raise ValueError(f"k={k:,} candidates must be <= max_batches={self.max_batches:,}")
            return independent_rows(k, num_samples, self.batch_size, generator)
        rows = shuffled_rows(num_samples, self.batch_size, generator)
        return rows[: self.k.within(len(rows))]
