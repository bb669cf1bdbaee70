"""The looks of methods: fixed for those that are listed, distinct for any other."""

from replication.reporting.plotting import METHOD_COLOURS, method_styles


def test_listed_methods_keep_their_colour_and_the_round_marker():
    for name, colour in METHOD_COLOURS.items():
        assert method_styles([name]) == {name: (colour, "o")}


def test_other_methods_get_colours_and_markers_that_no_method_of_the_figure_has():
    names = ["SGD", "SwapSearch, k 3", "SC", "neighbours, skip 5", "OSGD", "SwapSearch, k 3"]
    styles = method_styles(names)
    assert list(styles) == list(dict.fromkeys(names))
    assert len(set(styles.values())) == 5 and len({colour for colour, _ in styles.values()}) == 5
    assert styles["SGD"] == (METHOD_COLOURS["SGD"], "o")
    assert len({marker for _, marker in styles.values()}) == 3


def test_many_methods_are_told_apart_by_colour_or_marker():
    names = [*METHOD_COLOURS, *(f"SwapSearch, k {k}" for k in range(9))]
    others = [method_styles(names)[f"SwapSearch, k {k}"] for k in range(9)]
    assert len(set(others)) == 9
