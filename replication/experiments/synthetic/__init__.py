"""The synthetic experiments of section 6.1: free embeddings, trained with every way to choose batches (Figures 2 and 3)."""
