"""A tiny checkpoint that labels names and streets: its weights are set so that each token has the
label that `VOCABULARY` gives it, whatever stands around it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

LABELS = ["O", "B-PER", "I-PER", "I-STREET"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
VOCABULARY = {
    "Ada": "B-PER",
    "Hiro": "B-PER",
    "Love": "I-PER",
    "##lace": "I-PER",
    "Sato": "I-PER",
    "Mill": "I-STREET",
    "Lane": "I-STREET",
    "Castle": "I-STREET",
    "Str": "I-STREET",
    "##as": "I-STREET",
    "##se": "O",  # so that the tokens of a word disagree
    **dict.fromkeys("0123456789", "O"),
    **{f"##{digit}": "O" for digit in "0123456789"},
}
"""The tokens that the checkpoint knows, with their labels; all others are none."""


def make_people_checkpoint(
    folder: Path, config: Mapping[str, int] | None = None, **labels: str
) -> str:
    """Write the checkpoint to a folder, with other settings of its config, such as more layers, and
    other labels for some tokens; returns its path.
    """
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

    tokens = {token: number for number, token in enumerate([*SPECIAL, *VOCABULARY])}
    tokenizer = Tokenizer(models.WordPiece(tokens, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [(name, tokens[name]) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=ends
    )
    names = ["pad_token", "unk_token", "cls_token", "sep_token"]
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, **dict(zip(names, SPECIAL, strict=True))
    )
    settings = {
        "vocab_size": len(tokens),
        "hidden_size": len(LABELS),
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "intermediate_size": 4,
        "max_position_embeddings": 512,
        "id2label": dict(enumerate(LABELS)),
        "label2id": {name: number for number, name in enumerate(LABELS)},
        **(config or {}),
    }
    model = BertForTokenClassification(BertConfig(**settings))
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "LayerNorm" not in name:
                weights.zero_()  # so that nothing but the token counts
        embeddings = model.bert.embeddings.word_embeddings.weight
        for token, number in tokens.items():
            embeddings[number, LABELS.index((VOCABULARY | labels).get(token, "O"))] = 1
        model.classifier.weight[:, : len(LABELS)] = 4 * torch.eye(len(LABELS))
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return str(folder)
