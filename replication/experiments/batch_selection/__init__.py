"""How hard the batches of each selector are, and what they cost, on embeddings of images and synthetic ones (Figure 4)."""
