"""ChosenBatches in a real SentenceTransformerTrainer: what is trained on, equal texts, resuming, and what is refused."""

import pickle

import pytest
import torch

pytest.importorskip("datasets")
pytest.importorskip("sentence_transformers")
from datasets import Dataset
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import CachedMultipleNegativesRankingLoss, MultipleNegativesRankingLoss

from replication.integrations.sentence_transformers import ChosenBatches, linked_rows, text_columns
from replication.integrations.tiny_transformer import tiny_sentence_transformer
from replication.selection import ShuffledBatches

ROWS = 44
TEXTS = [f"sample{number} kind{number % 4}" for number in range(ROWS)]
TEXTS[9] = TEXTS[8]  # one anchor twice
PAIRS = {"anchor": TEXTS, "positive": [f"{text} row{number}" for number, text in enumerate(TEXTS)], "score": [1.0] * ROWS}


@pytest.fixture(scope="module")
def make_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    return lambda: tiny_sentence_transformer(PAIRS["positive"], folder)


def train(
    model, chosen, folder, loss_kind=MultipleNegativesRankingLoss, callbacks=True, resume=None, pairs=PAIRS, fail=0, **options
):
    """Train; return the rows of each batch, known by the last word of their positives.

    `fail`: the step at which training is interrupted, to begin again.
    """
    seen = []

    class Kept(loss_kind):
        def forward(self, features, labels):
            features = list(features)
            texts = model.tokenizer.batch_decode(features[1]["input_ids"], skip_special_tokens=True)
            seen.append([int(text.split("row")[1]) for text in texts])
            if len(seen) == fail:
                raise KeyboardInterrupt
            return super().forward(features, labels)

    settings = {"num_train_epochs": 2, "report_to": [], "save_strategy": "no", "disable_tqdm": True, "use_cpu": True}
    settings |= {"per_device_train_batch_size": 8, "batch_sampler": chosen, "logging_strategy": "no"} | options
    data = Dataset.from_dict(pairs)
    if options.get("eval_strategy"):
        settings["per_device_eval_batch_size"] = 20
    trainer = SentenceTransformerTrainer(
        model,
        SentenceTransformerTrainingArguments(str(folder), **settings),
        train_dataset=data.select_columns(["anchor", "positive"]),
        eval_dataset=data.select_columns(["anchor", "positive"]) if options.get("eval_strategy") else None,
        loss=Kept(model),
        callbacks=[chosen] if callbacks else [],
    )
    if fail:
        with pytest.raises(KeyboardInterrupt):
            trainer.train()
        seen.clear()
        fail = 0
    trainer.train(resume_from_checkpoint=resume)
    assert trainer.state.global_step == trainer.state.max_steps
    return seen


@pytest.mark.parametrize("loss_kind", [MultipleNegativesRankingLoss, CachedMultipleNegativesRankingLoss])
def test_every_epoch_is_a_partition_without_equal_texts(make_model, tmp_path, loss_kind):
    chosen = ChosenBatches("SwapSearch, k 3")
    seen = train(make_model(), chosen, tmp_path, loss_kind)
    assert len(seen) == 10 and seen[5:] == chosen.batches.planned.plan.tolist() and seen[:5] != seen[5:]
    for epoch in (seen[:5], seen[5:]):
        assert len({row for batch in epoch for row in batch}) == 40
        assert not any({8, 9} <= set(batch) for batch in epoch)


def test_resuming_in_the_middle_of_an_epoch_goes_on_with_its_plan(make_model, tmp_path):
    options = {"save_strategy": "steps", "save_steps": 7, "learning_rate": 1e-2}
    whole = train(make_model(), ChosenBatches("SwapSearch, k 3"), tmp_path, **options)
    checkpoint = tmp_path / "checkpoint-7"
    rest = train(make_model(), ChosenBatches("SwapSearch, k 3"), tmp_path, resume=str(checkpoint), **options)
    assert rest == whole[7:]
    (checkpoint / "batches.pt").unlink()
    with pytest.raises(FileNotFoundError, match=r"batches.pt is missing: it holds the plan of the epoch that"):
        train(make_model(), ChosenBatches("SwapSearch, k 3"), tmp_path, resume=str(checkpoint), **options)


def test_given_embeddings_and_a_selector_and_an_evaluation_set_in_its_order(make_model, tmp_path):
    model = make_model()
    model.encode = None  # never asked
    fixed = torch.randn(ROWS, 4, generator=torch.Generator().manual_seed(0))
    chosen = ChosenBatches(ShuffledBatches(8), embeddings=(fixed, fixed))
    seen = train(model, chosen, tmp_path, eval_strategy="epoch")
    evaluated = [batch for batch in seen if len(batch) > 8 or len(batch) < 8]
    assert evaluated == [list(range(20)), list(range(20, 40)), list(range(40, 44))] * 2


def test_without_the_callback_or_with_another_batch_size_nothing_is_trained(make_model, tmp_path):
    with pytest.raises(
        RuntimeError, match=r"^ChosenBatches is the batch_sampler but no callback of the trainer; pass callbacks="
    ):
        train(make_model(), ChosenBatches("SGD"), tmp_path, callbacks=False)
    with pytest.raises(ValueError, match=r"^selector=ShuffledBatches\(4\) has batch_size=4; the trainer asks for 8$"):
        train(make_model(), ChosenBatches(ShuffledBatches(4)), tmp_path)
    with pytest.raises(
        ValueError, match=r"^columns=\['query'\]: 'query' is no column of the data set \(columns: anchor, positive\)"
    ):
        train(make_model(), ChosenBatches("SGD", columns=["query"]), tmp_path)
    alike = PAIRS | {"anchor": ["sample1"] * 10 + TEXTS[10:]}
    with pytest.raises(
        ValueError,
        match=r"^rows that share texts never share a batch: distinct has a group of 10 .* N=44 samples make 5 batches of 8",
    ):
        train(make_model(), ChosenBatches("SGD"), tmp_path, pairs=alike)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"selector": "SwapSerch"}, ValueError, r"^method='SwapSerch': .* did you mean 'SwapSearch'"),
        ({"selector": 5}, TypeError, r"^selector=5 must be a selector, or a line such as 'SwapSearch, k 10'$"),
        ({"split": "x"}, ValueError, r"^split='x' must be one of 'rows', 'batches'$"),
        ({"temperature": 0}, ValueError, r"^temperature=0 must be a finite number > 0$"),
        ({"embeddings": torch.zeros(2, 3, 4)}, TypeError, r"^embeddings is Tensor; it must be a pair \(u, v\)$"),
    ],
)
def test_wrong_arguments_are_one_line_when_it_is_made(arguments, kind, message):
    with pytest.raises(kind, match=message):
        ChosenBatches(**{"selector": "SGD"} | arguments)


def test_which_columns_hold_texts():
    data = Dataset.from_dict(PAIRS)
    assert text_columns(data, None, ["score"]) == [PAIRS["anchor"], PAIRS["positive"]] == text_columns(data, None, [])
    assert text_columns(data, ["positive"], []) == [PAIRS["positive"]]
    with pytest.raises(ValueError, match=r"^columns=\['score'\]: 'score' holds something else than texts$"):
        text_columns(data, ["score"], [])


def test_rows_are_linked_by_any_text_in_any_column():
    groups = linked_rows([["a", "b", "c", "d", "e"], ["x", "a", "y", "z", "y"]])  # 0-1 by "a", 2-4 by "y"
    assert groups[0] == groups[1] and groups[2] == groups[4] and len(set(groups)) == 3


def test_it_is_saved_without_its_batches():
    again = pickle.loads(pickle.dumps(ChosenBatches("SGD", 0.1, ["anchor"], split="rows")))
    assert (again.selector, again.temperature, again.columns, again.split) == ("SGD", 0.1, ["anchor"], "rows")


@pytest.mark.parametrize("line", ["SGD", "SwapSearch, k 3"])
def test_a_training_that_was_interrupted_may_begin_again(make_model, tmp_path, line):
    seen = train(make_model(), ChosenBatches(line), tmp_path, fail=3)
    assert [len(batch) for batch in seen] == [8] * 10
    for epoch in (seen[:5], seen[5:]):
        assert len({row for batch in epoch for row in batch}) == 40
