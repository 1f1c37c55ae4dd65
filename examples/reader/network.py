"""A small encoder–decoder that reads a picture of text, character by character.

The encoder is four convolutions, which make a feature of each 4 x 16 pixels: about half the width
of a letter. The decoder is a transformer that looks at all features while it writes. Both know
where they are by sinusoids (Vaswani et al. 2017, section 3.5): the features by row and column, the
characters by their place in the text.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

NONE = 0
"""What is no character: a text's begin and end, and what fills a batch."""


class Reader(nn.Module):
    """Pictures to characters, which are numbered from 1.

    `pictures`: float (pages, 1, height, width), 0 where there is paper and 1 where there is ink.
    `texts`: int (pages, length), each filled up with `NONE`.
    """

    def __init__(self, characters: int, width: int = 96, layers: int = 2, heads: int = 4) -> None:
        super().__init__()
        self.width = width
        self.encoder = nn.Sequential(
            *_convolution(1, width // 12, stride=(2, 2)),
            *_convolution(width // 12, width // 4, stride=(2, 2)),
            *_convolution(width // 4, width // 2, stride=(2, 1)),
            *_convolution(width // 2, width, stride=(2, 1)),
        )
        layer = nn.TransformerDecoderLayer(
            width, heads, 2 * width, dropout=0, batch_first=True, norm_first=True
        )
        self.decoder = nn.TransformerDecoder(layer, layers, norm=nn.LayerNorm(width))
        self.embedding = nn.Embedding(1 + characters, width)
        nn.init.normal_(self.embedding.weight, std=0.5)  # as large as the sinusoids beside it
        self.next_character = nn.Linear(width, 1 + characters)

    def forward(self, pictures: Tensor, texts: Tensor) -> Tensor:
        """Scores of each character, given those before it: (pages, length, 1 + characters)."""
        return self.write(self.look(pictures), texts[:, :-1])

    def look(self, pictures: Tensor) -> Tensor:
        """The features of pictures: (pages, features, width)."""
        features = self.encoder(pictures).permute(0, 2, 3, 1)
        rows, columns = features.shape[1:3]
        half = self.width // 2
        across = _sinusoids(columns, half).expand(rows, columns, half)
        down = _sinusoids(rows, half)[:, None].expand(rows, columns, half)
        return (features + torch.cat([down, across], dim=2)).flatten(1, 2)

    def write(self, features: Tensor, written: Tensor) -> Tensor:
        """Scores of the characters that follow each beginning of what is written."""
        before = functional.pad(written, (1, 0), value=NONE)
        length = before.shape[1]
        hidden = self.embedding(before) + _sinusoids(length, self.width)
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        return self.next_character(self.decoder(hidden, features, mask, tgt_is_causal=True))

    @torch.inference_mode()
    def read(self, pictures: Tensor, longest: int) -> Tensor:
        """The likeliest character after each: texts of `longest` characters at most."""
        features = self.look(pictures)
        texts = pictures.new_full((len(pictures), 0), NONE, dtype=torch.long)
        ended = torch.zeros(len(pictures), dtype=torch.bool)
        while texts.shape[1] < longest and not ended.all():
            likeliest = self.write(features, texts)[:, -1].argmax(dim=1)
            ended |= likeliest == NONE
            texts = torch.cat([texts, likeliest.masked_fill(ended, NONE)[:, None]], dim=1)
        return texts


def _convolution(channels: int, into: int, stride: tuple[int, int]) -> list[nn.Module]:
    kernel = nn.Conv2d(channels, into, 3, stride, padding=1, bias=False)
    return [kernel, nn.BatchNorm2d(into), nn.ReLU()]


def _sinusoids(places: int, width: int) -> Tensor:
    """Float (places, width): sines and cosines, whose waves are 6 to 6,000 places long."""
    frequencies = torch.exp(torch.arange(0, width, 2) * (-math.log(1000) / width))
    angles = torch.arange(places)[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)
