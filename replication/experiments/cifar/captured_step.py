"""One update as one CUDA graph: losses, gradients and the step of LARS are launched by a single call.

A graph repeats the same kernels on the same addresses. So the batch is copied to where the graph looks for it, the learning
rate lies in a tensor, and momenta, running statistics and the state of an objective are updated in place. Nothing random
happens in an update: its views are drawn before.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import torch
from timm.optim import Lars
from torch import LongTensor, Tensor, nn

from replication.experiments.cifar.lars_step import lars_step, start_momenta

WARM_UPS = 3  # before a capture libraries choose kernels and take memory, which they may not do within it


class CapturedStep:
    """An update that is recorded at its first call and replayed by every call.

    What it was recorded with must stay where it is: a call after `optimizer.load_state_dict`, which replaces the momenta,
    needs a new `CapturedStep`.

    Args:
        loss_of: (views [2B, 3, size, size], index [B]) to the loss (0-d) with its graph; it must not wait for the device, and
            autocast in it must not cache weights, as the graph would then keep those of the capture.
        network, objective: whose parameters and buffers the update changes.
        optimizer: its groups have one learning rate, which is read at each call.
    """

    def __init__(
        self, loss_of: Callable[[Tensor, LongTensor], Tensor], network: nn.Module, objective: nn.Module, optimizer: Lars
    ):
        self.loss_of, self.network, self.objective, self.optimizer = loss_of, network, objective, optimizer
        self._replay: Callable[[], Tensor] | None = None

    def __call__(self, views: Tensor, index: LongTensor) -> Tensor:
        """Make the update with the views [2B, 3, size, size] of the samples index [B], and return its loss (0-d).

        The sizes are those of the first call.

        Raises:
            RuntimeError: the update cannot be recorded, or the sizes differ.
        """
        if self._replay is None:
            self._record(views, index)
        self._views.copy_(views)
        self._index.copy_(index)
        self._rate.fill_(self.optimizer.param_groups[0]["lr"])
        return self._replay().clone()  # the next call overwrites it

    def _record(self, views: Tensor, index: LongTensor) -> None:
        self._views = views.clone(memory_format=torch.channels_last)
        self._index = index.clone()
        self._rate = torch.zeros((), dtype=torch.float32, device=views.device)
        start_momenta(self.optimizer)
        momenta = [value for state in self.optimizer.state.values() for value in state.values() if isinstance(value, Tensor)]
        modules = [tensor for m in (self.network, self.objective) for tensor in (*m.parameters(), *m.buffers())]
        try:
            with unchanged([*modules, *momenta]):
                self._replay = record(self._step)
        except BaseException:
            self.optimizer.zero_grad(set_to_none=True)  # they may lie in the memory of a graph that does not exist
            raise

    def _step(self) -> Tensor:
        # Without gradients to add to, the backward pass of a capture takes places for them, and each replay writes there.
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss_of(self._views, self._index)
        loss.backward()
        lars_step(self.optimizer, self._rate)
        return loss.detach()


@contextmanager
def unchanged(tensors: Iterable[Tensor]) -> Iterator[None]:
    """Give tensors back, in place, the values that they have now when the block ends, also if it fails."""
    tensors = list(tensors)
    kept = [tensor.detach().clone() for tensor in tensors]
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, before in zip(tensors, kept, strict=True):
                tensor.copy_(before)


def record(step: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """Run `step` a few times, record it as a CUDA graph, and return what replays it: each call returns the same tensor.

    Raises:
        RuntimeError: `step` does what a graph cannot hold, such as waiting for the device.
    """
    stream = torch.cuda.Stream()  # the default stream cannot be captured, and what is prepared belongs to a stream
    stream.wait_stream(torch.cuda.current_stream())
    try:
        with torch.cuda.stream(stream):
            for _ in range(WARM_UPS):
                step()
    finally:
        torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):  # what is called in here is recorded, not run
        result = step()

    def replay() -> Tensor:
        """Run the recorded step on the current stream, and return where its result lies."""
        graph.replay()
        return result

    return replay
