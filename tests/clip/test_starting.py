"""The network that a run begins with: exact copies, and one line for each file that cannot serve."""

import hashlib
import re

import pytest
import torch
from small_finetuning import small_settings, small_task
from small_pretraining import small_task as small_pretraining_task

from replication.clip import starting
from replication.clip.models import ModelError, make_model
from replication.clip.starting import file_digests, load_start, make_network
from replication.clip.towers import FREEZE, freeze_towers
from replication.training.checkpoint import save_checkpoint

NAMED = {"identity": {"model": "digits-tiny"}}
ODD = ({"identity": 3, "task": {"network": {}}}, NAMED | {"task": None}, NAMED | {"task": {"network": None}})


def saved_run(folder, task):
    """Write a checkpoint as `Trainer` does, at least the parts that a start needs; return its path."""
    save_checkpoint(folder / "checkpoint.pt", {"identity": task.identity(), "task": task.state_dict()})
    return str(folder / "checkpoint.pt")


@pytest.mark.parametrize(("model", "size"), [("digits-tiny", 16), ("mobilenetv2-tiny-text", 32)])
def test_a_start_copies_weights_and_statistics_exactly(tmp_path, model, size):
    first = small_task(method="SGD", model=model, size=size, images=16, seed=1)
    list(first.steps(torch.arange(16).view(1, 16), 0, 1))  # moves the statistics of batch normalisation too
    settings = small_settings(model=model, size=size, seed=2)
    own = make_network(settings).state_dict()
    copied = make_network(small_settings(model=model, size=size, seed=2, start=saved_run(tmp_path, first))).state_dict()
    expected = first.network.state_dict()
    assert copied.keys() == expected.keys() and all(torch.equal(copied[name], expected[name]) for name in expected)
    assert not torch.equal(own["text_projection"], copied["text_projection"])


@pytest.mark.parametrize(
    "content", [torch.zeros(3), {}, {"weight": torch.zeros(3)}, {"identity": {"model": "digits-tiny"}}, *ODD]
)
def test_what_is_no_checkpoint_of_a_run_is_refused(tmp_path, content):
    path = tmp_path / "some.pt"
    torch.save(content, path)
    message = rf"^start='{re.escape(str(path))}' must be the checkpoint\.pt of a fine-tuning run$"
    with pytest.raises(ModelError, match=message):
        load_start(make_model("digits-tiny"), str(path), "digits-tiny")


def test_a_checkpoint_of_pre_training_is_refused(tmp_path):
    path = saved_run(tmp_path, small_pretraining_task())
    with pytest.raises(ModelError, match=r"must be the checkpoint\.pt of a fine-tuning run$"):
        load_start(make_model("digits-tiny"), path, "digits-tiny")


def test_a_start_of_another_model_or_size_is_refused(tmp_path):
    path = saved_run(tmp_path, small_task(images=16))
    message = r"^start='.*checkpoint\.pt' holds model 'digits-tiny'; it must be of model='mobilenetv2-tiny-text'$"
    with pytest.raises(ModelError, match=message):
        load_start(torch.nn.Module(), path, "mobilenetv2-tiny-text")
    message = r"^start='.*checkpoint\.pt' does not fit model='digits-tiny': .*positional_embedding"
    with pytest.raises(ModelError, match=message) as error:
        load_start(make_model("digits-tiny", size=24), path, "digits-tiny")
    assert "\n" not in str(error.value) and len(str(error.value)) < 400


@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: content[: len(content) // 2], lambda content: b"no"])
def test_a_damaged_start_is_refused(tmp_path, damage):
    path = tmp_path / "checkpoint.pt"
    torch.save({"identity": {"model": "digits-tiny"}, "task": {"network": {"weight": torch.zeros(1000)}}}, path)
    path.write_bytes(damage(path.read_bytes()))
    message = rf"^start='{re.escape(str(path))}' is damaged; it must be the checkpoint\.pt of a fine-tuning run$"
    with pytest.raises(ModelError, match=message) as error:
        make_network(small_settings(start=str(path)))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["start", "image_weights"])
def test_a_missing_file_shows_before_a_model_is_made(monkeypatch, name):
    monkeypatch.setattr(starting, "make_model", lambda *arguments: pytest.fail("made a model"))
    with pytest.raises(FileNotFoundError, match=rf"^{name}='nowhere/x\.pt': there is no such file$"):
        make_network(small_settings(**{name: "nowhere/x.pt"}))


@pytest.mark.parametrize("freeze", FREEZE)
def test_the_network_is_frozen_as_the_settings_say(freeze):
    expected = make_model("digits-tiny", size=16)
    freeze_towers(expected, freeze)
    found = make_network(small_settings(freeze=freeze))
    assert [p.requires_grad for p in found.parameters()] == [p.requires_grad for p in expected.parameters()]
    assert found.logit_scale.requires_grad


@pytest.mark.parametrize("objective", ["sogclr", "partial auc", "spectral"])
def test_all_but_the_usual_loss_fix_the_logit_scale_alone(objective):
    network = make_network(small_settings(objective=objective))
    assert [name for name, parameter in network.named_parameters() if not parameter.requires_grad] == ["logit_scale"]


def test_the_global_loss_takes_the_temperature_of_the_start(tmp_path):
    first = small_task(images=16)
    with torch.no_grad():
        first.network.logit_scale.fill_(3.0)
    second = small_task(images=16, objective="sogclr", start=saved_run(tmp_path, first))
    assert second.objective.temperature == pytest.approx(torch.tensor(-3.0).exp().item())


def test_files_are_told_apart_by_what_they_hold(tmp_path):
    contents = {"pretrained": b"a", "image_weights": b"b", "start": b"c"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    paths = {name: str(tmp_path / name) for name in contents}
    expected = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    assert file_digests(small_settings(**paths)) == expected
    assert file_digests(small_settings(**paths | {"pretrained": "openai", "start": ""})) == {
        "image_weights": expected["image_weights"]
    }
    (tmp_path / "start").unlink()
    assert set(file_digests(small_settings(**paths))) == {"pretrained", "image_weights"}
    assert file_digests(small_settings()) == {}


def test_a_text_tower_is_known_by_what_its_folder_holds(tmp_path):
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    settings = small_settings(freeze="towers", text_tower=str(tmp_path))
    before = file_digests(settings)
    assert set(before) == {"text_tower"}
    (tmp_path / "config.json").write_text("[]", encoding="utf-8")
    assert file_digests(settings) != before
    assert file_digests(small_settings(freeze="towers", text_tower="a name")) == {"text_tower": "a name"}
