"""These tests need the extra `cluster`; and embeddings that they share."""

import numpy as np
import pytest
import torch

pytest.importorskip("faiss")
pytest.importorskip("distributed")


@pytest.fixture(scope="session")
def mixture():
    """Return the function that makes two views [N, d] (float16) of pairs around 40 centres."""

    def make(samples, d=16, seed=0):
        generator = torch.Generator().manual_seed(seed)
        centres = torch.randn(40, d, generator=generator)
        points = centres[torch.randint(40, (samples,), generator=generator)] + 0.6 * torch.randn(
            samples, d, generator=generator
        )
        return [(points + 0.3 * torch.randn(samples, d, generator=generator)).half().numpy() for _ in range(2)]

    return make


@pytest.fixture(scope="session")
def embeddings(mixture, tmp_path_factory):
    """Return two paths: one .npy file, and a folder of 40 parts of unequal sizes, of the same 2,003 pairs."""
    folder = tmp_path_factory.mktemp("embeddings")
    u, v = mixture(2003)
    np.save(folder / "u.npy", u)
    (folder / "v").mkdir()
    cuts = np.linspace(0, 2003, 41).astype(int) + np.where(np.arange(41) % 2, 7, 0)
    cuts[-1] = 2003
    for number, rows in enumerate(np.split(v, cuts[1:-1])):
        np.save(folder / "v" / f"part-{number}.npy", rows)
    return folder / "u.npy", folder / "v"
