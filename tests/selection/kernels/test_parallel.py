import os
import subprocess
import sys
import threading

import pytest
import torch
from threadpoolctl import ThreadpoolController, threadpool_info

from replication.selection.kernels.parallel import map_chunks, single_threaded


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


def shared_pools():
    """BLAS libraries with one pool for the whole process. One that rests on OpenMP (FAISS's) has a count for each thread."""
    pools = ThreadpoolController().select(user_api="blas").lib_controllers
    return [pool for pool in pools if getattr(pool, "threading_layer", "") != "openmp"]


def blas_threads():
    return [pool.num_threads for pool in shared_pools()]


@pytest.fixture
def two_blas_threads():
    """BLAS libraries with two threads each, set by a thread that is gone: a living one would forbid all others to set them."""
    pools = shared_pools()
    before = blas_threads()

    def set_all(counts):
        def run():
            for pool, count in zip(pools, counts, strict=True):
                pool.set_num_threads(count)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()

    set_all([2] * len(pools))
    assert blas_threads() == [2] * len(pools)
    yield blas_threads()
    set_all(before)


def test_the_last_thread_out_lifts_the_limit_on_blas(two_blas_threads):
    """The second comes in while the first is inside, and the first leaves before it."""
    first_out, second_in, inside = threading.Event(), threading.Event(), []

    def second():
        with single_threaded():
            second_in.set()
            first_out.wait(20)
            inside.append(blas_threads())

    thread = threading.Thread(target=second)
    with single_threaded():
        thread.start()
        assert second_in.wait(20)
    first_out.set()
    thread.join()
    assert blas_threads() == two_blas_threads
    assert inside == [[1] * len(two_blas_threads)]


def test_a_blas_that_rests_on_openmp_is_limited_for_each_thread():
    """With FAISS in the process, two threads inside at once, in a process of its own: the libraries are looked up once."""
    pytest.importorskip("faiss")
    command = [sys.executable, "-c", WITH_FAISS]
    ran = subprocess.run(command, capture_output=True, encoding="utf-8", env=os.environ | {"OMP_NUM_THREADS": "3"})
    assert ran.stdout == "[(3, 1, 3), (3, 1, 3)]\n", ran.stderr


WITH_FAISS = """
import threading
import faiss
from threadpoolctl import ThreadpoolController
from replication.selection.kernels.parallel import single_threaded

[pool] = [pool for pool in ThreadpoolController().lib_controllers if "faiss" in pool.filepath and pool.user_api == "blas"]
assert pool.threading_layer == "openmp"
both_inside, seen = threading.Barrier(2, timeout=20), []

def run():
    before = pool.get_num_threads()
    with single_threaded():
        both_inside.wait()
        inside = pool.get_num_threads()
        both_inside.wait()
    seen.append((before, inside, pool.get_num_threads()))

threads = [threading.Thread(target=run) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(seen)
"""


def test_the_limit_is_lifted_after_an_error(two_blas_threads):
    before = threadpool_info()
    with pytest.raises(ZeroDivisionError):
        map_chunks(lambda x: 1 // x, [1, 0], workers=2)
    assert threadpool_info() == before and blas_threads() == two_blas_threads


def test_threads_that_start_meanwhile_have_the_usual_number_of_threads():
    begun, seen, before = threading.Event(), [], torch.get_num_threads()
    torch.set_num_threads(3)

    def other():
        begun.wait(20)
        late = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
        late.start()
        late.join()

    try:
        thread = threading.Thread(target=other)
        thread.start()
        with single_threaded():
            begun.set()
            thread.join()
            assert torch.get_num_threads() == 1
        assert seen == [3] and torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
