"""Random views of images for contrastive learning, made in batches on the device that holds the images.

    augment = Augmentation(32, mean=data.mean, std=data.std)
    u, v = augment.pair(images, generator)        # uint8 [B, 3, H, W] -> two float32 [B, 3, 32, 32]
    x = as_input(images, data.mean, data.std)     # for evaluation: no randomness

Every sample and view draws its own parameters. torchvision's transforms do so only when called image by image; called with a
batch they draw once for all, which makes the negatives of a batch share one crop and one colour change.
"""

from replication.augmentation.augmentation import Augmentation
from replication.augmentation.normalise import as_input

__all__ = ["Augmentation", "as_input"]
