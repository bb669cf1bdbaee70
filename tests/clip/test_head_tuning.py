"""Heads on cached features against the same steps through the towers, and the settings that only heads have."""

import math

import open_clip
import pytest
import torch
from first_losses import first_losses
from small_finetuning import small_settings, small_task, small_trainer

from replication import files
from replication.augmentation import as_input
from replication.clip.evaluation import evaluate, evaluate_recalibrated, in_batch_losses
from replication.clip.finetuning import FineTuning
from replication.clip.head_tuning import HeadTuning
from replication.clip.models import make_model, make_tokenizer
from replication.clip.optimizer import make_adamw
from replication.datasets.pairs import draw_captions, load_pairs
from replication.training.schedule import warmup_cosine

HALF = (0.5, 0.5, 0.5)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "data_dir", lambda: tmp_path)


def uncached_losses(settings, heads, plan):
    """Train heads with the towers run anew in each step, in a loop of its own; return the losses."""
    model = make_model(settings.model, size=settings.size, seed=settings.seed).eval().requires_grad_(False)
    tokenizer, loss_of = make_tokenizer(settings.model), open_clip.ClipLoss()
    pairs = load_pairs("digits", "train", settings.size).head(settings.images)
    optimizer, losses, steps = make_adamw(heads, settings), [], len(pairs) // settings.batch_size
    for epoch in range(settings.epochs):
        chosen = draw_captions(pairs, settings.seed, epoch).tolist()
        for position, batch in enumerate(plan):
            for group in optimizer.param_groups:
                group["lr"] = settings.lr * warmup_cosine(epoch * steps + position, settings.epochs * steps, steps)
            images = model.encode_image(as_input(pairs.images[batch], HALF, HALF, settings.size))
            texts = model.encode_text(tokenizer([pairs.captions[row][chosen[row]] for row in batch.tolist()]))
            loss = loss_of(*heads(images, texts))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(heads.parameters(), settings.clip_norm)
            optimizer.step()
            with torch.no_grad():
                heads.logit_scale.clamp_(0, math.log(100))
            losses.append(loss.item())
    return losses


@pytest.mark.parametrize("heads", ["linear", "mlp"])
def test_the_same_steps_with_and_without_the_cache_agree(heads):
    task = small_task(freeze="towers", heads=heads, out=32, epochs=3)
    other = small_task(freeze="towers", heads=heads, out=32, epochs=3)
    plan = torch.randperm(80, generator=torch.Generator().manual_seed(0)).view(5, 16)
    found = [loss.item() for epoch in range(3) for loss in task.steps(plan, 0, epoch)]
    expected = uncached_losses(task.settings, other.network, plan)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-5)
    for mine, theirs in zip(task.network.parameters(), other.network.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5)


def test_only_heads_and_temperature_learn_and_they_do():
    task = small_task(freeze="towers", method="SGD", out=32, epochs=6, lr=1e-2)
    assert isinstance(task, HeadTuning) and not isinstance(small_task(), HeadTuning)
    names = {name for name, value in task.network.named_parameters() if value.requires_grad}
    assert names == {f"{side}.layers.0.{what}" for side in ("visual", "text") for what in ("weight", "bias")} | {"logit_scale"}
    losses = first_losses(task)
    assert sum(losses[-5:]) < sum(losses[:5])


def test_a_view_is_drawn_for_each_image_and_update_and_the_plan_sees_the_whole_image():
    task = small_task(freeze="towers", views=3, crop_min=0.5, out=32)
    features = task.images[:16]
    first, again, later = (task.crop(features, epoch, 0) for epoch in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, later)
    chosen = (features == first[:, None]).all(dim=2).float()
    assert (chosen.sum(dim=1) >= 1).all() and len(chosen.argmax(dim=1).unique()) == 3
    u, v = task.embed(0, 0)
    torch.testing.assert_close(u, task.network.encode_image(task.images[:, 0], normalize=True), rtol=1e-5, atol=1e-6)
    assert u.shape == v.shape == (80, 32)


@pytest.mark.parametrize("objective", ["clip", "sogclr"])
def test_the_loop_and_the_evaluation_are_those_of_full_fine_tuning(tmp_path, objective):
    test = load_pairs("digits", "test", 16).head(60)
    task = small_task(freeze="towers", objective=objective, out=32, lr=1e-2)
    before = evaluate(task, test)
    small_trainer(tmp_path / "run", task).run()
    measures = evaluate(task, test)
    assert set(measures) == set(before) == set(evaluate(small_task(), test)) and measures != before
    assert evaluate_recalibrated(task, test) == {}
    assert {len(losses) for losses in in_batch_losses(task, ("SGD", "SwapSearch")).values()} == {5}
    resumed = small_task(freeze="towers", objective=objective, out=32, lr=1e-2)
    small_trainer(tmp_path / "run", resumed).run()  # from the checkpoint of the end
    assert evaluate(resumed, test) == measures
    begun = small_task(freeze="towers", objective=objective, out=32, start=str(tmp_path / "run" / "checkpoint.pt"))
    assert evaluate(begun, test) == pytest.approx(measures)


def test_records_of_full_fine_tuning_do_not_know_the_settings_of_heads():
    plain, heads = small_settings().identity(), small_settings(freeze="towers").identity()
    assert set(heads) - set(plain) == {"heads", "out", "views", "text_tower"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"heads": "mlp"}, r"^heads='mlp' needs freeze='towers'; it is 'none'$"),
        ({"views": 2, "freeze": "image"}, r"^views=2 needs freeze='towers'; it is 'image'$"),
        ({"text_tower": "all-MiniLM-L6-v2"}, r"^text_tower='all-MiniLM-L6-v2' needs freeze='towers'; it is 'none'$"),
        ({"freeze": "towers", "heads": "deep"}, r"^heads='deep' must be one of 'linear', 'mlp'$"),
        ({"freeze": "towers", "views": 0}, r"^views=0 must be >= 1$"),
        ({"freeze": "towers", "views": 2, "crop_min": 1}, r"^views=2 needs crop_min < 1; at 1 every view is the whole image$"),
        (
            {"freeze": "both"},
            r"^freeze='both' must be one of 'none', 'image', 'text', 'all but projections', 'towers'$",
        ),
    ],
)
def test_a_setting_that_cannot_work_is_one_line(changes, message):
    with pytest.raises(ValueError, match=message):
        small_settings(**changes)


def test_a_plain_task_is_unchanged():
    assert type(small_task()) is FineTuning
