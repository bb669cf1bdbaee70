"""Contrastive losses: of all pairs, of families of mini-batches, and the objectives that networks are trained with."""

from replication.losses.info_nce import batch_losses, contrastive_loss, mini_batch_loss

__all__ = ["batch_losses", "contrastive_loss", "mini_batch_loss"]
