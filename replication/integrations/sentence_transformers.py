"""Chosen batches in `SentenceTransformerTrainer`: five lines, and never two rows with the same text in one batch."""

from replication.extras import need

need("replication.integrations.sentence_transformers", "sentence-transformers", ("sentence_transformers", "datasets"))

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sentence_transformers.base.sampler import DefaultBatchSampler
from torch import Tensor

from replication.integrations.dealt_batches import SPLITS, DealtBatches, process_count
from replication.integrations.transformers_trainer import PlanEpochs
from replication.selection import BatchSelector, PlannedBatchSampler
from replication.selection.distinct import check_possible
from replication.selection.registry import make_selector, parse_method
from replication.validation import check_choice, check_positive


class ChosenBatches(PlanEpochs):
    """The batches of `SentenceTransformerTrainer`, chosen anew each epoch with the embeddings of the model as it is then.

        chosen = ChosenBatches("SwapSearch, k 10, hardness 0.25")
        args = SentenceTransformerTrainingArguments(..., per_device_train_batch_size=32, batch_sampler=chosen)
        trainer = SentenceTransformerTrainer(model, args, train_dataset=data, loss=loss, callbacks=[chosen])

    For losses with in-batch negatives, such as `MultipleNegativesRankingLoss` and its cached variant. Rows that share a
    text in any column never share a batch, as with `BatchSamplers.NO_DUPLICATES`; nor do rows that are linked by a chain of
    such rows. Evaluation sets are read in their order.

    Args:
        selector: one line, such as "SGD" or "SwapSearch, k 10, hardness 0.25" (see `replication.selection.registry`), or a
            selector for the trainer's batch size: that of all processes together with split="rows".
        temperature: of the loss; 1 / scale of `MultipleNegativesRankingLoss`, whose default scale is 20.
        columns: the text columns that matter. The first two are embedded as u and v. None: all that hold texts.
        embeddings: (u, v) of all rows, made elsewhere, to plan with in all epochs. None: by the model.
        every: embed in every n-th epoch; planned is each.
        split: as `DealtBatches`. "rows" is for losses with gather_across_devices=True, "batches" for others.

    Raises:
        TypeError, ValueError: an argument of the wrong kind; and when the trainer asks for batches, columns that are not
            there or hold no texts, a selector of another batch size, or more rows of one text than there are batches.
    """

    def __init__(
        self,
        selector: str | BatchSelector,
        temperature: float = 0.05,
        columns: list[str] | None = None,
        embeddings: tuple[Tensor, Tensor] | None = None,
        every: int = 1,
        split: str = "batches",
    ):
        if isinstance(selector, str):
            parse_method(selector)
        elif not isinstance(selector, BatchSelector):
            raise TypeError(f"selector={selector!r} must be a selector, or a line such as 'SwapSearch, k 10'")
        if embeddings is not None and not isinstance(embeddings, tuple | list):
            raise TypeError(f"embeddings is {type(embeddings).__name__}; it must be a pair (u, v)")
        super().__init__(self._embed if embeddings is None else embeddings, every)
        self.selector, self.columns = selector, columns
        self.temperature = check_positive("temperature", temperature)
        self.split = check_choice("split", split, SPLITS)
        self.attached, self.training = False, False
        self.trained_on = None  # the data set of the latest training

    def __reduce__(self):
        """Pickle without batches: the trainer saves its arguments, and so this object, with every checkpoint."""
        return type(self), (self.selector, self.temperature, self.columns, None, self.planner.every, self.split)

    def __call__(self, dataset, batch_size: int, drop_last: bool, valid_label_columns=None, generator=None, seed: int = 0):
        """Return the batch sampler of one data set: what the trainer's argument `batch_sampler` asks for."""
        return TextBatches(self, dataset, batch_size, drop_last, valid_label_columns, generator, seed)

    def on_init_end(self, args, state, control, **kwargs):
        """Remember that the trainer has this callback."""
        super().on_init_end(args, state, control, **kwargs)
        self.attached = True

    def on_train_begin(self, args, state, control, train_dataloader=None, **kwargs):
        """Find the batches of the training set; its embeddings are those of its texts."""
        found = train_dataloader
        while found is not None and not isinstance(found, TextBatches):
            found = getattr(found, "batch_sampler", None)
        if found is None:
            raise TypeError("train_dataset must be one Dataset, with batch_sampler=chosen in the trainer's arguments")
        self.rows, self.training = found.prepare(), True
        super().on_train_begin(args, state, control, train_dataloader=train_dataloader, **kwargs)

    def on_train_end(self, args, state, control, **kwargs):
        """Forget the texts."""
        self.rows, self.training = None, False

    def _embed(self, model) -> tuple[Tensor, Tensor]:
        texts = self.rows[:2]
        different = list(dict.fromkeys(text for column in texts for text in column))
        place = {text: number for number, text in enumerate(different)}
        found = model.encode(different, convert_to_tensor=True, show_progress_bar=False).float().cpu()
        u, *v = (found[torch.tensor([place[text] for text in column])] for column in texts)
        return u, v[0] if v else u


class TextBatches(DefaultBatchSampler):
    """The batches of one data set: those of the plan if it is trained on, else in the order of the data."""

    def __init__(self, chosen: ChosenBatches, dataset, batch_size, drop_last, valid_label_columns, generator, seed):
        super().__init__(dataset, batch_size, drop_last, valid_label_columns, generator, seed)
        self.chosen, self.dataset, self.dealt = chosen, dataset, None
        # Before training begins, nobody says what a data set is for. A training that an exception ended never says so, and
        # may begin again on the same data.
        self.to_evaluate = chosen.training and dataset is not chosen.trained_on
        self.sampler = self  # through this attribute Accelerate calls `set_epoch`

    def prepare(self) -> list[list[str]]:
        """Make ready to plan this data set; return its text columns."""
        self.chosen.trained_on = self.dataset
        rows = text_columns(self.dataset, self.chosen.columns, self.valid_label_columns or [])
        self.dealt = self._deal(len(self.dataset), linked_rows(rows))
        self.dealt.set_epoch(self.epoch)
        return rows

    def _deal(self, size: int, groups: np.ndarray) -> DealtBatches:
        chosen = self.chosen
        batch_size = self.batch_size * (process_count() if chosen.split == "rows" else 1)
        selector = chosen.selector
        if isinstance(selector, str):
            selector = make_selector(selector, size, batch_size, chosen.temperature)
        if selector.batch_size != batch_size:
            raise ValueError(f"selector={selector} has batch_size={selector.batch_size}; the trainer asks for {batch_size}")
        try:
            check_possible(torch.as_tensor(groups), batch_size)
        except ValueError as error:
            raise ValueError(f"rows that share texts never share a batch: {error}") from None
        return DealtBatches(PlannedBatchSampler(selector, size, self.seed, distinct=groups), chosen.split)

    def set_epoch(self, epoch: int) -> None:
        """Begin an epoch."""
        super().set_epoch(epoch)
        if self.dealt is not None:
            self.dealt.set_epoch(epoch)

    def __len__(self) -> int:
        whole, rest = divmod(len(self.dataset), self.batch_size)
        if self.to_evaluate:
            return whole + bool(rest and not self.drop_last)
        return whole // process_count() * process_count()  # the trainer asks before training begins

    def __iter__(self):
        if self.dealt is not None:
            yield from self.dealt
            return
        if not self.chosen.attached:
            raise RuntimeError("ChosenBatches is the batch_sampler but no callback of the trainer; pass callbacks=[chosen] too")
        size = len(self.dataset) // self.batch_size * self.batch_size if self.drop_last else len(self.dataset)
        for first in range(0, size, self.batch_size):
            yield list(range(first, min(first + self.batch_size, size)))


def text_columns(dataset, columns: list[str] | None, labels: list[str]) -> list[list[str]]:
    """Return the text columns of a data set, those named `columns` or all that are no label.

    Raises:
        ValueError: a column that is not there, or holds something else than texts; or no column with texts.
    """
    there = [name for name in dataset.column_names if name not in (*labels, "dataset_name")]
    for name in columns or []:
        if name not in there:
            raise ValueError(f"columns={columns!r}: {name!r} is no column of the data set (columns: {', '.join(there)})")
    found = {name: list(dataset[name]) for name in (columns or there)}
    texts = {name: values for name, values in found.items() if all(isinstance(value, str) for value in values)}
    if not texts or (columns and len(texts) < len(found)):
        odd = next((name for name in found if name not in texts), None)
        raise ValueError(f"columns={columns!r}: {f'{odd!r} holds something else than texts' if odd else 'there are none'}")
    return list(texts.values())


def linked_rows(columns: list[list[str]]) -> np.ndarray:
    """Return a group for each row [N]: rows that share a text in any of the columns are in one, also by way of others."""
    size, place = len(columns[0]), {}
    texts = np.array([[place.setdefault(text, len(place)) for text in column] for column in columns])
    rows = np.tile(np.arange(size), len(columns))
    graph = coo_array((np.ones(rows.size), (rows, size + texts.ravel())), shape=(size + len(place),) * 2)
    return connected_components(graph, directed=False)[1][:size]
