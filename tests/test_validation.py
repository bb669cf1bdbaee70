"""Every check: what passes unchanged, and the one line that each failure gives."""

import numpy as np
import pytest
import torch

from replication.validation import (
    check_choice,
    check_count,
    check_distinct,
    check_not_negative,
    check_num_samples,
    check_pairs,
    check_positive,
    check_unit_rows,
    unit_rows,
)


@pytest.mark.parametrize("value", [1, np.int64(1), torch.tensor(1)])
def test_counts_of_every_integer_type_pass(value):
    assert check_count("n", value, 1, 1) == 1
    assert type(check_count("n", value, 1)) is int


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (0, ValueError, r"^n=0 must be >= 1 and <= 5 \(samples\)$"),
        (6, ValueError, r"^n=6 must be >= 1 and <= 5 \(samples\)$"),
        (2.0, TypeError, r"^n=2.0 must be an integer$"),
        ("2", TypeError, r"^n='2' must be an integer$"),
        (None, TypeError, r"^n=None must be an integer$"),
        (True, TypeError, r"^n=True must be an integer$"),
    ],
)
def test_wrong_counts(value, kind, message):
    with pytest.raises(kind, match=message):
        check_count("n", value, 1, 5, "samples")


def test_the_size_of_the_data_is_not_the_data():
    assert check_num_samples(np.int64(3), 2) == check_num_samples(torch.tensor(3), 2) == 3
    for wrong in ([1, 2], {}, torch.ones(3), np.ones(3)):
        with pytest.raises(TypeError, match=rf"^num_samples is {type(wrong).__name__}; .*: pass len\(data\), not the data$"):
            check_num_samples(wrong, 2)
    for wrong, kind, message in [
        (1, ValueError, "num_samples=1 must be >= 2"),
        ("20", TypeError, "num_samples='20' must be an integer"),
        (None, TypeError, "num_samples=None must be an integer"),
    ]:
        with pytest.raises(kind, match=f"^{message}$"):
            check_num_samples(wrong, 2)


def test_choices():
    assert check_choice("mode", "a", ("a", "b")) == "a"
    with pytest.raises(ValueError, match=r"^mode='c' must be one of 'a', 'b'$"):
        check_choice("mode", "c", ("a", "b"))


@pytest.mark.parametrize("value", [1, 0.01, np.float32(2)])
def test_positive_numbers_pass(value):
    assert check_positive("temperature", value) == value


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf")])
def test_numbers_that_are_not_positive(value):
    with pytest.raises(ValueError, match=rf"^temperature={value} must be a finite number > 0$"):
        check_positive("temperature", value)


@pytest.mark.parametrize("value", [None, "1", True, [1.0]])
def test_what_is_no_number(value):
    with pytest.raises(TypeError, match=r"^temperature=.* must be a number$"):
        check_positive("temperature", value)


@pytest.mark.parametrize("value", [torch.tensor(0.1), torch.nn.Parameter(torch.ones(())), torch.tensor(1)])
def test_a_tensor_is_no_number(value):
    with pytest.raises(
        TypeError, match=r"^temperature is a tensor of shape \[\]; pass a number, such as temperature.item\(\)$"
    ):
        check_positive("temperature", value)


def test_pairs_that_come_in_another_form_are_told_how_to_come():
    x = torch.ones(3, 2)
    for u, kind, message in [
        (x.numpy(), TypeError, r"^u is ndarray; .* of shape \[N, d\]: use torch.from_numpy\(u\)$"),
        ((x, x), TypeError, r"^u is tuple; .* of shape \[N, d\]: pass the two views one by one, u and v$"),
        (torch.stack([x, x]), ValueError, r"^u has shape \[2, 3, 2\]; .* d >= 1: pass the two views one by one, u and v$"),
    ]:
        with pytest.raises(kind, match=message):
            check_pairs(u, x)


def test_pairs():
    x = torch.ones(3, 2)
    check_pairs(x, x)
    for bad in (x.long(), x.numpy(), None):
        with pytest.raises(TypeError, match="it must be a floating-point tensor"):
            check_pairs(bad, x)
    for bad in (x[0], x[:1], x[:, :0], x[None]):
        with pytest.raises(ValueError, match=r"^v has shape .* it must be \[N, d\] with N >= 2 pairs and d >= 1$"):
            check_pairs(x, bad)
    with pytest.raises(ValueError, match=r"^v has shape \[2, 2\]; it must equal the shape of u, \[3, 2\]$"):
        check_pairs(x, x[:2])
    with pytest.raises(TypeError, match=r"^v is torch.float64; it must have the type of u, torch.float32$"):
        check_pairs(x, x.double())
    x[1:, 0] = torch.tensor([torch.inf, torch.nan])
    with pytest.raises(ValueError, match=r"^u has 2 of 3 rows with NaN or infinity \(first: row 1\)"):
        check_pairs(x, torch.ones(3, 2))


def test_unit_rows_are_checked_with_a_tolerance_that_fits_the_precision():
    x = torch.nn.functional.normalize(torch.randn(50, 64, generator=torch.Generator().manual_seed(0)))
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        check_unit_rows("u", x.to(dtype))
    check_unit_rows("u", 1.01 * x.half())
    x[7] *= 1.01
    with pytest.raises(ValueError, match=r"^u\[7\] has norm 1.01; rows must have norm 1 within 0.001 \(or pass normalize"):
        check_unit_rows("u", x)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_unit_rows_scales_tiny_and_huge_rows(scale):
    x = torch.tensor([[3.0, 4.0], [-4.0, 3.0]])
    torch.testing.assert_close(unit_rows("u", scale * x), torch.tensor([[0.6, 0.8], [-0.8, 0.6]]))


def test_unit_rows_of_half_precision_are_float32_and_zero_rows_an_error():
    assert unit_rows("u", torch.ones(2, 3, dtype=torch.float16)).dtype == torch.float32
    with pytest.raises(ValueError, match=r"^v\[1\] is the zero vector; every row must have a direction$"):
        unit_rows("v", torch.tensor([[1.0, 0.0], [0.0, 0.0]]))


def test_lists_of_names_are_distinct_and_hold_what_is_needed():
    assert check_distinct("methods", ["SGD", "SC"], needed="SGD") == ["SGD", "SC"]
    for values, message in [
        ([], r"^methods=\[\] must be a list of one or more names$"),
        ("SGD", r"^methods='SGD' must be a list"),
        ([1], r"^methods=\[1\] must be a list"),
        (["SGD", "SGD"], r"^methods=\['SGD', 'SGD'\] must not hold a name twice$"),
        (["SC"], r"^methods=\['SC'\] must hold 'SGD', which the others are compared with$"),
    ]:
        with pytest.raises(ValueError, match=message):
            check_distinct("methods", values, needed="SGD")


def test_numbers_that_must_not_be_negative():
    for value in (0, 0.5, 3):
        assert check_not_negative("rate", value) == value
    for value in (-1, float("nan"), float("inf"), True, "1", None):
        with pytest.raises(ValueError, match=r"^rate=.* must be a finite number >= 0$"):
            check_not_negative("rate", value)
    with pytest.raises(ValueError, match=r"^beta=1 must be a number >= 0 and < 1$"):
        check_not_negative("beta", 1, below=1)


@pytest.mark.parametrize(
    "value", [torch.tensor(2.5), torch.tensor([1, 2]), torch.tensor(True), np.array([3]), np.array(3.0), "3"]
)
def test_what_is_no_single_integer_is_one_line(value):
    with pytest.raises(TypeError, match=r"(?s)^n=.* must be an integer$"):
        check_count("n", value, 1)
