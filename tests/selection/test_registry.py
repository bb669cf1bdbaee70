"""Ways to choose batches in one line: what each stands for, earlier names, clipping, and messages."""

import pytest
import torch

from replication.selection import (
    GCBS,
    BalancedKMeans,
    GraphPartition,
    JointExamples,
    MixedBatches,
    NearestNeighbour,
    OrderedSGD,
    RandomWalk,
    ShuffledBatches,
    SpectralClustering,
    SwapSearch,
)
from replication.selection.registry import CLASSES, argument_types, check_methods, make_selector, parse_method

GIVEN = {"num_samples": 6400, "batch_size": 32, "temperature": 0.1, "k": 40, "candidates": 150}


@pytest.mark.parametrize(
    ("line", "selector"),
    [
        ("SGD", ShuffledBatches(32)),
        ("ShuffledBatches, replacement true", ShuffledBatches(32, replacement=True)),
        ("OSGD", OrderedSGD(32, 150, temperature=0.1)),
        ("OSGD, k 100, q 20", OrderedSGD(32, 100, 20, temperature=0.1)),
        ("OSGD, as released", OrderedSGD(32, 150, temperature=0.1, hardest_first=False, loss="nt_xent")),
        ("SC", SpectralClustering(32, 40, temperature=0.1)),
        ("SC, exp", SpectralClustering(32, 40, "exp", 0.1)),
        ("SC (exp)", SpectralClustering(32, 40, "exp", 0.1)),
        ("SC, k=10", SpectralClustering(32, 10, temperature=0.1)),
        ("SpectralClustering, n_init 1", SpectralClustering(32, 40, temperature=0.1, n_init=1)),
        ("SwapSearch", SwapSearch(32, 40, 0.1)),
        ("SwapSearch,k 10", SwapSearch(32, 10, 0.1)),
        ("SwapSearch, temperature 1e-2", SwapSearch(32, 40, 0.01)),
        ("SwapSearch, whole set", SwapSearch(32, temperature=0.1)),
        ("SwapSearch, k none", SwapSearch(32, temperature=0.1)),
        ("SwapSearch by loss, whole set", SwapSearch(32, temperature=0.1, objective="loss")),
        ("SwapSearch, hardness 0.25", MixedBatches(SwapSearch(32, 40, 0.1), 0.25)),
        ("SwapSearch, k 10, hardness 0.25", MixedBatches(SwapSearch(32, 10, 0.1), 0.25)),
        ("half SwapSearch, half shuffled", MixedBatches(SwapSearch(32, temperature=0.1), 0.5)),
        ("neighbours", NearestNeighbour(32)),
        ("NearestNeighbour, skip 32", NearestNeighbour(32, skip=32)),
        ("nearest neighbours, skip 32", NearestNeighbour(32, skip=32)),
        ("balanced k-means, branching 8", BalancedKMeans(32, 8)),
        ("GCBS", GCBS(32)),
        ("JEST", JointExamples(32, temperature=0.1)),
        ("JointExamples, filter 0.8", JointExamples(32, 0.8, temperature=0.1)),
        ("JEST, filter 0.5, chunks 8, gain 2, hardness 0.5", MixedBatches(JointExamples(32, 0.5, 8, 0.1, gain=2), 0.5)),
        ("random walk", RandomWalk(32)),
        ("RandomWalk, restart 0.05, neighbours 20", RandomWalk(32, 0.05, neighbours=20)),
        ("random walk, as released", RandomWalk(32, overlap=True)),
    ],
)
def test_a_line_stands_for_its_selector(line, selector):
    assert repr(make_selector(line, **GIVEN)) == repr(selector)


def test_partitions_of_graphs_by_name():
    pytest.importorskip("pymetis")
    graph = GraphPartition(32, temperature=0.1)
    assert repr(make_selector("METIS", **GIVEN)) == repr(graph)
    assert repr(make_selector("METIS, skip 30, communities 4", **GIVEN)) == repr(
        GraphPartition(32, temperature=0.1, skip=30, communities=4)
    )
    assert repr(make_selector("METIS, mutual true, weighted none", **GIVEN)) == repr(
        GraphPartition(32, temperature=0.1, mutual=True)
    )
    refined = SwapSearch(32, temperature=0.1, refine=graph)
    for line in ("SwapSearch, whole set, refine METIS", "METIS, then SwapSearch"):
        assert repr(make_selector(line, **GIVEN)) == repr(refined)


@pytest.mark.parametrize("name", [name for name in CLASSES if name not in ("METIS", "GraphPartition")])
def test_every_name_makes_a_selector_that_chooses(name):
    u = torch.randn(16, 4, generator=torch.Generator().manual_seed(0))
    rows = make_selector(name, 16, 4, 0.1).select(u, generator=torch.Generator().manual_seed(0))
    assert rows.ndim == 2 and rows.max() < 16


def test_chunks_and_candidates_are_clipped_to_the_data():
    for line in ("SC", "SwapSearch", "SwapSearch, k 99", "OSGD", "OSGD, k 99"):
        assert "k=10" in repr(make_selector(line, 100, 10, 1.0))
    assert "k=99" in repr(make_selector("OSGD, k 99, candidates independent", 100, 10, 1.0))  # these are drawn one by one


def test_the_name_of_a_line_has_its_spaces_put_right():
    assert parse_method("  SwapSearch ,k  10,hardness 0.5").name == "SwapSearch, k 10, hardness 0.5"
    assert parse_method("SC (exp)").name == "SC (exp)"  # the names of committed tables stay


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("SwapSerch", "method='SwapSerch': 'SwapSerch' is no name; did you mean 'SwapSearch'? (known: SGD, OSGD, SC,"),
        ("", "method='': '' is no name (known: "),
        ("SwapSearch, hardnes 0.5", "'hardnes' is no argument of SwapSearch; did you mean 'hardness'? (known: whole set, k,"),
        ("SGD, k 10", "'k' is no argument of SGD (known: replacement, hardness)"),
        ("SC, as released", "'as' is no argument of SC"),
        ("SwapSearch, k ten", "k='ten' must be an integer"),
        ("SwapSearch, k", "k='' must be an integer"),
        ("SwapSearch, k 1.5", "k='1.5' must be an integer"),
        ("SwapSearch, k 0", "k=0 must be >= 1"),
        ("SwapSearch, k 5, k 6", "k is given twice"),
        ("SwapSearch, whole set, k 10", "k is given twice"),
        ("SwapSearch, k 10, whole set", "'whole set' says k, which is given already"),
        ("SC, affinity log, exp", "'exp' says affinity, which is given already"),
        ("sgd", "'sgd' is no name; did you mean 'SGD'?"),
        ("random", "did you mean 'SGD'?"),
        ("batchsampler", "did you mean 'random walk'?"),
        ("B3", "did you mean 'METIS, skip 30, communities 4'?"),
        ("MixedBatches, hardness 0.5", "did you mean 'SwapSearch, hardness 0.5'?"),
        ("SwapSearch, hardness 2", "hardness=2.0 must be >= 0 and <= 1"),
        ("SwapSearch, hardness nan", "hardness=nan must be >= 0 and <= 1"),
        ("SwapSearch, temperature cold", "temperature='cold' must be a number"),
        ("SwapSearch, objective lost", "objective='lost' must be one of 'bound', 'loss'"),
        ("SwapSearch, refine METS", "method='METS': 'METS' is no name; did you mean 'METIS'?"),
        ("OSGD, hardest_first maybe", "hardest_first='maybe' must be true or false"),
        ("SwapSearch, workers 2", "'workers' is no argument of SwapSearch"),
        ("JEST, reference x", "'reference' is no argument of JEST"),
        ("JEST, filter 1", "filter=1.0 must be a number >= 0 and < 1"),
        ("random walk, candidates 10", "neighbours=100 must be >= 1 and <= 9 (candidates - 1)"),
    ],
)
def test_what_cannot_be_read_is_one_line_that_names_it(line, message):
    with pytest.raises(ValueError) as error:
        parse_method(line)
    assert message in str(error.value) and str(error.value).startswith("method=") and "\n" not in str(error.value)


@pytest.mark.parametrize("line", [None, 3, ["SGD"]])
def test_a_line_must_be_a_text(line):
    with pytest.raises(TypeError, match=r"method=.* must be a text, such as 'SwapSearch, k 10'"):
        parse_method(line)


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        (
            {"num_samples": [1, 2, 3]},
            TypeError,
            r"^num_samples is list; it must be an integer: pass len\(data\), not the data$",
        ),
        ({"num_samples": 0}, ValueError, r"^num_samples=0 must be >= 1$"),
        ({"batch_size": 0}, ValueError, r"^batch_size=0 must be >= 1$"),
        ({"k": "a"}, TypeError, r"^k='a' must be an integer$"),
        ({"candidates": 0}, ValueError, r"^candidates=0 must be >= 1$"),
    ],
)
def test_numbers_that_no_selector_can_have_are_one_line(changes, kind, message):
    with pytest.raises(kind, match=message):
        make_selector("SwapSearch", **GIVEN | changes)


def test_neighbours_need_enough_samples():
    with pytest.raises(ValueError, match="needs >= 64 samples"):
        make_selector("neighbours, skip 32", 63, 32, 0.1)
    pytest.importorskip("pymetis")
    with pytest.raises(ValueError, match=r"^method='METIS, skip 30, communities 4' needs >= 62 samples .* there are 61$"):
        make_selector("METIS, skip 30, communities 4", 61, 32, 0.1)


def test_more_communities_than_small_batches_allow_can_be_named():
    pytest.importorskip("pymetis")
    line = "METIS, communities 32"
    assert make_selector(line, 6400, 1024, 0.1).communities == 32
    with pytest.raises(ValueError, match=r"^communities=32 must be >= 1 and <= 16 \(half of batch_size\)$"):
        make_selector(line, 6400, 32, 0.1)
    with pytest.raises(ValueError, match=r"^method='METIS, communities 0': communities=0 must be >= 1 and <= 16 "):
        parse_method("METIS, communities 0")


def test_methods_are_checked_together():
    assert check_methods(["SGD", "SwapSearch,k 10"]) == ["SGD", "SwapSearch, k 10"]
    for methods in (["SGD", "ShuffledBatches"], ["SwapSearch, k 10", "SwapSearch, k=10"]):
        with pytest.raises(ValueError, match="must not hold a way to choose batches twice"):
            check_methods(methods)
    for methods in ([], None, "SGD"):
        with pytest.raises(ValueError, match="must be a list of one or more"):
            check_methods(methods)


def test_every_argument_that_a_line_may_give_has_a_type_that_it_can_be_read_as():
    for kind in set(CLASSES.values()):
        assert all(hint is not None for hint in argument_types(kind).values())
