"""How hard the batches of each selector are, and what they cost, on embeddings of real images (Figure 4's question)."""
