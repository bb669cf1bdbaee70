"""Chosen batches inside the trainers that people use, in a few lines each. Every module needs the extra of its name.

- `dealt_batches`: the plan of a `PlannedBatchSampler`, dealt to one or more processes; what the others build on. Alone it is
  all that a loop with Accelerate needs.
- `planning`: embeds with the model as it is, at the beginning of an epoch, and plans.
- `transformers_trainer`: a callback for transformers' `Trainer` (extra `accelerate`).
- `sentence_transformers`: batch sampler and callback for `SentenceTransformerTrainer` (extra `sentence-transformers`).
- `lightning`: a callback for Lightning's `Trainer` (extra `lightning`).
"""
