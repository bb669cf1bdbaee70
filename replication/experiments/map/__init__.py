"""What 07_map computes and shows: where choosing batches helps, by batch size and hardness, on heads of frozen towers.

- `checks`, `design`: what the notebook's parameters may be, and which trainings they stand for.
- `parts`, `experiment`: the trainings, kept on the disk in parts.
- `tables`, `judging`: what came out, and how sure it is.
- `equivalent`, `rule`: which shuffled batch a chosen one is worth; whether a simple rule foretells the sign.
- `agreement`: whether full fine-tuning says the same.
- `figures`, `in_words`, `claims`: the same as pictures, sentences and verdicts.
"""
