"""Does choosing batches help a sentence encoder, fine-tuned with sentence-transformers' own trainer?

| module | holds |
|---|---|
| `captions` | pairs of captions that say the same: of Flickr8k's photographs, or made up of a few words |
| `finetuning` | one training through `SentenceTransformerTrainer`, and retrieval among test captions |
| `learning_rates` | which learning rate suits shuffled batches |
| `verdicts` | tables of all trainings, and what the notebook concludes |
| `checks` | what the notebook's parameters may be |
| `figures` | how it looks |
"""

from replication.extras import need

need("replication.experiments.trainers", "sentence-transformers", ("sentence_transformers", "accelerate", "datasets"))
