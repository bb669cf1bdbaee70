"""Which trainings a map has: seeds apart from those that choose rates, and own rates only where they differ."""

from small_map import small_design

from replication.experiments.map.design import in_parts
from replication.heads import TrainedHeads, Training


def test_no_seed_both_chooses_a_rate_and_is_compared():
    design = small_design(tuning_seeds=2, first_seed=2)
    best = {"SGD": 1e-2, "SwapSearch, k 2": 1e-3}
    compared = design.shared(best) + design.own(best) + design.shuffled_longer(best)
    assert {t.seed for t in design.tuning(4)} == {0, 1}
    assert {t.seed for t in compared} == {2, 3, 4}


def test_only_ways_with_another_rate_are_trained_again():
    design = small_design()
    best = {"SGD": 1e-2, "SwapSearch, k 2": 1e-3}
    assert {(t.method, t.lr) for t in design.own(best)} == {("SwapSearch, k 2", 1e-3)}
    assert design.own({"SGD": 1e-2, "SwapSearch, k 2": 1e-2}) == []
    assert {t.lr for t in design.shared(best)} == {1e-2}


def test_rates_are_chosen_on_validation_pairs():
    design = small_design()
    values = {("SGD", 1e-2): 30.0, ("SGD", 1e-3): 20.0, ("SwapSearch, k 2", 1e-2): 10.0, ("SwapSearch, k 2", 1e-3): 11.0}
    tuned = [
        TrainedHeads(t, validation={"mean R@10": values[t.method, t.lr]}, test={"mean R@10": -values[t.method, t.lr]})
        for t in design.tuning(4)
    ]
    assert design.chosen_rates(tuned) == {"SGD": 1e-2, "SwapSearch, k 2": 1e-3}


def test_epochs_belong_to_batch_sizes_and_longer_rounds_up():
    design = small_design()
    assert (design.settings_of(4).epochs, design.settings_of(8).epochs) == (2, 1)
    assert (design.settings_of(4, 1.5).epochs, design.settings_of(8, 1.5).epochs) == (3, 2)
    assert design.settings_of(8).batch_size == 8
    assert small_design(longer=0.0).shuffled_longer({"SGD": 1e-2}) == []


def test_parts_hold_whole_seeds_and_all_trainings():
    trainings = [Training(method, seed, 1e-2) for seed in range(12) for method in ("SGD", "SC")]
    parts = in_parts(trainings)
    assert [t for part in parts for t in part] == trainings
    assert [sorted({t.seed for t in part}) for part in parts] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]


def test_a_way_is_left_out_from_a_size_on():
    design = small_design(left_out={"SwapSearch, k 2": 8})
    assert design.methods_at(4) == ["SGD", "SwapSearch, k 2"] and design.methods_at(8) == ["SGD"]
    assert {t.method for t in design.tuning(8)} == {"SGD"}
    assert {t.method for t in design.shared({"SGD": 1e-2})} == {"SGD"} and design.own({"SGD": 1e-2}) == []
