"""Simple features that need no tower: principal components of pixels, and of the words of captions.

For digits with made-up captions, the offline stand-in for photographs; fitted on the training split.
"""

import numpy as np
import torch
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from torch import Tensor

from replication.validation import check_count


def pixel_features(train: Tensor, images: Tensor, dimensions: int = 32) -> Tensor:
    """Return the first principal components [N, dimensions] (float32, of variance 1 on the training images) of the pixels.

    Args:
        train: uint8 [M, 3, S, S], on which the components are fitted.
        images: uint8 [N, 3, S, S].
        dimensions: at most M and the number of pixel values.
    """
    check_count("dimensions", dimensions, 1, min(len(train), train[0].numel()), "training images and pixel values")
    flat, of_all = (x.reshape(len(x), -1).numpy().astype(np.float32) / 255 for x in (train, images))
    components = PCA(dimensions, whiten=True, svd_solver="covariance_eigh").fit(flat)
    return torch.from_numpy(components.transform(of_all).astype(np.float32))


def word_features(train: list[str], texts: list[str], dimensions: int = 24) -> Tensor:
    """Return latent semantic features [T, dimensions] (float32): words and pairs of words by tf-idf, then the SVD.

    Args:
        train: texts on which both are fitted.
        texts: what is turned into features; words that `train` does not have are left out.
        dimensions: at most the number of different words and pairs of words.
    """
    words = TfidfVectorizer(ngram_range=(1, 2)).fit(train)
    check_count("dimensions", dimensions, 1, len(words.vocabulary_) - 1, "different words and pairs of words, less one")
    components = TruncatedSVD(dimensions, algorithm="arpack", random_state=0).fit(words.transform(train))
    return torch.from_numpy(components.transform(words.transform(texts)).astype(np.float32))
