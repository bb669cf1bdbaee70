"""A random sentence encoder made on the spot, for examples and tests: no download, no weights."""

from replication.extras import need

need("replication.integrations.tiny_transformer", "sentence-transformers", ("sentence_transformers",))

from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast


def tiny_sentence_transformer(texts: list[str], folder: str | Path, seed: int = 0, width: int = 32) -> SentenceTransformer:
    """Return a sentence encoder with one layer and random weights, whose vocabulary is the words of `texts`.

    Args:
        texts: what it shall be able to read; other words are unknown to it.
        folder: where its files are written; they are needed as long as it is used.
        seed: of the weights.
        width: of the embeddings, even.
    """
    words = ["[PAD]", "[UNK]", *sorted({word for text in texts for word in text.lower().split()})]
    tokens = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokens.normalizer, tokens.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokens, unk_token="[UNK]", pad_token="[PAD]", model_max_length=64)
    shape = {"hidden_size": width, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 2 * width}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertModel(BertConfig(vocab_size=len(words), max_position_embeddings=64, **shape)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return SentenceTransformer(modules=[Transformer(str(folder)), Pooling(width)], device="cpu")
