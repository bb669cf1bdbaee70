"""Models by name: what is made, and what is refused with one line."""

import open_clip
import pytest
import torch

from replication.clip import models
from replication.clip.models import ModelError, make_model, make_tokenizer


@pytest.mark.parametrize(("name", "size", "dimensions"), [("digits-tiny", 16, 64), ("mobilenetv2-tiny-text", 64, 256)])
def test_our_models_are_known_to_open_clip(name, size, dimensions):
    assert name in open_clip.list_models()
    model = make_model(name).eval()
    tokens = make_tokenizer(name)(["a cat", "two dogs run"])
    assert tokens.shape == (2, model.context_length)
    u, v, scale = model(torch.zeros(2, 3, size, size), tokens)
    assert u.shape == v.shape == (2, dimensions) and scale.item() == pytest.approx(1 / 0.07)
    assert model.visual.preprocess_cfg["mean"] == model.visual.preprocess_cfg["std"] == (0.5, 0.5, 0.5)


def test_a_seed_decides_the_weights_and_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    first, again, other = (make_model("digits-tiny", seed=seed).text_projection for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_local_checkpoint_gives_the_weights(tmp_path):
    model = make_model("digits-tiny", seed=1)
    torch.save(model.state_dict(), tmp_path / "weights.pt")
    loaded = make_model("digits-tiny", str(tmp_path / "weights.pt"), seed=2)
    assert all(torch.equal(value, loaded.state_dict()[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("kind", "message", "arguments"),
    [
        (ValueError, r"^model='RN-50' is unknown to open_clip; nearest: 'RN50'", ("RN-50",)),
        (ValueError, r"^model='mobilenetv2' is unknown to open_clip; nearest: .*'mobilenetv2-tiny-text'", ("mobilenetv2",)),
        (ValueError, r"^pretrained='opnai' is neither a file nor a tag of 'RN50'; nearest: 'openai'", ("RN50", "opnai")),
        (ValueError, r"^pretrained='openai' .* 'digits-tiny'; it has none: give the path", ("digits-tiny", "openai")),
        (FileNotFoundError, r"^pretrained='none/x\.pt': there is no such file$", ("RN50", "none/x.pt")),
        (ValueError, r"^size=-1 must be >= 0$", ("RN50", "", -1)),
    ],
)
def test_wrong_names_are_one_line_before_anything_is_made(monkeypatch, kind, message, arguments):
    monkeypatch.setattr(open_clip, "create_model_and_transforms", lambda *a, **k: pytest.fail("made a model"))
    with pytest.raises(kind, match=message) as error:
        make_model(*arguments)
    assert "\n" not in str(error.value)


def test_without_network_one_line_says_what_was_tried_and_what_to_do(monkeypatch, caplog):
    def unreachable(*arguments, **options):
        raise OSError("Name or service\n not known")

    monkeypatch.setattr("open_clip.factory.download_pretrained", unreachable)
    message = (
        r"^weights 'openai' of model 'RN50' cannot be downloaded \(.*Name or service not known\); "
        r"give pretrained the path of a local checkpoint, or run once where the network reaches the hub$"
    )
    with pytest.raises(ModelError, match=message):
        make_model("RN50", "openai")
    assert not caplog.records


@pytest.mark.parametrize("content", [b"no weights", b""])
def test_a_damaged_or_foreign_checkpoint_is_one_line(tmp_path, content):
    path = tmp_path / "weights.pt"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"^model='digits-tiny' with pretrained='.*weights\.pt' cannot be made: ") as error:
        make_model("digits-tiny", str(path))
    assert "\n" not in str(error.value)
    torch.save({"weight": torch.zeros(2)}, path)
    with pytest.raises(ModelError, match=r"cannot be made: .*Missing key"):
        make_model("digits-tiny", str(path))


def test_weights_run_with_the_activation_that_they_were_trained_with(monkeypatch):
    """OpenAI's weights of "RN50" want QuickGELU, which that configuration does not have; open_clip only warns."""
    seen = []

    def record(name, pretrained, **options):
        seen.append(options["force_quick_gelu"])
        raise RuntimeError("enough")

    monkeypatch.setattr(models.open_clip, "create_model_and_transforms", record)
    for name, tag in (("RN50", "openai"), ("ViT-B-32", "laion2b_s34b_b79k")):
        with pytest.raises(ModelError):
            make_model(name, tag)
    assert seen == [True, False]


def test_models_that_write_captions_are_refused(monkeypatch):
    class Writer(torch.nn.Module):
        logit_scale, text_decoder = torch.zeros(()), None

    monkeypatch.setattr(models.open_clip, "create_model_and_transforms", lambda *a, **k: (Writer(), None, None))
    with pytest.raises(ValueError, match=r"^model='coca_ViT-B-32' must be a dual encoder"):
        make_model("coca_ViT-B-32")
