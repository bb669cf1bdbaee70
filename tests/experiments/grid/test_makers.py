"""Who worked on a training: each machine and version of the code once, in their order."""

import json

from small_pretraining import small_task

from replication.experiments.grid import makers
from replication.experiments.grid.makers import maker, note_maker


def test_a_machine_is_described_by_what_decides_rounding_and_code():
    found = maker(small_task())
    assert found["device"] == "cpu" and found["name"] and found["versions"]["torch"] and len(found["code"]) == 16
    assert json.loads(json.dumps(found)) == found


def test_each_maker_stands_once_in_the_order_of_their_calls(tmp_path, monkeypatch):
    task = small_task()
    first = note_maker(tmp_path, task)
    assert note_maker(tmp_path, task) == first and len(first) == 1
    monkeypatch.setattr(makers, "maker", lambda task: {"device": "cuda", "name": "a GPU"})
    assert note_maker(tmp_path, task) == [*first, {"device": "cuda", "name": "a GPU"}]
    (tmp_path / "made.json").write_text("{", encoding="utf-8")  # damaged: what is known now counts
    assert note_maker(tmp_path, task) == [{"device": "cuda", "name": "a GPU"}]
