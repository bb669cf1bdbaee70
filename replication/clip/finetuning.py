"""Fine-tuning of a dual encoder on pairs of image and caption: the task that `replication.training` drives."""

import math
from collections.abc import Iterator

import torch
from torch import LongTensor, Tensor
from torch.nn.parallel import DistributedDataParallel

from replication.augmentation import Augmentation, as_input
from replication.clip.models import make_tokenizer
from replication.clip.objectives import make_loss
from replication.clip.optimizer import make_adamw
from replication.clip.processes import Processes
from replication.clip.settings import Settings
from replication.clip.starting import file_digests, make_network
from replication.clip.towers import learned_temperature, train_mode
from replication.datasets.pairs import PairSet, draw_captions
from replication.seeding import derived_seed
from replication.training.network_task import NetworkTask
from replication.training.schedule import warmup_cosine

# Records and checkpoints of trainings fit together only under the same number. Raise it whenever a change alters the numbers
# that training gives, beyond rounding; a test of the first losses says when that is so.
PROTOCOL = 1
FEATURE_BATCH = 256  # pairs in a block of the feature pass
LARGEST_LOGIT_SCALE = math.log(100)  # as in CLIP and open_clip


class FineTuning(NetworkTask):
    """One caption of each image drawn an epoch, AdamW with warm-up and cosine, a learned and clamped logit scale.

    The loss is open_clip's ClipLoss, half of eq. (1), in nats. For "sogclr" it is `BimodalSogCLR` divided by 2t: again nats
    and the mean of the two directions, but without the logarithm of the number of candidates. Other objectives are those of
    `replication.losses`, as they are.

    With several processes each of them holds the data and computes its columns of every batch; losses are those of the whole
    batch. Batch normalisation that learns sees only a process's own part.

    Args:
        settings: everything that decides the run.
        train: the training pairs; the first `settings.images` are used.
        device: where images, network and objective live.
        provenance: further plain values that a checkpoint must agree on, such as hashes of code and data.
        processes: this process among those that train together; its device then counts.

    Raises:
        ValueError: fewer pairs than one batch holds, or a batch that the processes cannot share; as `make_model`.
        FileNotFoundError, ModelError: weights that cannot be had; see `make_network`.
    """

    def __init__(
        self,
        settings: Settings,
        train: PairSet,
        device: str = "cpu",
        provenance: dict | None = None,
        processes: Processes | None = None,
    ):
        self.settings = settings
        self.processes = processes or Processes(device=device)
        self.processes.check_batch_size(settings.batch_size)
        self.device = torch.device(self.processes.device)
        self.pairs = train.head(settings.images)
        self.num_samples = len(self.pairs)
        if self.num_samples < settings.batch_size:
            raise ValueError(f"batch_size={settings.batch_size} must be <= {self.num_samples}, the images of {train.name}")
        self.steps_per_epoch = self.num_samples // settings.batch_size
        self.warmup_steps = round(settings.warmup_epochs * self.steps_per_epoch)
        self.provenance = file_digests(settings) | (provenance or {})
        self.network = self._make_network().to(self.device)
        self.images = self.training_images()
        self.forward = self.network
        if self.processes.count > 1:  # the network itself keeps the weights; what is wrapped only runs it
            self.forward = DistributedDataParallel(self.network)
        self.objective = make_loss(settings, self.num_samples, learned_temperature(self.network), self.processes)
        self.objective.to(self.device)
        self.optimizer = make_adamw(self.network, settings)
        self.tokenizer = make_tokenizer(settings.model)
        self.tokens, self.row_of_caption, self.first_caption = self._tokenise_all()
        self.mean, self.std = (tuple(self.network.visual.preprocess_cfg[name]) for name in ("mean", "std"))
        self.augment = self._augmentation()
        self.generator = torch.Generator(self.device)
        train_mode(self.network)

    def _make_network(self) -> torch.nn.Module:
        """Return the network before its first update, on any device."""
        return make_network(self.settings)

    def training_images(self) -> Tensor:
        """Return what `whole_images` and `crop` take of each training image, one row for each, on the device: uint8 here."""
        return self.pairs.images.to(self.device)

    def _tokenise_all(self) -> tuple[Tensor, LongTensor, LongTensor]:
        """Return the tokens of all different captions [T, context] (int32, on the device), the row there of each caption of
        all images one after the other, and where among them each image's own begin [N].
        """
        texts = [text for captions in self.pairs.captions for text in captions]
        row = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        counts = torch.tensor([len(captions) for captions in self.pairs.captions])
        return self.tokenise(list(row)).to(self.device), torch.tensor([row[text] for text in texts]), counts.cumsum(0) - counts

    def tokenise(self, texts: list[str]) -> Tensor:
        """Return the tokens of texts, int32 [T, context length], on the CPU; longer texts are cut off."""
        blocks = (texts[begin : begin + 4096] for begin in range(0, len(texts), 4096))
        return torch.cat([self.tokenizer(block).int() for block in blocks])

    def _augmentation(self) -> Augmentation:
        scale = (self.settings.crop_min, 1.0)
        plain = {"flip_p": 0.0, "jitter_p": 0.0, "gray_p": 0.0, "blur_p": 0.0}
        return Augmentation(self.settings.size, crop_scale=scale, mean=self.mean, std=self.std, **plain)

    def caption_rows(self, epoch: int) -> LongTensor:
        """Return the rows [N] of `tokens` that are the images' captions of an epoch, one for each."""
        return self.row_of_caption[self.first_caption + draw_captions(self.pairs, self.settings.seed, epoch)]

    @torch.no_grad()
    def embed(self, epoch: int, pass_number: int) -> tuple[Tensor, Tensor]:
        """Return the features u of the images and v of their captions of this epoch, [N, d], unit rows, float32.

        In eval mode and without crops, so every pass of an epoch gives the same. Processes share the blocks among them.
        """
        tokens = self.tokens[self.caption_rows(epoch).to(self.device)]
        return self.embed_pairs(self.images, tokens)

    @torch.no_grad()
    def embed_pairs(self, images: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Return the unit features (u [M, d], v [T, d], float32) of images uint8 [M, 3, S, S] and tokens [T, context]."""
        self.network.eval()
        u = self._in_blocks(self.network.encode_image, images, self.whole_images)
        v = self._in_blocks(self.network.encode_text, tokens, self.as_tokens)
        train_mode(self.network)
        return u, v

    def _in_blocks(self, encode, inputs: Tensor, prepare) -> Tensor:
        """Return the features of all inputs; blocks do not depend on the number of processes, so nor do the features."""
        result = torch.zeros(len(inputs), 0)
        for number, rows in enumerate(torch.arange(len(inputs)).split(FEATURE_BATCH)):
            if number % self.processes.count == self.processes.rank or number == 0:  # all learn the width from the first
                with self.autocast():
                    features = encode(prepare(inputs[rows[0] : rows[-1] + 1]), normalize=True).float()
                if number == 0:
                    result = features.new_zeros(len(inputs), features.shape[1])
                if number % self.processes.count == self.processes.rank:
                    result[rows[0] : rows[-1] + 1] = features
        return self.processes.sum(result)

    def whole_images(self, images: Tensor) -> Tensor:
        """Return images uint8 [M, 3, S, S] as the image tower takes them, without a crop."""
        x = as_input(images, self.mean, self.std, self.settings.size)
        return x.contiguous(memory_format=torch.channels_last)

    def autocast(self) -> torch.autocast:
        """Return the context in which the towers run."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.precision == "bfloat16")

    def steps(self, plan: LongTensor, start: int, epoch: int) -> Iterator[Tensor]:
        """Make one update for each batch plan[start:]; see `Task.steps`. `plan` holds the global batches."""
        train_mode(self.network)
        rows, plan = self.caption_rows(epoch).to(self.device), plan.to(self.device)
        for position in range(start, len(plan)):
            self._set_rate(epoch * self.steps_per_epoch + position)
            batch = plan[position]
            mine = self.processes.share(batch)
            images = self.crop(self.images[batch], epoch, position)[mine]
            yield self._update(images, self.as_tokens(self.tokens[rows[batch[mine]]]), batch)

    def as_tokens(self, rows: Tensor) -> Tensor:
        """Return rows of `tokens` as the text tower takes them."""
        return rows.long()

    def crop(self, images: Tensor, epoch: int, position: int) -> Tensor:
        """Return random crops of a whole batch, so that the number of processes does not change them."""
        if self.settings.crop_min == 1:
            return self.whole_images(images)
        self.generator.manual_seed(derived_seed(self.settings.seed, "crops", epoch, position))
        return self.augment(images, self.generator).contiguous(memory_format=torch.channels_last)

    def _set_rate(self, step: int) -> None:
        total = self.settings.epochs * self.steps_per_epoch
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.lr * warmup_cosine(step, total, self.warmup_steps)

    def _update(self, images: Tensor, tokens: Tensor, batch: LongTensor) -> Tensor:
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(images, tokens, batch)
        loss.backward()
        if self.settings.clip_norm:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip_norm)
        self.optimizer.step()
        with torch.no_grad():
            self.network.logit_scale.clamp_(0, LARGEST_LOGIT_SCALE)
        return self.processes.sum(loss.detach().clone()) / self.processes.count

    def loss(self, images: Tensor, tokens: Tensor, batch: LongTensor) -> Tensor:
        """Return the loss of this process's columns of a batch; its mean over the processes is that of the batch.

        Args:
            images: normalised, [B/w, 3, size, size].
            tokens: int64 [B/w, context].
            batch: the whole batch's positions in the data, [B].
        """
        with self.autocast():
            u, v, scale, *_ = self.forward(images, tokens)
        return self.objective(u.float(), v.float(), scale.float(), batch)
