import threading

import torch
from threadpoolctl import threadpool_info

from replication.selection.parallel import map_chunks


def test_keeps_order_and_uses_several_threads():
    barrier = threading.Barrier(2, timeout=20)

    def meet(x):
        barrier.wait()  # returns only if two chunks run at once
        return 2 * x

    assert map_chunks(meet, [1, 2, 3, 4], workers=2) == [2, 4, 6, 8]


def test_libraries_are_single_threaded_inside_and_restored_after():
    before = torch.get_num_threads()
    for workers in (1, 2):
        inside = map_chunks(
            lambda _: (torch.get_num_threads(), max(p["num_threads"] for p in threadpool_info())), [0, 1], workers
        )
        assert inside == [(1, 1), (1, 1)]
    assert torch.get_num_threads() == before
