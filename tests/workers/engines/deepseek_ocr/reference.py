"""DeepSeek-OCR's first version in plain torch: the network of arXiv 2510.18234, one page at a time.

It works on the weights as they are named in the release, and records what each part puts out. It
is written for reading: no batches, no cache, loops where the network has groups.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Weights = Mapping[str, Tensor]
Record = dict[str, Tensor]

_WINDOW = 14
_SAM_EPSILON, _CLIP_EPSILON, _TEXT_EPSILON = 1e-6, 1e-5, 1e-6
_ROPE_BASE = 10_000.0


def under(weights: Weights, prefix: str) -> Weights:
    """The weights whose names begin with `prefix` and a point, without it."""
    start = f"{prefix}."
    return {name[len(start) :]: w for name, w in weights.items() if name.startswith(start)}


def linear(weights: Weights, name: str, x: Tensor) -> Tensor:
    return functional.linear(x, weights[f"{name}.weight"], weights.get(f"{name}.bias"))


def layer_norm(weights: Weights, name: str, x: Tensor, epsilon: float) -> Tensor:
    mean = x.mean(-1, keepdim=True)
    variance = (x - mean).square().mean(-1, keepdim=True)
    normal = (x - mean) / (variance + epsilon).sqrt()
    return normal * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | float = 0.0) -> Tensor:
    """Attention over (..., tokens, features)."""
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + bias
    return scores.softmax(-1) @ v


# --- the encoder: SAM, the compressor, CLIP ---


def sam(weights: Weights, config: Mapping[str, Any], pixels: Tensor, record: Record) -> Tensor:
    """Pixels (3, side, side) become features (channels, queries, queries)."""
    patches = functional.conv2d(
        pixels[None],
        weights["patch_embed.proj.weight"],
        weights["patch_embed.proj.bias"],
        stride=16,
    )[0].permute(1, 2, 0)
    # x: (side, side, width)
    x = record["sam.patches"] = patches
    positions = weights["pos_embed"][0].permute(2, 0, 1)[None]
    if positions.shape[-1] != x.shape[0]:
        positions = functional.interpolate(
            positions, size=x.shape[:2], mode="bicubic", antialias=True, align_corners=False
        )
    x = x + positions[0].permute(1, 2, 0)
    for layer in range(config["layers"]):
        block = under(weights, f"blocks.{layer}")
        is_global = layer in config["global_attn_indexes"]
        normal = layer_norm(block, "norm1", x, _SAM_EPSILON)
        seen = (
            sam_attention(block, normal, config["heads"])
            if is_global
            else windows(block, normal, config["heads"])
        )
        x = x + seen
        inner = functional.gelu(
            linear(block, "mlp.lin1", layer_norm(block, "norm2", x, _SAM_EPSILON))
        )
        x = record[f"sam.{layer}"] = x + linear(block, "mlp.lin2", inner)
    x = functional.conv2d(x.permute(2, 0, 1)[None], weights["neck.0.weight"])
    x = channel_norm(weights, "neck.1", x)
    x = functional.conv2d(x, weights["neck.2.weight"], padding=1)
    x = record["sam.neck"] = channel_norm(weights, "neck.3", x)
    for name in ("net_2", "net_3"):
        x = functional.conv2d(x, weights[f"{name}.weight"], stride=2, padding=1)
    record["sam.compressed"] = x
    return x[0]


def channel_norm(weights: Weights, name: str, x: Tensor) -> Tensor:
    return layer_norm(weights, name, x.permute(0, 2, 3, 1), _SAM_EPSILON).permute(0, 3, 1, 2)


def windows(block: Weights, x: Tensor, heads: int) -> Tensor:
    """Attention within windows of 14 x 14; the last ones are filled up with zeros."""
    height, width, _ = x.shape
    rows, columns = math.ceil(height / _WINDOW), math.ceil(width / _WINDOW)
    padded = functional.pad(x, (0, 0, 0, columns * _WINDOW - width, 0, rows * _WINDOW - height))
    out = torch.zeros_like(padded)
    for top in range(0, rows * _WINDOW, _WINDOW):
        for left in range(0, columns * _WINDOW, _WINDOW):
            place = (slice(top, top + _WINDOW), slice(left, left + _WINDOW))
            out[place] = sam_attention(block, padded[place], heads)
    return out[:height, :width]


def sam_attention(block: Weights, x: Tensor, heads: int) -> Tensor:
    """Attention over all of x (height, width, features), with decomposed relative positions."""
    height, width, _ = x.shape
    # q, k, v: (heads, height * width, features of a head)
    q, k, v = (
        linear(block, "attn.qkv", x).view(height * width, 3, heads, -1).permute(1, 2, 0, 3).unbind()
    )
    rows = distances(block["attn.rel_pos_h"], height)
    columns = distances(block["attn.rel_pos_w"], width)
    grid = q.view(heads, height, width, -1)
    bias = (grid[:, :, :, None] * rows[:, None]).sum(-1)[..., :, None] + (
        grid[:, :, :, None] * columns[None]
    ).sum(-1)[..., None, :]
    seen = attend(q, k, v, bias.reshape(heads, height * width, height * width))
    return linear(block, "attn.proj", seen.transpose(0, 1).reshape(height, width, -1))


def distances(table: Tensor, side: int) -> Tensor:
    """The vector for each pair of places of a side: (side, side, features)."""
    if len(table) != 2 * side - 1:
        table = functional.interpolate(table.T[None], size=2 * side - 1, mode="linear")[0].T
    places = torch.arange(side)
    return table[places[:, None] - places[None, :] + side - 1]


def clip(weights: Weights, config: Mapping[str, Any], features: Tensor, record: Record) -> Tensor:
    """SAM's features (channels, queries, queries) become (queries * queries, width)."""
    queries = features.shape[-1]
    x = torch.cat([weights["embeddings.class_embedding"][None], features.flatten(1).T])
    table = weights["embeddings.position_embedding.weight"]
    first, positions = table[:1], table[1:]
    side = math.isqrt(len(positions))
    if side != queries:
        positions = positions.T.view(1, -1, side, side)
        positions = functional.interpolate(
            positions, size=(queries, queries), mode="bicubic", antialias=True, align_corners=False
        )
        positions = positions[0].flatten(1).T
    x = layer_norm(weights, "pre_layrnorm", x + torch.cat([first, positions]), _CLIP_EPSILON)
    record["clip.in"] = x
    for layer in range(config["layers"]):
        block = under(weights, f"transformer.layers.{layer}")
        packed = linear(block, "self_attn.qkv_proj", layer_norm(block, "layer_norm1", x, 1e-5))
        q, k, v = packed.view(len(x), 3, config["heads"], -1).permute(1, 2, 0, 3).unbind()
        seen = attend(q, k, v).transpose(0, 1).reshape(x.shape)
        x = x + linear(block, "self_attn.out_proj", seen)
        inner = linear(block, "mlp.fc1", layer_norm(block, "layer_norm2", x, _CLIP_EPSILON))
        inner = inner * torch.sigmoid(1.702 * inner)
        x = record[f"clip.{layer}"] = x + linear(block, "mlp.fc2", inner)
    return x[1:]


def encode(weights: Weights, config: Mapping[str, Any], pixels: Tensor, record: Record) -> Tensor:
    """A view or a tile (3, side, side) becomes the decoder's inputs (queries, queries, hidden)."""
    widths = config["vision_config"]["width"]
    compressed = sam(under(weights, "model.sam_model"), widths["sam_vit_b"], pixels, record)
    seen = clip(under(weights, "model.vision_model"), widths["clip-l-14-224"], compressed, record)
    both = torch.cat([seen, compressed.flatten(1).T], dim=-1)
    projected = record["projected"] = linear(weights, "model.projector.layers", both)
    queries = compressed.shape[-1]
    return projected.view(queries, queries, -1)


def with_newlines(weights: Weights, grid: Tensor) -> Tensor:
    """The rows of a grid (rows, columns, hidden), each ended by the newline, one after another."""
    newline = weights["model.image_newline"]
    return torch.cat([torch.cat([row, newline[None]]) for row in grid])


def image_inputs(
    weights: Weights,
    config: Mapping[str, Any],
    view: Tensor,
    tiles: Tensor | None,
    columns: int,
    record: Record,
) -> Tensor:
    """What stands in the prompt for a page: its tiles as one picture, its view, the separator."""
    local: Record = {}
    parts = []
    if tiles is not None:
        encoded = [encode(weights, config, tile, local) for tile in tiles]
        rows = [
            torch.cat(encoded[start : start + columns], dim=1)
            for start in range(0, len(encoded), columns)
        ]
        parts.append(with_newlines(weights, torch.cat(rows)))
    parts.append(with_newlines(weights, encode(weights, config, view, record)))
    parts.append(weights["model.view_seperator"][None])
    return torch.cat(parts)


# --- the decoder: DeepSeek-V2 with plain attention ---


def rms_norm(weights: Weights, name: str, x: Tensor) -> Tensor:
    scale = (x.square().mean(-1, keepdim=True) + _TEXT_EPSILON).rsqrt()
    return x * scale * weights[f"{name}.weight"]


def rotate(x: Tensor) -> Tensor:
    """Rotary positions for (heads, tokens, features): features i and i + half turn together."""
    half = x.shape[-1] // 2
    frequencies = _ROPE_BASE ** (-torch.arange(half) / half)
    angles = torch.arange(x.shape[1])[:, None] * frequencies
    first, second = x[..., :half], x[..., half:]
    return torch.cat(
        [
            first * angles.cos() - second * angles.sin(),
            second * angles.cos() + first * angles.sin(),
        ],
        dim=-1,
    )


def gated(weights: Weights, name: str, x: Tensor) -> Tensor:
    gate = functional.silu(linear(weights, f"{name}.gate_proj", x))
    return linear(weights, f"{name}.down_proj", gate * linear(weights, f"{name}.up_proj", x))


def experts(weights: Weights, config: Mapping[str, Any], x: Tensor) -> Tensor:
    """Each token's best experts, weighted by softmax over all of them, and the shared ones."""
    out = torch.zeros_like(x)
    shares = linear(weights, "mlp.gate", x).softmax(-1)
    for token, row in enumerate(shares):
        for expert in row.argsort(descending=True)[: config["num_experts_per_tok"]].tolist():
            out[token] += row[expert] * gated(weights, f"mlp.experts.{expert}", x[token])
    return out + gated(weights, "mlp.shared_experts", x)


def decode(weights: Weights, config: Mapping[str, Any], x: Tensor, record: Record) -> Tensor:
    """The scores (tokens, vocabulary) after inputs x (tokens, hidden); attention is causal."""
    heads = config["num_attention_heads"]
    causal = torch.full((len(x), len(x)), -torch.inf).triu(1)
    for layer in range(config["num_hidden_layers"]):
        block = under(weights, f"model.layers.{layer}")
        normal = rms_norm(block, "input_layernorm", x)
        q, k, v = (
            linear(block, f"self_attn.{each}_proj", normal).view(len(x), heads, -1).transpose(0, 1)
            for each in "qkv"
        )
        seen = attend(rotate(q), rotate(k), v, causal).transpose(0, 1).reshape(x.shape)
        x = x + linear(block, "self_attn.o_proj", seen)
        normal = rms_norm(block, "post_attention_layernorm", x)
        is_dense = layer < config["first_k_dense_replace"]
        x = x + (gated(block, "mlp", normal) if is_dense else experts(block, config, normal))
        record[f"decoder.{layer}"] = x
    x = record["decoder.norm"] = rms_norm(weights, "model.norm", x)
    return x @ weights["lm_head.weight"].T


def forward(
    weights: Weights,
    config: Mapping[str, Any],
    tokens: Tensor,
    image: Tensor,
    image_token_id: int,
    record: Record,
) -> Tensor:
    """The scores (tokens, vocabulary) of a prompt, with `image` at its placeholders."""
    x = weights["model.embed_tokens.weight"][tokens].clone()
    x[tokens == image_token_id] = image
    record["decoder.in"] = x
    scores = record["scores"] = decode(weights, config["language_config"], x, record)
    return scores
