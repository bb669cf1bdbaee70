"""Tables and figures for the README and the book, from hand-made results."""

import pandas as pd

from replication.reporting.readme import mapped, run_times, trained, trainer_versions
from replication.reporting.run import start_run


def make_run(results, experiment, profile, notebook="03_synthetic", parameters=None, **tables):
    parameters = {"profile": profile, "results_dir": str(results / experiment / profile)} | (parameters or {})
    run = start_run(notebook, parameters)
    for name, (frame, caption) in tables.items():
        run.table(name, frame, caption)
    return run.finish()


def test_run_times_list_every_finished_run(tmp_path):
    make_run(tmp_path, "theory", "default", notebook="01_theory")
    make_run(tmp_path, "synthetic", "full")
    make_run(tmp_path, "synthetic", "smoke")
    lines = run_times(tmp_path).splitlines()
    assert [line.split(" | ")[:3] for line in lines[2:]] == [
        ["| 01_theory", "default", "0.0 min"],
        ["| 03_synthetic", "full", "0.0 min"],
    ]
    (tmp_path / "theory" / "default" / "01_theory.ipynb").touch()
    assert "| [01_theory](results/theory/default/01_theory.ipynb) |" in run_times(tmp_path)
    assert run_times(tmp_path / "nothing").splitlines() == lines[:2]


def test_trainers_stand_in_the_versions_that_the_lock_pins(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("# a comment, ==\naccelerate==1.2\nlightning==2.6.1 ; python_full_version < '3.12'\n", encoding="utf-8")
    lines = trainer_versions(lock).splitlines()[2:]
    assert lines[1] == "| Accelerate | accelerate 1.2 | [accelerate_loop.py](examples/accelerate_loop.py) |"
    assert "| lightning 2.6.1 |" in lines[2] and "transformers (not pinned)" in lines[0]
    assert "(not pinned)" in trainer_versions(tmp_path / "absent")


def test_what_was_trained_is_shown_as_mean_and_sd_from_the_most_telling_run(tmp_path):
    assert trained(tmp_path, "cifar", ["kNN"]) == "*(no run of `cifar` yet)*"
    for profile, value in (("default", 1.0), ("cpu", 2.0)):
        frame = pd.DataFrame({"objective": ["simclr"], "selector": ["SC"], "n": [3], "kNN": [value], "kNN sd": [0.5]})
        make_run(tmp_path, "cifar", profile, notebook="05_cifar", summary=(frame, f"the setting of {profile}"))
    text = trained(tmp_path, "cifar", ["kNN", "linear probe"])
    assert text.splitlines()[-1] == "| simclr | SC | 3 | 2.00 ± 0.50 |" and "of default" not in text
    assert "the setting of cpu." in text and "(results/cifar/cpu/figures/measures_simclr.png)" in text


def test_runs_of_one_kind_stand_below_each_other_and_the_first_has_the_figure(tmp_path):
    for profile, objective in (("cpu-sogclr", "sogclr"), ("cpu", "simclr"), ("cpu-aged", "simclr"), ("default", "simclr")):
        frame = pd.DataFrame({"objective": [objective], "selector": ["SC"], "n": [3], "kNN": [1.0], "kNN sd": [0.5]})
        more = {"aged": (frame, "how plans age")} if profile == "cpu-aged" else {}
        make_run(tmp_path, "cifar", profile, notebook="05_cifar", summary=(frame, f"the setting of {profile}"), **more)
    text = trained(tmp_path, "cifar", ["kNN"])
    assert text.count("![") == 1 and "measures_simclr.png" in text
    assert (
        text.index("*cpu: the setting of cpu.")
        < text.index("| simclr |")
        < text.index("*cpu-sogclr: the setting of cpu-sogclr.")
    )
    assert text.splitlines()[-1].startswith("| sogclr |") and "of default" not in text and "aged" not in text


def make_map(results, profile, source, sizes_tried=2, epochs=3):
    line = {"line": "rate of SGD"}
    sizes = {"best chosen": ["SwapSearch, k 2", "SC"], "R@10": [40.1, 34.5], "R@10 of SGD": [40.0, 30.0]}
    sizes = pd.DataFrame(line | {"B": [32, 8]} | sizes | {"equivalent B": [float("nan"), 15.6], "found": ["above", "within"]})
    values = {"n": 10, "difference": [0.1, 4.5], "low": [-0.2, 4.0], "high": [0.4, 5.0]}
    cells = pd.DataFrame(
        line | {"B": [32, 8], "selector": sizes["best chosen"]} | values | {"outcome": ["no difference", "better"]}
    )
    other = pd.DataFrame([{"line": "own rate", "B": 8, "selector": "SC", "outcome": "worse", "n": 10, "difference": -9.0}])
    tables = {"equivalent": (sizes, f"{profile}: 6,000 pairs, heads; R@10 in %"), "map": (pd.concat([cells, other]), "")}
    parameters = {"source": source, "batch_sizes": list(range(sizes_tried)), "epochs": epochs}
    make_run(results, "map", profile, "07_map", parameters, **tables)


def test_a_map_is_shown_by_batch_size_and_digits_only_without_another(tmp_path):
    assert mapped(tmp_path) == "*(no run of `07_map` yet)*"
    make_map(tmp_path, "default", "digits")
    assert "default: 6,000 pairs" in mapped(tmp_path)
    make_map(tmp_path, "cpu-text", "texts")
    make_map(tmp_path, "cpu", "photographs")
    text = mapped(tmp_path)
    assert text.count("![") == 1 and "results/map/cpu/figures/map.png" in text and "default" not in text
    row = "| [cpu](results/map/cpu/tables/map.md), n=10 | 8 | 30.0 | SC | 34.5 | +4.5 [4.0, 5.0] | better | 16 |"
    assert text.index(row) < text.index("|  | 32 | 40.0 |") and "| no difference | – |" in text
    assert text.index("[cpu]") < text.index("[cpu-text]") and "cpu: 6,000 pairs, heads; cpu-text: 6,000 pairs, heads." in text
    assert "The runs: cpu: [all cells](results/map/cpu/tables/map.md), [run](results/map/cpu/run.json); cpu-text: " in text


def test_the_run_of_the_most_batch_sizes_stands_for_its_pairs(tmp_path):
    make_map(tmp_path, "cpu", "photographs")
    make_map(tmp_path, "cpu-sizes", "photographs", sizes_tried=7)
    make_map(tmp_path, "cpu-text", "texts")
    text = mapped(tmp_path)
    assert "results/map/cpu-sizes/figures/map.png" in text and "[cpu]" not in text
    assert text.count("[cpu-sizes]") == text.count("[cpu-text]") == 1
    assert "cpu: [all cells](results/map/cpu/tables/map.md)" in text


def test_a_map_tells_for_how_long_its_sizes_were_trained(tmp_path):
    make_map(tmp_path, "cpu", "photographs", epochs=[4, 10])
    make_map(tmp_path, "cpu-text", "texts")
    words = "cpu: 6,000 pairs, heads, 4 to 10 epochs, more for larger batches; cpu-text: 6,000 pairs, heads. The runs"
    assert words in mapped(tmp_path)
