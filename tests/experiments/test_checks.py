"""Every parameter of every notebook is checked before work: a wrong value is one line that names the parameter."""

from importlib import import_module

import pytest

from replication.reporting import notebooks as experiments
from replication.reporting.checks import check_experiment
from replication.reporting.notebooks import resolve
from replication.reporting.parameters_cell import notebook_defaults

NOTEBOOKS = experiments.experiments()
BASIC = {"profile": [None], "results_dir": [5]}
COUNT = [0, -1, 2.5, "many", None, True]  # for a count of at least one
ZERO_TOO = [-1, 2.5, "many", None, True]
POSITIVE = [0, -1.0, float("nan"), float("inf"), "tiny", None, True]
NOT_NEGATIVE = [-1, "x", None, True, float("inf")]
FLAG = [1, "yes", None]
TEXT = [5, None, ["x"]]
CHOICE = ["nosuch", 5, None, ["x"]]
NAMES = [None, [], "SGD", ["SGD", "SGD"], ["SGD", "nosuch"], ["SGD", 5], [["SGD"]]]
LIST = [None, [], 5, "x"]
BUDGET = {"minutes": [-1, "5", None, True, float("inf"), float("nan")], "committed_records": [1, "no", None]}
WRONG = {
    "theory": {
        **dict.fromkeys(("starts", "family_starts", "random_draws", "seeds", "search_starts", "workers"), COUNT),
        "draws": [1, *COUNT],
        "etf_sizes": [*LIST, [4, 3], [[4]], [[4, 2]], [[2, 5]], [[4, 3.0]], [[4, True]], [["a", "b"]]],
        "cross_polytope_dimensions": [*LIST, [1], [2.0]],
        "subset_sizes": [*LIST, [2]],
        "apart_sizes": [*LIST, [[4, 4]], [[4, 1]], [4]],
        "bound_batch_sizes": [*LIST, [1]],
        "bound_temperatures": [*LIST, [0], [1.0, -1]],
        "partition_sizes": [*LIST, [[9, 2]], [[8, 8]], [[8, 1]]],
        "search_max_n": [3, *COUNT],
        "search_max_d": [1, *COUNT],
        "search_batch_sizes": [*LIST, [1], [10, 11]],
    },
    "osgd_toy": {
        "seeds": [1, *COUNT],
        **dict.fromkeys(("resamples", "simulated_draws", "search_starts", "search_steps", "film_updates"), COUNT),
        "start_degrees": [*LIST, [0], [45], [44.9]],
        "step_sizes": [*LIST, [0]],
        "rhos": [*LIST, [-1], [0.75]],
        "objective_cases": [*LIST, [[4, 3]], [[4, 7, 1]], [[4, 3, 4]], [[4, 3, 0]], [[1, 1, 1]]],
        "disjoint_sizes": [*LIST, [3], [5], [10]],
        "batch_sizes": [*LIST, [1]],
        "film_step_size": POSITIVE,
    },
    "synthetic": {
        "pairs": [*LIST, [4, 2], [[1, 2]], [[4, 0]], [[4, 2, 1]], [[4.0, 2]]],
        "batch_size": [1, 5, *COUNT],
        "methods": [*NAMES, ["SC"], ["SGD"]],
        **dict.fromkeys(("seeds", "epochs", "restarts", "rest_seeds", "rest_steps", "benchmark_epochs"), COUNT),
        "lr": POSITIVE,
        "rest_tolerance": POSITIVE,
        "benchmark_seeds": [*LIST, [0], ["many"]],
    },
    "batch_selection": {
        "dataset": CHOICE,
        "num_samples": [*ZERO_TOO, 40],
        **dict.fromkeys(("dimensions", "k", "candidates", "seeds", "repeats"), COUNT),
        "phases": [None, "middle", ["noon"], ["late", "late"], [5]],
        "phase_samples": [63, *COUNT],
        "batch_size": [1, 641, *COUNT],
        "temperature": POSITIVE,
        "growth_sizes": [*LIST, [63]],
        "further": [None, "SC", ["nosuch"], [5], ["SwapSearch, k 3", "SwapSearch, k=3"], ["SwapSearch, k 0"]],
    },
    "scale": {
        "dataset": CHOICE,
        **dict.fromkeys(("dimensions", "rounds"), COUNT),
        **dict.fromkeys(("workers", "largest_whole", "seed"), ZERO_TOO),
        "batch_size": [1, 641, *COUNT],
        "temperature": POSITIVE,
        "memory_limit": [None, 3],
        "shard_size": [1279, *COUNT],
        "sizes": [*LIST, [1279]],
    },
    "cifar": {
        "dataset": CHOICE,
        "images": [*ZERO_TOO, 20],
        "size": [7, *COUNT],
        "network": CHOICE,
        "stem": [64, None, "32"],
        "methods": [*NAMES, ["SC"], ["SGD"]],
        "objectives": [None, [], "simclr", ["simclr", "simclr"], ["nosuch"], [5]],
        **dict.fromkeys(("seeds", "epochs", "k", "candidates", "corrupted_images"), COUNT),
        **dict.fromkeys(("first_seed", "test_images", "workers"), ZERO_TOO),
        **BUDGET,
        "warmup_epochs": [*ZERO_TOO, 11],
        "batch_size": [1, *COUNT],
        **dict.fromkeys(("lr", "temperature", "margin"), POSITIVE),
        "crop_min": [1.5, *POSITIVE],
        "precision": CHOICE,
        **dict.fromkeys(("compiled", "train_mode_features", "refresh_features", "extra_epoch", "linear_probe"), FLAG),
        "severities": [*LIST, [0], [6], [1, 1], ["x"]],
        "aged": [None, "SC", ["SC", "SC"], ["nosuch"], [5]],
        "aged_after": [6, *ZERO_TOO],
    },
    "map": {
        **dict.fromkeys(("out", "hidden", "k", "candidates", "seeds", "tuning_seeds", "views"), COUNT),
        **dict.fromkeys(("items", "left", "right", "workers", "first_seed"), ZERO_TOO),
        **dict.fromkeys(("source", "rule_from", "full_training"), TEXT),
        "size": [7, *COUNT],
        "crop_min": [1.5, *POSITIVE],
        "heads": CHOICE,
        "batch_sizes": [*LIST, [1], [4, 4, 8, 16], [4, True, 8, 16]],
        "epochs": [*LIST, [0, 1, 1, 1], [1]],
        "methods": [*NAMES, ["SC"]],
        "left_out": [None, "SC from 8", ["SC"], ["SGD from 8"], [5]],
        "rates": [*LIST, [0], [1e-3, 1e-3], ["x"]],
        "longer": [1.0, 0.5, *NOT_NEGATIVE[:3]],
        "margin": POSITIVE,
    },
    "clip": {
        "source": ["imagenet", *TEXT],
        "images": [*ZERO_TOO, 20],
        "size": [7, *COUNT],
        **dict.fromkeys(("image_column", "caption_column", "image_weights"), TEXT),
        "separator": ["||", *TEXT],
        **dict.fromkeys(("fit", "freeze", "precision", "heads"), CHOICE),
        "out": [1, *COUNT],  # 1: the other heads' settings need freeze="towers"
        "views": [2, *COUNT],
        "text_tower": ["all-MiniLM-L6-v2", *TEXT],
        "model": ["nosuch", *TEXT],
        "pretrained": ["nosuch", "no/such.pt", *TEXT],
        "checkpointing": FLAG,
        "methods": [*NAMES, ["SC"]],
        "objectives": [None, [], "clip", ["clip", "clip"], ["nosuch"], [5]],
        **dict.fromkeys(("seeds", "epochs", "k", "candidates"), COUNT),
        **dict.fromkeys(("first_epochs", "test_images", "workers"), ZERO_TOO),
        **BUDGET,
        **dict.fromkeys(("first_lr", "lr", "margin"), POSITIVE),
        "warmup_epochs": [-1, "x", None, 5, float("nan")],
        "batch_size": [1, *COUNT],
        **dict.fromkeys(("weight_decay", "temperature"), NOT_NEGATIVE),
        "crop_min": [1.5, *POSITIVE],
    },
    "neighbours": {
        **dict.fromkeys(("seeds", "starts", "anchor_steps", "tuning_seeds", "client_steps", "client_batch"), COUNT),
        **dict.fromkeys(("noise_batches", "variate_batches"), COUNT),
        "dimensions": [*LIST, [1], [2.5]],
        "draws": [1, *COUNT],
        "partial_auc_share": [0.1, 1.0, *POSITIVE],
        "sources": [None, [], "digits", ["digits", "digits"], ["nosuch"], [5]],
        "anchors": [2, 1798, *COUNT],
        "candidates": [201, *COUNT],
        "rates": [*LIST, [0], [0.1, "x"]],
        **dict.fromkeys(("nu", "ridge", "gap_margin", "noise", "client_noise"), POSITIVE),
        **dict.fromkeys(("temperature", "view_strength", "noise_rate"), POSITIVE),
        "client_rates": [*LIST, [0, 0.1], [0.1], [0.1, 0.1, 0.1]],
        "adaptive_rates": [*LIST, [0, 0.1], [0.1]],
        "input_dimensions": [1, 65, *COUNT],
        "noise_dimensions": [1, 65, *COUNT],
        "outputs": [1, *COUNT],
        "noise_outputs": [1, *COUNT],
        "clients": [1, 11, *COUNT],
        "per_client": [81, *COUNT],
        "periods": [*LIST, [0], [1.5]],
        "noise_samples": [31, 1798, *COUNT],
        "batch_size": [1, 321, *COUNT],
        "warm_updates": ZERO_TOO,
        "drifts": [*LIST, [1], [0, 0], [0, 5, 2], [0, -1]],
        "noise_draws": [1, *COUNT],
        "query_source": [*TEXT, "flickr8k"],
        "query_items": ZERO_TOO,
        **dict.fromkeys(("query_noise", "prior_weight"), NOT_NEGATIVE),
        "query_epochs": COUNT,
        "query_margin": POSITIVE,
        "query_classes": [*LIST, [1], [11], [2, 2], [10, 0], [2.5]],
        "queries": [63, *COUNT],
        "query_tasks": [1, *COUNT],
        "query_shots": [18, *COUNT],
    },
    "trainers": {
        **dict.fromkeys(("captions", "model"), CHOICE),
        "pairs": [63, *COUNT],
        "test_pairs": [19, *COUNT],
        "batch_size": [1, *COUNT],
        **dict.fromkeys(("epochs", "seeds"), COUNT),
        "first_seed": ZERO_TOO,
        **dict.fromkeys(("lr", "scale", "margin"), POSITIVE),
        "rates": [None, 5, "x", [0.1], [0.1, 0.1], [0.0, 1.0], ["low", 1.0], 0.1],
        "methods": [*NAMES, ["OSGD", "SGD"]],
    },
    "tuning": {
        "functions": [*NAMES, ["nosuch"]],
        "rules": [*NAMES, ["random"], ["TS-RSR"], ["TS-RSR", "grid"]],
        **dict.fromkeys(("seeds", "start_points", "rounds", "batch"), COUNT),
        **dict.fromkeys(("embedding_start_points", "embedding_batch", "limit"), COUNT),
        "embedding_rounds": [99, *COUNT],
        "candidates": [9, *COUNT],
        "problem": [*LIST, [8], [3, 9], [8, 6], [8, 16.0]],
        "lrs": [*LIST, [0.1], [0.2, 0.1], [0.1, 0.1], [0.0, 1.0], ["low", 1.0]],
        "ks": [*LIST, [4], [4, 2], [0, 1], [1.5, 2]],
        "hardnesses": [*LIST, [0.5], [1.0, 0.5], [0.0, 1.5], [-0.5, 1.0]],
        "seen": [1, 9, *COUNT],
        "starts": [1, *COUNT],
        **dict.fromkeys(("margin", "near", "embedding_margin"), POSITIVE),
    },
}
CASES = [
    pytest.param(experiment, name, value, id=f"{experiment}-{name}-{value!r}")
    for experiment, wrong in WRONG.items()
    for name, values in (wrong | BASIC).items()
    for value in values
]


@pytest.fixture(scope="module")
def defaults():
    return {experiment: notebook_defaults(path) for experiment, path in NOTEBOOKS.items()}


@pytest.mark.parametrize("experiment", NOTEBOOKS)
def test_there_is_a_wrong_value_for_every_parameter(experiment, defaults):
    assert set(WRONG[experiment] | BASIC) == set(defaults[experiment])


@pytest.mark.parametrize(("experiment", "name", "value"), CASES)
def test_a_wrong_value_is_one_line_that_names_the_parameter(experiment, name, value, defaults):
    with pytest.raises((ValueError, TypeError, FileNotFoundError)) as caught:
        check_experiment(experiment, defaults[experiment] | {name: value})
    text = str(caught.value)
    # Names of methods and objectives are checked one by one.
    assert name in text or name.removesuffix("s") in text
    assert "\n" not in text and "object" not in text.replace("objective", "")


@pytest.mark.parametrize(("experiment", "path"), NOTEBOOKS.items())
def test_the_parameters_of_every_profile_pass(experiment, path, monkeypatch):
    if experiment == "tuning":  # one profile needs BoTorch, which no test does
        monkeypatch.setattr(import_module("replication.experiments.tuning.checks"), "has_botorch", lambda: True)
    for profile in experiments.profiles(path):
        _, parameters = resolve(experiment, profile)
        assert parameters["profile"] == profile


def test_an_experiment_without_checks_has_none():
    check_experiment("nosuch", {"anything": object()})
    check_experiment("with.dots", {})


@pytest.mark.parametrize("experiment", NOTEBOOKS)
def test_what_was_checked_comes_back(experiment, defaults):
    check = import_module(f"replication.experiments.{experiment}.checks").check_parameters
    assert check(defaults[experiment]) is defaults[experiment]
