"""Train a small reader of pages on the CPU, until it reads pages that it has not seen.

    python examples/reader/make_corpus.py demo/reader/corpus.jsonl 4000
    pagefoundry run examples/reader/recipe.yaml
    python examples/reader/train.py demo/reader/data

A convolutional encoder makes a grid of vectors of a page's picture; a transformer decoder reads it
character by character. The reading loss is the cross-entropy of a character in nats. Training ends
when that of the pages held out is below the mark. It may be killed: run again, it goes on with the
next batch.
"""

from __future__ import annotations

import argparse
import itertools
import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import torch
from torch import Tensor, nn

import pagefoundry

CHARACTERS = " abcdefghijklmnopqrstuvwxyz"
END, PAD = len(CHARACTERS), len(CHARACTERS) + 1  # END also begins a text
WIDTH, HEIGHT, CELL = 160, 144, 8  # pixels of a page, and of a cell of the encoder's grid
SIZE, LONGEST = 128, 48
BATCH = 64
MARK = 0.1
MOST_EPOCHS = 60


class Reader(nn.Module):
    """Pages, float (pages, 1, HEIGHT, WIDTH), and their texts to the next characters' logits."""

    def __init__(self) -> None:
        super().__init__()
        channels = (1, 32, 64, SIZE)
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(channels):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.BatchNorm2d(after)]
            layers += [nn.GELU(), nn.Conv2d(after, after, 3, padding=1), nn.GELU()]
        self.encoder = nn.Sequential(*layers)
        self.places = nn.Parameter(torch.randn(HEIGHT // CELL * (WIDTH // CELL), SIZE) * 0.02)
        self.letters = nn.Embedding(PAD + 1, SIZE)
        self.order = nn.Parameter(torch.randn(LONGEST, SIZE) * 0.02)
        layer = nn.TransformerDecoderLayer(SIZE, 4, 4 * SIZE, 0.0, batch_first=True)
        self.decoder = nn.TransformerDecoder(layer, 2)
        self.out = nn.Linear(SIZE, PAD)

    def forward(self, pages: Tensor, texts: Tensor) -> Tensor:
        """The logits of the character after each of `texts`: float (pages, characters, PAD)."""
        grid = self.encoder(pages).flatten(2).transpose(1, 2) + self.places
        length = texts.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(length)
        letters = self.letters(texts) + self.order[:length]
        logits: Tensor = self.out(self.decoder(letters, grid, tgt_mask=mask, tgt_is_causal=True))
        return logits


def batch_of(rows: list[dict]) -> tuple[Tensor, Tensor]:
    """Pictures, float (rows, 1, HEIGHT, WIDTH), ink 1 and paper 0; texts with END on both sides."""
    pictures = np.stack([np.asarray(row["image"].convert("L"), np.float32) for row in rows])
    texts = [[END, *map(CHARACTERS.index, " ".join(row["text"].split())), END] for row in rows]
    longest = max(map(len, texts))
    padded = [text + [PAD] * (longest - len(text)) for text in texts]
    return 1 - torch.from_numpy(pictures)[:, None] / 255, torch.tensor(padded)


def loss_of(reader: Reader, pages: Tensor, texts: Tensor) -> Tensor:
    logits = reader(pages, texts[:, :-1])
    return nn.functional.cross_entropy(
        logits.flatten(0, 1), texts[:, 1:].flatten(), ignore_index=PAD
    )


@torch.inference_mode()
def read(reader: Reader, pages: Tensor) -> list[str]:
    """What the reader reads, one likeliest character after another."""
    texts = torch.full((len(pages), 1), END)
    for _ in range(LONGEST - 1):
        following = reader(pages, texts)[:, -1].argmax(-1, keepdim=True)
        texts = torch.cat([texts, following], 1)
        if (texts[:, 1:] == END).any(1).all():
            break
    read = ([*text[1:].tolist(), END] for text in texts)
    return ["".join(CHARACTERS[c] for c in text[: text.index(END)]) for text in read]


@torch.inference_mode()
def held_out_loss(reader: Reader, batches: list[tuple[Tensor, Tensor]]) -> float:
    reader.eval()
    losses = [loss_of(reader, *batch).item() for batch in batches]
    reader.train()
    return sum(losses) / len(losses)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("dataset")
    parser.add_argument("--checkpoint", type=Path, default=Path("demo/reader/reader.pt"))
    parser.add_argument("--mark", type=float, default=MARK)
    args = parser.parse_args()
    torch.manual_seed(0)

    # 1. One page in sixteen is held out, by its id.
    pages = pagefoundry.open(args.dataset, pictures="decoded").select("page_id", "image", "text")
    is_held_out = pc.starts_with(pc.field("page_id"), "0")
    loader = pages.filter(~is_held_out).loader(BATCH, collate=batch_of, seed=0)
    held_out = list(pages.filter(is_held_out).loader(BATCH, collate=batch_of, seed=None))

    # 2. Go on where a killed run was.
    reader = Reader()
    optimizer = torch.optim.AdamW(reader.parameters(), lr=1e-3, weight_decay=0.01)
    if args.checkpoint.exists():
        kept = torch.load(args.checkpoint, weights_only=True)
        reader.load_state_dict(kept["reader"])
        optimizer.load_state_dict(kept["optimizer"])
        loader.load_state_dict(kept["data"])

    # 3. Train, an epoch at a time.
    began = time.perf_counter()
    loss = math.inf
    while loss > args.mark and loader.state_dict()["epoch"] < MOST_EPOCHS:
        number = loader.state_dict()["epoch"] + 1
        for step in steps(reader, optimizer, loader):
            print(f"\repoch {number}: {step}/{len(loader)}", end="", flush=True)
        loss = held_out_loss(reader, held_out)
        print(f"\repoch {number}: reading loss {loss:.4f}, {time.perf_counter() - began:.0f} s")
        state = {"reader": reader.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save({**state, "data": loader.state_dict()}, args.checkpoint)

    # 4. Read pages that were held out.
    reader.eval()
    pictures, texts = held_out[0]
    for page, text in zip(read(reader, pictures[:5]), texts[:5].tolist(), strict=True):
        print(f"{''.join(CHARACTERS[c] for c in text if c < END)!r} was read as {page!r}")
    if loss > args.mark:
        raise SystemExit(f"the reading loss is {loss:.4f}, above the mark of {args.mark}")


def steps(reader: Reader, optimizer: torch.optim.Optimizer, batches: object) -> Iterator[int]:
    """One step a batch; gives the number of steps."""
    for step, batch in enumerate(batches, 1):
        optimizer.zero_grad()
        loss_of(reader, *batch).backward()
        nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimizer.step()
        yield step


if __name__ == "__main__":
    main()
