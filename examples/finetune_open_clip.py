"""Fine-tune a model of open_clip on your own image-caption pairs, with shuffled or with harder batches: a complete program.

    python examples/finetune_open_clip.py pairs.csv                      # shuffled batches, to compare with
    python examples/finetune_open_clip.py pairs.csv --selector "SwapSearch, hardness 0.25"
    python examples/finetune_open_clip.py digits --model digits-tiny --pretrained "" --lr 1e-3      # a trial without download

Hard batches need not help. When this project fine-tuned on Flickr8k, SwapSearch's and SC's made retrieval clearly worse than
shuffled ones (results/clip/cpu/tables/summary.md). Smaller shares are untested there: compare on your data, with several seeds.

pairs.csv has the columns filepath (relative to its folder), title and perhaps split: see data/README.md. A sample is an image
with one of its captions, drawn anew each epoch: captions of one image never become each other's negatives. Decoded images are
kept in data/.decoded, in the project folder or else the working directory.
"""

import argparse
import os
from functools import partial

import open_clip
import torch
from timm.layers import to_2tuple
from torch.utils.data import DataLoader, TensorDataset

from replication.augmentation import as_input
from replication.clip.models import ModelError, make_model, make_tokenizer
from replication.datasets.pairs import caption_groups, draw_captions, load_pairs
from replication.evaluation import retrieval_metrics
from replication.selection import PlannedBatchSampler
from replication.selection.registry import make_selector

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
OPTIONS = {"model": "ViT-B-32", "pretrained": "openai", "selector": "SGD", "lr": 1e-5, "epochs": 3, "batch-size": 32, "seed": 0}


def main(argv: list[str] | None = None) -> torch.nn.Module:
    """Fine-tune and return a model; the losses printed are those of its own batches: the harder, the larger."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", help="a CSV; or digits, flickr8k, coco")
    for name, default in OPTIONS.items():
        parser.add_argument(f"--{name}", type=type(default), default=default, help=f"default: {default!r}")
    args = parser.parse_args(argv)
    try:
        model = make_model(args.model, args.pretrained, seed=args.seed).to(DEVICE)
        tokenizer = make_tokenizer(args.model)
        size, _ = to_2tuple(model.visual.image_size)
        source = os.path.abspath(args.pairs) if args.pairs.endswith((".csv", ".tsv")) else args.pairs
        train, test = (load_pairs(source, split, size, fit="crop") for split in ("train", "test"))
        temperature = 1 / model.logit_scale.exp().item()  # that of the start
        selector = make_selector(args.selector, len(train), args.batch_size, temperature)
        sampler = PlannedBatchSampler(selector, len(train), args.seed)
    except (OSError, ValueError, ModelError) as error:
        parser.error(str(error))

    prepare = partial(as_input, **{name: tuple(model.visual.preprocess_cfg[name]) for name in ("mean", "std")})
    optimizer, loss_of = torch.optim.AdamW(model.parameters(), lr=args.lr), open_clip.ClipLoss()
    for epoch in range(args.epochs):
        drawn = draw_captions(train, args.seed, epoch).tolist()
        tokens = tokenizer([captions[n] for captions, n in zip(train.captions, drawn, strict=True)])
        sampler.set_epoch(epoch)
        if selector.uses_embeddings:
            sampler.update(*embed(model, prepare, train.images, tokens))
        model.train()
        total = 0.0
        for images, texts in DataLoader(TensorDataset(train.images, tokens), batch_sampler=sampler):
            loss = loss_of(*model(prepare(images.to(DEVICE)), texts.to(DEVICE))[:3])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch}: mean in-batch loss {total / len(sampler):.3f} nats")

    texts, groups = caption_groups(test)
    u, v, _ = embed(model, prepare, test.images, tokenizer(texts))
    found = retrieval_metrics(u, v, torch.arange(len(u)), groups)
    print(f"{args.selector}: R@1 {found['mean R@1']:.1f} %, R@10 {found['mean R@10']:.1f} % of {len(u)} test images")
    print("Hard batches need not help: compare --selector SGD with others on your data, several seeds.")
    return model


@torch.no_grad()
def embed(model, prepare, images, tokens) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Return the features of all images and of all texts, in their order, and the temperature that the model has learned."""
    model.eval()
    u = [model.encode_image(prepare(block.to(DEVICE))).cpu() for block in images.split(256)]
    v = [model.encode_text(block.to(DEVICE)).cpu() for block in tokens.split(256)]
    return torch.cat(u), torch.cat(v), 1 / model.logit_scale.exp().item()


if __name__ == "__main__":
    main()
