"""Joint example selection (JEST): of a super-batch keep one batch, drawn block by block by what its samples do together."""

import torch
from torch import Generator, LongTensor, Tensor

from replication.selection.base import BatchSelector, shuffled_rows
from replication.selection.kernels.parallel import single_torch_thread
from replication.torch_settings import plain_tensors
from replication.validation import check_count, check_has_values, check_not_negative, check_pairs, check_positive, unit_rows


class JointExamples(BatchSelector):
    """From each random super-batch one batch, drawn so that its samples are hard, or learnable, beside each other.

    After Evans et al. (2024), "Data curation via joint example selection further accelerates multimodal learning" (JEST,
    arXiv 2406.17711). A batch grows by blocks. With z_ij = u_i.v_j / temperature and the samples S chosen so far, the next
    block is drawn without replacement, sample i in proportion to exp(gain * score_i), where

        score_i = -z_ii + (log sum_{j in S} exp(z_ij) + log sum_{j in S} exp(z_ji)) / 2,

    and -z_ii alone for the first block: how hard the pair i is beside the pairs of S, the two directions averaged. A
    reference model turns hardness into learnability: its own score is subtracted, so that pairs that are hard for it too,
    such as wrong captions, are not sought.

    One call returns a batch for each super-batch, so a plan covers the share 1 - filter of the data;
    `PlannedBatchSampler` asks again until an epoch is full. Time and memory are linear in N. The batches lie between those
    of `OrderedSGD`, which are random ones, and those of `SwapSearch`.

    The softmax form and its constants (filter 0.8, 16 blocks) could not be checked against the paper: no official code is
    public, and the form above is that of a third-party copy. The paper scores with the model as it is when a super-batch
    comes; here the embeddings are as old as the plan.

    Args:
        batch_size: samples in a batch, B >= 2.
        filter: share of a super-batch that is not kept, 0 <= filter < 1: it holds B / (1 - filter) samples, rounded, or all
            N where these are fewer. 0: random batches.
        chunks: blocks in which a batch is drawn, >= 1, their sizes as equal as can be; more than B means B, one by one.
        temperature: > 0, of the loss.
        reference: the embeddings (u, v) of the same samples by a reference model, each [N, any d]; rows need not have norm
            1. None: no reference, scores are hardness ("hard learner" in the paper).
        reference_temperature: > 0, of the reference model's loss; None means `temperature`.
        gain: >= 0, how strongly the scores decide. 0: random batches.

    Raises:
        TypeError, ValueError: a parameter of the wrong kind or out of range; from `select`, a reference of other samples.
    """

    def __init__(
        self,
        batch_size: int,
        filter: float = 0.8,
        chunks: int = 16,
        temperature: float = 1.0,
        reference: tuple[Tensor, Tensor] | None = None,
        reference_temperature: float | None = None,
        gain: float = 1.0,
    ):
        self.batch_size = check_count("batch_size", batch_size, 2)
        self.filter = check_not_negative("filter", filter, below=1)
        self.chunks = check_count("chunks", chunks, 1)
        self.temperature = check_positive("temperature", temperature)
        self.reference = None if reference is None else _checked(reference)
        if reference_temperature is not None:
            check_positive("reference_temperature", reference_temperature)
            if reference is None:
                raise ValueError(f"reference_temperature={reference_temperature} must be None where there is no reference")
        self.reference_temperature = reference_temperature
        self.gain = check_not_negative("gain", gain)

    def super_batch(self, num_samples: int) -> int:
        """Return how many of `num_samples` samples a super-batch holds."""
        return min(num_samples, round(self.batch_size / (1 - self.filter)))

    def _select(self, u, v, generator):
        samples = shuffled_rows(len(u), self.super_batch(len(u)), generator)
        models = [(u[samples], v[samples], self.temperature)]
        if self.reference is not None:
            if len(self.reference[0]) != len(u):
                raise ValueError(f"reference has {len(self.reference[0])} rows; it must have one for each of {len(u)} samples")
            views = (unit_rows("reference", view[samples].flatten(0, 1)).view(*samples.shape, -1) for view in self.reference)
            models.append((*(view.to(u.device) for view in views), self.reference_temperature or self.temperature))
        blocks = [len(block) for block in torch.arange(self.batch_size, device="cpu").tensor_split(self.chunks) if len(block)]
        with single_torch_thread():  # many small products, during which threads would mostly wait for each other
            return samples.gather(1, draw_jointly(models, blocks, self.gain, generator))


def draw_jointly(
    models: list[tuple[Tensor, Tensor, float]], blocks: list[int], gain: float, generator: Generator | None
) -> LongTensor:
    """Return for each of G super-batches the places [G, B] in it of one batch, drawn as `JointExamples` says.

    Args:
        models: the learner and, if there are two, the reference: unit rows u, v [G, S, d] and the temperature.
        blocks: how many samples each block draws, in all B <= S.
        gain: >= 0.
        generator: a CPU generator, or None.
    """
    scores = [_Score(*model) for model in models]
    chosen = scores[0].own.new_empty(len(scores[0].own), 0, dtype=torch.int64)
    for block in blocks:
        value = scores[0].value if len(scores) == 1 else scores[0].value - scores[1].value
        # The largest of logits + Gumbel noise are a draw without replacement in proportion to exp(logits).
        noise = torch.empty(value.shape, dtype=torch.float64, device="cpu").exponential_(generator=generator).log_().neg_()
        keys = (gain * value + noise.to(value)).scatter_(1, chosen, -torch.inf)
        newest = keys.topk(block, dim=1).indices
        chosen = torch.cat([chosen, newest], dim=1)
        if chosen.shape[1] < sum(blocks):
            for score in scores:
                score.join(newest)
    return chosen.cpu()


class _Score:
    """The scores [G, S] of one model for the samples of G super-batches, in the company of those that have joined."""

    def __init__(self, u: Tensor, v: Tensor, temperature: float):
        self.u, self.v = u / temperature, v
        self.own = (self.u * v).sum(dim=2)
        self.value, self.forth, self.back = -self.own, None, None

    def join(self, places: LongTensor) -> None:
        """Add the samples at `places` [G, block] to the company."""
        rows = places[:, :, None].expand(-1, -1, self.u.shape[2])
        forth = (self.u @ self.v.gather(1, rows).transpose(1, 2)).logsumexp(dim=2)
        back = (self.v @ self.u.gather(1, rows).transpose(1, 2)).logsumexp(dim=2)
        self.forth = forth if self.forth is None else torch.logaddexp(self.forth, forth)
        self.back = back if self.back is None else torch.logaddexp(self.back, back)
        self.value = (self.forth + self.back) / 2 - self.own


@plain_tensors()
def _checked(reference: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Return the embeddings of a reference model after checking that they are those of pairs."""
    if not isinstance(reference, tuple | list) or len(reference) != 2:
        raise TypeError(f"reference is {type(reference).__name__}; it must be a tuple (u, v) of two tensors [N, d], or None")
    try:
        for name, x in zip("uv", reference, strict=True):
            if isinstance(x, Tensor):
                check_has_values(name, x)
        check_pairs(*reference)
        for name, x in zip("uv", reference, strict=True):
            unit_rows(name, x)
    except (TypeError, ValueError) as error:
        raise type(error)(f"reference: {error}") from None
    return tuple(reference)
