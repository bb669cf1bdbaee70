"""The task: its updates against a plain loop, its features, and the released habits."""

import pytest
import torch
from small_pretraining import small_settings, small_task, small_trainer

from replication.datasets import load_image_set
from replication.experiments.cifar.evaluation import Evaluation, evaluate, evaluate_recalibrated, in_batch_losses
from replication.experiments.cifar.experiment import training_selector
from replication.experiments.cifar.network import make_encoder
from replication.experiments.cifar.pretraining import BLOCK, Pretraining, make_lars
from replication.losses import OBJECTIVES, make_objective
from replication.seeding import derived_seed
from replication.training.loop import Trainer
from replication.training.schedule import warmup_cosine


def test_updates_are_those_of_a_plain_loop():
    task = small_task(seed=3)
    s, plan = task.settings, torch.arange(80).view(5, 16)
    losses = torch.stack(list(task.steps(plan, 0, 1)))

    network = make_encoder("narrow", 32, 3).to(memory_format=torch.channels_last)
    optimizer = make_lars(network, s)
    generator = torch.Generator().manual_seed(derived_seed(3, "views", 1, 0))
    images = load_image_set("digits", "train").images[:80]
    views = task.augment(torch.cat([images, images]), generator)
    expected = []
    for step in range(5):
        for group in optimizer.param_groups:
            group["lr"] = 0.075 * 4 * warmup_cosine(5 + step, 10, 5)
        rows = slice(16 * step, 16 * step + 16)
        z = network(torch.cat([views[:80][rows], views[80:][rows]]).contiguous(memory_format=torch.channels_last))
        loss = make_objective("simclr", 80, 0.1)(z[:16], z[16:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        expected.append(loss.detach())
    torch.testing.assert_close(losses, torch.stack(expected), rtol=1e-5, atol=1e-5)
    for mine, theirs in zip(task.network.parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("start", [1, BLOCK, BLOCK + 3])
def test_steps_that_begin_inside_a_block_see_the_same_views(start):
    plan = torch.randint(80, (BLOCK + 4, 4), generator=torch.Generator().manual_seed(0))
    seen = []
    for begin in (0, start):
        task, views = small_task(batch_size=4), []
        task._update = lambda view, index, views=views: views.append((view, index)) or torch.zeros(())
        list(task.steps(plan, begin, 0))
        seen.append(views[start - begin :])
    assert len(seen[0]) == len(seen[1]) == len(plan) - start
    for (view, index), (again, same) in zip(*seen, strict=True):
        assert torch.equal(view, again) and torch.equal(index, same)


def test_both_views_of_a_batch_belong_to_the_planned_images():
    task = small_task(batch_size=4, images=16)
    task.augment = lambda images, generator: images.float()
    task.embed_images = lambda views: views.flatten(1)[:, :256]
    seen = []
    task.objective = lambda u, v, index: seen.append((u, v, index)) or (u * 0).sum().requires_grad_()
    list(task.steps(torch.arange(16).view(4, 4).flip(0), 0, 0))
    for u, v, index in seen:
        expected = task.images[index].float().flatten(1)[:, :256]
        assert torch.equal(u, expected) and torch.equal(v, expected)


def test_features_leave_batch_normalisation_alone_unless_asked_as_released():
    for released in (False, True):
        task = small_task(train_mode_features=released)
        before = {name: value.clone() for name, value in task.network.state_dict().items()}
        u, v = task.embed(0, 0)
        assert u.shape == v.shape == (80, 128) and not torch.equal(u, v)
        assert task.network.training
        changed = [name for name, value in task.network.state_dict().items() if not torch.equal(value, before[name])]
        assert all("running" in name or "num_batches" in name for name in changed)
        assert bool(changed) is released


def features_of_a_loop(task, blocks, parts):
    """The features of 80 images in `blocks`, each with a seed of its own, drawn and passed in `parts`: [(begin, end), ...]."""
    task.network.eval()
    sides = ([], [])
    for number, block in enumerate(blocks):
        generator = torch.Generator().manual_seed(derived_seed(task.settings.seed, "features", 2, 1, number))
        for side in sides:
            for begin, end in parts:
                if len(images := task.images[block][begin:end]):
                    side.append(task.embed_images(task.augment(images, generator)))
    return [torch.cat(side) for side in sides]


@torch.no_grad()
@pytest.mark.parametrize("whole", [True, False])
def test_the_feature_pass_goes_by_blocks_and_large_views_by_parts(monkeypatch, whole):
    task, passed = small_task(size=32), []
    blocks = [slice(0, 32), slice(32, 64), slice(64, 80)]
    expected = features_of_a_loop(task, blocks, [(0, 32)] if whole else [(0, 8), (8, 16), (16, 24), (24, 32)])
    monkeypatch.setattr("replication.experiments.cifar.pretraining.FEATURE_BATCH", 32)
    if not whole:
        monkeypatch.setattr("replication.experiments.cifar.pretraining.VIEW_PIXELS", 8 * 32 * 32)
    embed = task.embed_images
    task.embed_images = lambda views: passed.append(len(views)) or embed(views)
    assert all(map(torch.equal, task.embed(2, 1), expected))
    assert passed == ([32] * 4 + [16] * 2 if whole else [8] * 20)


def test_in_train_mode_a_block_passes_whole_though_its_views_are_drawn_in_parts(monkeypatch):
    monkeypatch.setattr("replication.experiments.cifar.pretraining.VIEW_PIXELS", 20 * 16 * 16)
    task, drawn, passed = small_task(train_mode_features=True), [], []
    augment, embed = task.augment, task.embed_images
    task.augment = lambda images, generator: drawn.append(len(images)) or augment(images, generator)
    task.embed_images = lambda views: passed.append(len(views)) or embed(views)
    task.embed(0, 0)
    assert drawn == [20] * 8 and passed == [80, 80]


@pytest.mark.parametrize(
    ("size", "count", "parts"), [(32, 2496, 1), (32, 2 * 16 * 256, 1), (64, 2496, 1), (224, 2496, 8), (224, 80, 1)]
)
def test_parts_are_even_and_bounded_by_their_pixels(size, count, parts):
    lengths = [len(part) for part in small_task(size=size).in_parts(torch.arange(count))]
    assert len(lengths) == parts and sum(lengths) == count and max(lengths) - min(lengths) <= parts
    assert (max(lengths) - 1) * size**2 < 2**24


def test_views_of_updates_are_drawn_in_parts_where_they_are_large(monkeypatch):
    monkeypatch.setattr("replication.experiments.cifar.pretraining.VIEW_PIXELS", 40 * 16 * 16)
    task, seen = small_task(), []
    task._update = lambda views, index: seen.append(views) or torch.zeros(())
    list(task.steps(torch.arange(80).view(5, 16), 0, 1))
    generator = torch.Generator().manual_seed(derived_seed(0, "views", 1, 0))
    views = torch.cat([task.augment(part, generator) for part in torch.cat([task.images, task.images]).split(40)])
    for step, both in enumerate(seen):
        rows = slice(16 * step, 16 * step + 16)
        assert torch.equal(both, torch.cat([views[:80][rows], views[80:][rows]]))


def test_features_are_drawn_anew_for_each_epoch_and_pass_only():
    task = small_task()
    first, again, other_pass, other_epoch = (task.embed(*when)[0] for when in ((0, 0), (0, 0), (0, 1), (1, 0)))
    assert torch.equal(first, again)
    assert not torch.equal(first, other_pass) and not torch.equal(first, other_epoch)


def test_the_released_refresh_extracts_features_for_every_call(tmp_path):
    task = small_task(method="OSGD", epochs=1, batch_size=8)  # 10 batches an epoch, one of ten candidates a call
    passes, embed = [], task.embed
    task.embed = lambda *when: passes.append(when) or embed(*when)
    small_trainer(tmp_path, task, refresh_features=True).run()
    assert passes == [(0, number) for number in range(10)]


def test_lars_scales_matrices_by_layer_and_leaves_the_rest_alone():
    """Against the published rule: local rate = trust * |w| / (|g| + wd |w|) for tensors of more than one dimension."""
    settings = small_settings(weight_decay=0.01)
    layer = torch.nn.Linear(4, 3)
    optimizer = make_lars(layer, settings)
    weight, bias = (p.detach().clone() for p in (layer.weight, layer.bias))
    layer(torch.ones(2, 4)).pow(2).sum().backward()
    for group in optimizer.param_groups:
        group["lr"] = 0.5
    optimizer.step()
    gradient = layer.weight.grad
    trust = 0.001 * weight.norm() / (gradient.norm() + 0.01 * weight.norm())
    torch.testing.assert_close(layer.weight.detach(), weight - 0.5 * trust * (gradient + 0.01 * weight), rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(layer.bias.detach(), bias - 0.5 * layer.bias.grad)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_trains_in_bfloat16_as_on_a_gpu(objective):
    task = small_task(objective=objective, precision="bfloat16")
    kinds = set()
    task.network.backbone.layer1[0].conv1.register_forward_hook(lambda module, inputs, output: kinds.add(output.dtype))
    assert task.embed(0, 0)[0].dtype == torch.float32
    losses = torch.stack(list(task.steps(torch.arange(80).view(5, 16), 0, 1)))
    assert losses.dtype == torch.float32 and torch.isfinite(losses).all()
    assert kinds == {torch.bfloat16}
    assert all(p.dtype == torch.float32 for p in task.network.parameters())


def test_sogclr_as_released_is_an_objective_of_its_own():
    """Where new samples meet old ones, their averages start at a share gamma = 0.9 of what they are otherwise."""
    averages = []
    for objective in ("sogclr", "sogclr, as released"):
        task = small_task(objective=objective)
        task.augment = lambda images, generator: images.float()
        list(task.steps(torch.tensor([list(range(16)), list(range(8, 24))]), 0, 0))  # warm-up: the first rate is 0
        averages.append(task.objective.log_average.exp())
    torch.testing.assert_close(averages[1][:16], averages[0][:16])
    torch.testing.assert_close(averages[1][16:24], 0.9 * averages[0][16:24])
    assert (averages[0][16:24] > 0).all()


def test_a_compiled_network_computes_the_same_with_the_same_weights(monkeypatch):
    """With a backend that needs no C++ compiler: what is compiled shares the weights, and so the checkpoints."""
    compiled, compile_ = [], torch.compile
    monkeypatch.setattr(torch, "compile", lambda m, mode: compiled.append(mode) or compile_(m, backend="eager"))
    plan = torch.arange(80).view(5, 16)
    tasks = [small_task(compiled=flag) for flag in (False, True)]
    plain, traced = (torch.stack(list(task.steps(plan, 0, 1))) for task in tasks)
    assert compiled == ["reduce-overhead"]
    torch.testing.assert_close(plain, traced, rtol=1e-5, atol=1e-5)
    assert tasks[0].state_dict()["network"].keys() == tasks[1].state_dict()["network"].keys()


def test_a_batch_larger_than_the_set_is_refused():
    with pytest.raises(ValueError, match=r"^batch_size=2000 must be <= 1437, the images of digits$"):
        Pretraining(small_settings(images=0, batch_size=2000), load_image_set("digits", "train"))


def test_training_lowers_the_loss(tmp_path):
    task = small_task(method="SGD", images=320, epochs=5)
    trainer = small_trainer(tmp_path, task)
    assert isinstance(trainer, Trainer)
    trainer.run()
    assert trainer.history[-1]["loss"] < trainer.history[0]["loss"] - 0.2


def test_the_released_extra_epoch_has_no_learning_rate(tmp_path):
    task = small_task(epochs=1, warmup_epochs=0, extra_epoch=True, weight_decay=0.0)
    trainer = small_trainer(tmp_path, task)
    trainer.run()
    assert len(trainer.history) == 2 and all(group["lr"] == 0 for group in task.optimizer.param_groups)


def test_the_whole_path_of_a_gpu_runs_on_a_cpu_in_bfloat16(monkeypatch):
    """Compiled (with a backend that needs no C++ compiler), under autocast: features, updates, and all of the evaluation."""
    compile_ = torch.compile
    monkeypatch.setattr(torch, "compile", lambda module, mode: compile_(module, backend="eager"))
    task = small_task(objective="sogclr", precision="bfloat16", compiled=True)
    kinds = set()
    task.network.backbone.layer1[0].conv1.register_forward_hook(lambda module, inputs, output: kinds.add(output.dtype))
    plan = training_selector(task.settings, 80).select(*task.embed(0, 0), torch.Generator().manual_seed(0))
    assert all(torch.isfinite(loss) for loss in task.steps(plan, 0, 0))
    test, evaluation = load_image_set("digits", "test"), Evaluation(40, 3, (1,), linear_probe=True)
    measures = evaluate(task, test, evaluation) | evaluate_recalibrated(task, test, evaluation)
    assert all(0 <= value <= 100 for value in measures.values())
    assert len(in_batch_losses(task)["SC"]) == 5
    assert kinds == {torch.bfloat16}
