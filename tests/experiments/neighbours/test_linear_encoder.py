import torch

from replication.experiments.neighbours.linear_encoder import encode, pullback


def test_pullback_is_the_gradient_of_any_function_of_the_rows():
    generator = torch.Generator().manual_seed(0)
    weights, x, target = (
        torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in ((2, 3, 5), (2, 7, 5), (2, 7, 3))
    )
    rows, scaled = encode(weights, x)
    assert torch.allclose(rows.norm(dim=-1), torch.ones(2, 7, dtype=torch.float64))
    wanted = torch.autograd.functional.jacobian(lambda w: (encode(w, x)[0] * target).exp().sum(), weights)
    found = pullback(rows, scaled, target * (rows * target).exp())
    assert torch.allclose(found, wanted, atol=1e-12)
