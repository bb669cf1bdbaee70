"""The task: its updates against a plain open_clip loop, its features, captions and crops."""

import math

import open_clip
import pytest
import torch
from PIL import Image
from small_finetuning import small_settings, small_task, small_trainer

from replication.clip import finetuning
from replication.clip.finetuning import FineTuning
from replication.clip.towers import learned_temperature
from replication.datasets.pairs import draw_captions, load_pairs
from replication.losses import contrastive_loss
from replication.training.schedule import warmup_cosine

PLAN = torch.randperm(80, generator=torch.Generator().manual_seed(0)).view(5, 16)


def plain_loop(task, plan, epoch, first_step):
    """Train as a user of open_clip would: its model, transforms, tokenizer, loss, weight-decay groups and clamp."""
    s, half = task.settings, (0.5, 0.5, 0.5)
    model, _, transform = open_clip.create_model_and_transforms(
        s.model, force_image_size=s.size, image_mean=half, image_std=half
    )
    model.load_state_dict(small_task(**vars(s)).network.state_dict())
    tokenizer, loss_of = open_clip.get_tokenizer(s.model), open_clip.ClipLoss()
    pairs = load_pairs("digits", "train", s.size).head(s.images)
    chosen = draw_captions(pairs, s.seed, epoch).tolist()
    named = list(model.named_parameters())
    small = [p for n, p in named if p.ndim < 2 or "bn" in n or "ln" in n or "bias" in n or "logit_scale" in n]
    large = [p for _, p in named if not any(p is other for other in small)]
    optimizer = torch.optim.AdamW(
        [{"params": small, "weight_decay": 0.0}, {"params": large, "weight_decay": s.weight_decay}],
        betas=(0.9, s.beta2),
        eps=s.eps,
    )
    losses, gradients = [], []
    for step, batch in enumerate(plan.tolist()):
        for group in optimizer.param_groups:
            group["lr"] = s.lr * warmup_cosine(first_step + step, 10, 5)
        images = torch.stack([transform(Image.fromarray(pairs.images[i].permute(1, 2, 0).numpy())) for i in batch])
        loss = loss_of(*model(images, tokenizer([pairs.captions[i][chosen[i]] for i in batch])))
        optimizer.zero_grad()
        loss.backward()
        gradients.append([None if p.grad is None else p.grad.clone() for p in model.parameters()])
        torch.nn.utils.clip_grad_norm_(model.parameters(), s.clip_norm)
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, math.log(100))
        losses.append(loss.detach())
    return model, torch.stack(losses), gradients


def assert_gradients_match(task, expected):
    for (name, parameter), gradient in zip(task.network.named_parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-5, atol=1e-5, msg=name)


def test_a_shuffled_batch_gives_the_loss_and_gradients_of_a_plain_open_clip_step():
    task = small_task(method="SGD", crop_min=1, clip_norm=0)
    (loss,) = task.steps(PLAN[:1], 0, 1)
    _, (expected,), (gradients,) = plain_loop(task, PLAN[:1], 1, 5)
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-5)
    assert_gradients_match(task, gradients)


def test_a_tower_with_batch_normalisation_gives_the_same_too():
    """In double precision: at random weights batch normalisation of few pixels amplifies the rounding of float32."""
    task = small_task(model="mobilenetv2-tiny-text", size=32, batch_size=8)
    model, *_ = open_clip.create_model_and_transforms("mobilenetv2-tiny-text", force_image_size=32)
    model.load_state_dict(task.network.state_dict())
    images = torch.randn(8, 3, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    tokens = task.tokens[:8].long()
    for network in (task.network, model):
        network.double()
        network.transformer.get_cast_dtype = lambda: torch.float64
    loss = task.loss(images.contiguous(memory_format=torch.channels_last), tokens, torch.arange(8))
    expected = open_clip.ClipLoss()(*model(images, tokens))
    loss.backward()
    expected.backward()
    torch.testing.assert_close(loss.double(), expected, rtol=1e-5, atol=1e-5)
    for mine, theirs in zip(task.network.parameters(), model.parameters(), strict=True):
        scale = theirs.grad.abs().max().clamp_min(1)
        torch.testing.assert_close(mine.grad / scale, theirs.grad / scale, rtol=1e-5, atol=1e-5)


def test_updates_are_those_of_a_plain_open_clip_loop():
    task = small_task(method="SGD", seed=3, crop_min=1, clip_norm=0.5, lr=1e-3)
    losses = torch.stack(list(task.steps(PLAN, 0, 1)))
    model, expected, _ = plain_loop(task, PLAN, 1, 5)
    torch.testing.assert_close(losses, expected, rtol=1e-5, atol=1e-5)
    for mine, theirs in zip(task.network.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5)


def test_the_loss_is_half_of_equation_1():
    task = small_task(crop_min=1)
    u, v = task.embed(0, 0)
    expected = 0.5 * contrastive_loss(u[:16], v[:16], learned_temperature(task.network))
    tokens = task.tokens[task.caption_rows(0)[:16]].long()
    loss = task.loss(task.whole_images(task.images[:16]), tokens, torch.arange(16))
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-5)


def test_captions_are_those_drawn_for_the_epoch():
    task = small_task()
    pairs = load_pairs("digits", "train", 16).head(80)
    rows = []
    for epoch in (0, 1):
        chosen = draw_captions(pairs, 0, epoch).tolist()
        texts = [captions[number] for captions, number in zip(pairs.captions, chosen, strict=True)]
        rows.append(task.tokens[task.caption_rows(epoch)])
        assert torch.equal(rows[-1].long(), open_clip.get_tokenizer("digits-tiny")(texts))
    assert not torch.equal(*rows)
    assert len(task.tokens) < 400  # equal captions are kept once


def test_features_are_unit_rows_ofwhole_images_whatever_the_block(monkeypatch):
    task = small_task(size=20)
    u, v = task.embed(1, 0)
    assert u.shape == v.shape == (80, 64) and u.dtype == torch.float32
    torch.testing.assert_close(u.norm(dim=1), torch.ones(80))
    monkeypatch.setattr(finetuning, "FEATURE_BATCH", 33)
    for mine, again in zip((u, v), task.embed(1, 1), strict=True):
        torch.testing.assert_close(mine, again, rtol=1e-5, atol=1e-5)
    assert task.network.training
    other_u, other_v = task.embed(2, 0)
    torch.testing.assert_close(other_u, u)  # the images are the same in every epoch, their captions are not
    assert not torch.allclose(other_v, v)


def test_features_leave_batch_normalisation_alone():
    task = small_task(model="mobilenetv2-tiny-text", size=32)
    before = {name: value.clone() for name, value in task.network.state_dict().items()}
    task.embed(0, 0)
    assert all(torch.equal(value, before[name]) for name, value in task.network.state_dict().items())


def test_crops_depend_on_epoch_and_position_only():
    task = small_task()
    images = task.images[:16]
    first, again, other_place, other_epoch = (task.crop(images, *when) for when in ((0, 1), (0, 1), (0, 2), (1, 1)))
    assert torch.equal(first, again) and first.shape == (16, 3, 16, 16)
    assert not torch.equal(first, other_place) and not torch.equal(first, other_epoch)
    whole = task.whole_images(images)
    assert 0 < (first - whole).abs().mean() < 0.3  # at least nine tenths of the picture, and its colours


@pytest.mark.parametrize("start", [1, 4])
def test_steps_that_begin_inside_an_epoch_see_the_same_batches(start):
    seen = []
    for begin in (0, start):
        task, calls = small_task(), []
        task._update = lambda *arguments, calls=calls: calls.append(arguments) or torch.zeros(())
        list(task.steps(PLAN, begin, 1))
        seen.append(calls[start - begin :])
    assert len(seen[0]) == len(seen[1]) == 5 - start
    for first, again in zip(*seen, strict=True):
        assert all(map(torch.equal, first, again))


def test_the_logit_scale_is_clamped():
    task = small_task()
    with torch.no_grad():
        task.network.logit_scale.fill_(4.7)
    list(task.steps(PLAN[:1], 0, 1))
    assert task.network.logit_scale.item() == pytest.approx(math.log(100))


def test_the_global_loss_keeps_its_temperature_and_has_a_state():
    task = small_task(objective="sogclr")
    list(task.steps(PLAN[:2], 0, 1))
    assert task.network.logit_scale.item() == pytest.approx(math.log(1 / 0.07))
    seen = torch.isfinite(task.objective.log_average).all(dim=1)
    assert torch.equal(seen.nonzero().flatten(), PLAN[:2].flatten().sort().values)


@pytest.mark.parametrize("objective", ["clip", "sogclr", "partial auc", "spectral"])
def test_bfloat16_as_on_a_gpu(objective):
    exact, task = (small_task(objective=objective, precision=name) for name in ("float32", "bfloat16"))
    for mine, theirs in zip(task.embed(0, 0), exact.embed(0, 0), strict=True):
        assert mine.dtype == torch.float32
        torch.testing.assert_close(mine, theirs, rtol=0, atol=0.02)
        assert not torch.equal(mine, theirs)
    losses, expected = (torch.stack(list(each.steps(PLAN, 0, 1))) for each in (task, exact))
    assert losses.dtype == torch.float32
    torch.testing.assert_close(losses, expected, rtol=0.02, atol=0.02)
    assert all(p.dtype == torch.float32 for p in task.network.parameters())


def test_checkpointing_changes_memory_only():
    plain, saving = small_task(), small_task(checkpointing=True)
    losses = [torch.stack(list(task.steps(PLAN[:2], 0, 1))) for task in (plain, saving)]
    torch.testing.assert_close(*losses)


def test_fine_tuning_starts_from_an_earlier_run(tmp_path):
    first = small_task(method="SGD", epochs=1)
    small_trainer(tmp_path, first).run()
    second = small_task(start=str(tmp_path / "checkpoint.pt"), seed=5)
    for name, value in second.network.state_dict().items():
        assert torch.equal(value, first.network.state_dict()[name]), name
    assert len(second.identity()["start"]) == 64  # what the file holds, not where it lies


def test_training_lowers_the_loss(tmp_path):
    task = small_task(method="SGD", images=320, epochs=4, lr=2e-3)
    trainer = small_trainer(tmp_path, task, checkpoint_minutes=5, check_every=50)
    trainer.run()
    assert trainer.history[-1]["loss"] < trainer.history[0]["loss"] - 0.2


def test_a_batch_larger_than_the_set_is_refused():
    with pytest.raises(ValueError, match=r"^batch_size=2000 must be <= 1437, the images of digits$"):
        FineTuning(small_settings(images=0, batch_size=2000), load_pairs("digits", "train", 16))
