"""Fifty updates of the batched program are those of a loop over single trainings with torch's AdamW."""

import pytest
import torch
from single_heads import SingleHeads, train_single
from small_heads import small_features, small_settings

from replication.heads.group import Group
from replication.heads.settings import Training


@pytest.mark.parametrize("kind", ["linear", "mlp"])
@pytest.mark.parametrize("lr", [1e-3, 1e-2])
def test_the_program_equals_the_loop(kind, lr):
    settings = small_settings(kind=kind, hidden=24, out=12, epochs=11)  # 55 updates
    train = small_features(dimensions=(20, 15))
    group = Group(train, train, train, settings, [Training("SGD", seed, lr) for seed in (0, 1, 5)])
    models = [SingleHeads(group.heads[place]) for place in range(3)]
    generator = torch.Generator().manual_seed(0)
    views = torch.randint(80, (50, 3, 8), generator=generator)
    captions = torch.randint(len(train.right), (50, 3, 8), generator=generator)
    found = group.steps(views, captions)
    for place, model in enumerate(models):
        batches = [(group.left[views[step, place]], group.right[captions[step, place]]) for step in range(50)]
        losses = train_single(model, batches, settings, lr, total=55, warmup=5)
        torch.testing.assert_close(found[:, place], torch.tensor(losses), rtol=0, atol=1e-5)
        for name, value in model.stacked().items():
            torch.testing.assert_close(group.heads.weights[name][place], value, rtol=0, atol=1e-5)
    assert not torch.equal(group.heads.weights["left.0"][0], group.heads.weights["left.0"][1])


def test_the_temperature_stays_in_the_limits_of_clip():
    train = small_features()
    group = Group(train, train, train, small_settings(start_temperature=0.01, warmup_epochs=0), [Training("SGD", 0, 1.0)])
    group.steps(torch.zeros(3, 1, 8, dtype=torch.long), torch.arange(8).expand(3, 1, 8))
    assert 0.01 * (1 - 1e-6) <= group.heads.temperatures()[0] <= 1
