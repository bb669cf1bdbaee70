"""Images a second of one training step, against PIL images, a DataLoader, and transforms one by one."""

import time

import numpy as np
import pandas as pd
import torch
from PIL import Image, ImageFilter
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from replication.datasets import ImageSet, load_image_set
from replication.experiments.cifar.forecast import flops_of_an_update
from replication.experiments.cifar.pretraining import BLOCK, Pretraining
from replication.experiments.cifar.settings import Settings
from replication.experiments.grid.side_by_side import cores
from replication.machine import device_or_best


def compare_pipelines(common: dict, steps: int = 0, device: str = "") -> pd.DataFrame:
    """Time the same updates fed by our views on the device and by a DataLoader with PIL transforms, in turn.

    Args:
        common: settings that all runs share; see `Settings`.
        steps: updates to time, after as many to warm up; 0: as many as have their views drawn at once, on a GPU twice that.
        device: "cpu", "cuda" or "": a GPU if there is one.

    Returns:
        A row for each pipeline: ms per update, images a second (two views count once), the ratio to the DataLoader, the
        floating-point operations of an update, and the share of the rate that this machine reaches in a large matrix product.
    """
    device = device_or_best(device)
    settings = Settings(method="SGD", **common)
    train = load_image_set(settings.dataset, "train")
    task = Pretraining(settings, train, device)
    steps = min(steps or (BLOCK if device == "cpu" else 2 * BLOCK), task.steps_per_epoch)
    plan = torch.randperm(task.num_samples)[: steps * settings.batch_size].view(steps, -1)
    fed_by_loader = _fed_by_loader(task, train, plan)

    work = {"views on the device": lambda: _drain(task.steps(plan, 0, 0), task), "DataLoader and PIL": fed_by_loader}
    seconds = dict.fromkeys(work, float("inf"))
    for round_ in range(3):
        for name, function in work.items():
            begin = time.perf_counter()
            function()
            if round_:
                seconds[name] = min(seconds[name], time.perf_counter() - begin)
    flops, rate = flops_of_an_update(task), _matrix_rate(task)
    baseline = seconds["DataLoader and PIL"]
    return pd.DataFrame(
        {"pipeline": name, "ms per update": 1000 * spent / steps, "images/s": steps * settings.batch_size / spent}
        | {"times faster": baseline / spent, "GFLOP per update": flops / 1e9}
        | {"share of the matrix rate": flops * steps / spent / rate, "device": device}
        for name, spent in seconds.items()
    )


def _drain(losses, task: Pretraining) -> None:
    for _ in losses:
        pass
    if task.device.type == "cuda":
        torch.cuda.synchronize()


class _PilViews(Dataset):
    """Two views of each image, made one by one on the CPU, by the steps that `Augmentation` takes at this size.

    `blur`: its `blur_pixels`.
    """

    def __init__(self, train: ImageSet, settings: Settings, blur: tuple[float, float] | None):
        self.images = train.images.permute(0, 2, 3, 1).numpy()
        self.transform = transforms.Compose(
            [
                transforms.RandomResizedCrop(settings.size, scale=(settings.crop_min, 1.0)),
                transforms.RandomHorizontalFlip(),
                transforms.RandomApply([transforms.ColorJitter(0.4, 0.4, 0.2, 0.1)], p=0.8),
                transforms.RandomGrayscale(0.2),
                *([] if blur is None else [_PillowBlur(*blur)]),
                transforms.ToTensor(),
                transforms.Normalize(train.mean, train.std),
            ]
        )

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = Image.fromarray(np.ascontiguousarray(self.images[index]))
        return self.transform(image), self.transform(image), index


class _PillowBlur:
    """Pillow's Gaussian blur, as in most pipelines for SimCLR: of every image, its width uniform between two, in pixels."""

    def __init__(self, low: float, high: float):
        self.low, self.high = low, high

    def __call__(self, image: Image.Image) -> Image.Image:
        sigma = self.low + (self.high - self.low) * float(torch.rand(()))
        return image.filter(ImageFilter.GaussianBlur(sigma))


def _fed_by_loader(task: Pretraining, train: ImageSet, plan: torch.Tensor):
    # Threads of torch in the workers would compete with those of the step; one process for each further core.
    workers = cores() - 1
    loader = DataLoader(
        _PilViews(train, task.settings, task.augment.blur_pixels),
        batch_sampler=plan.tolist(),
        num_workers=workers,
        persistent_workers=workers > 0,
    )

    def losses():
        """Make the updates, and yield their losses, of batches as they come from the loader."""
        for first, second, index in loader:
            yield task._update(torch.cat([first, second]).to(task.device), index.to(task.device))

    return lambda: _drain(losses(), task)


def _matrix_rate(task: Pretraining) -> float:
    """Return the floating-point operations a second of large matrix products in the precision of the run."""
    # So large that a launch, some microseconds, does not count: on a GPU 10 products take milliseconds.
    size, products = (8192, 10) if task.device.type == "cuda" else (2048, 1)
    kind = torch.bfloat16 if task.settings.precision == "bfloat16" else torch.float32
    x = torch.randn(size, size, device=task.device, dtype=kind)
    best = float("inf")
    for _ in range(4):
        begin = time.perf_counter()
        for _ in range(products):
            y = x @ x
        if task.device.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - begin)
    del y
    return products * 2 * size**3 / best
