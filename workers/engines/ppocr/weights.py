"""PP-OCRv6 small in torch: the `rapidocr` wheel's ONNX weights in transformers' own classes.

Owns: reading the ONNX files, and the mapping of their layers to the modules of
`PPOCRV6SmallDetForObjectDetection` and `PPOCRV6SmallRecForTextRecognition`. Does not: run them.

The graphs were exported for inference: batch normalisation is folded into the convolutions,
parallel branches are merged, and names of parameters mean nothing. But nodes stand in the order of
computation. So the n-th convolution of the file is the n-th that the module computes, and likewise
for linear layers and layer norms. The configurations below give the shapes of the graphs; a file
of other shapes is refused, and the tests compare the outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from transformers import (
    PPOCRV6SmallDetConfig,
    PPOCRV6SmallDetForObjectDetection,
    PPOCRV6SmallRecConfig,
    PPOCRV6SmallRecForTextRecognition,
)

from schemas.errors import NoEngineError
from workers.engines.text_lines import DETECTOR, RECOGNISER, model_file

Array = NDArray[np.float32]
Convolution = nn.Conv2d | nn.ConvTranspose2d
Block = list[int | bool | list[int]]
"""Kernel size, input channels, output channels, stride, whether it has squeeze and excitation."""
_Model = TypeVar("_Model", bound=nn.Module)

_RECOGNISER_CLASSES = 18710
_BLOCK_NORM_EPS = 1e-5
"""Of the attention blocks. The configuration has only one epsilon, 1e-6, that of the last norm."""


class _Layer(NamedTuple):
    """One layer of a graph. `norm`: scale, shift, mean and variance, if the norm is not folded."""

    weight: Array
    bias: Array | None = None
    norm: tuple[Array, Array, Array, Array] | None = None


class _Layers(NamedTuple):
    """The layers of a graph by kind, each kind in the order of computation."""

    convolutions: list[_Layer]
    linears: list[_Layer]
    layer_norms: list[_Layer]


def read_model(name: str) -> onnx.ModelProto:
    """The wheel's model `name`. Raises NoEngineError."""
    file = model_file(name)
    try:
        return onnx.load_model_from_string(file.read_bytes())
    except Exception as exc:  # protobuf's error and the file system's share no narrower base
        raise NoEngineError(f"{file}: {exc}; reinstall rapidocr>=3.10, which ships it") from exc


def load_detector(file: onnx.ModelProto | None = None) -> PPOCRV6SmallDetForObjectDetection:
    """The detector for inference, fp32 on the CPU; `file`: default, the wheel's.

    Raises NoEngineError where the file is missing, broken, or holds another model.
    """
    file = file or read_model(DETECTOR)
    model = PPOCRV6SmallDetForObjectDetection(detector_config())
    neck = model.model.neck
    # The graph's neck goes from the coarsest map to the finest, transformers' the other way.
    inserts = [conv for part in reversed(neck.insert_conv) for conv in convolutions(part)]
    smooths = [
        conv
        for part in reversed(neck.input_conv)
        for conv in (
            part.depthwise_convolution,
            part.pointwise_convolution,
            *convolutions(part.squeeze_excitation_module),
        )
    ]
    backbone, head = convolutions(model.model.backbone), convolutions(model.head)
    _fill(model, file, [*backbone, *inserts, *smooths, *head])
    model.requires_grad_(False).train(False)
    return model


def load_recogniser(
    file: onnx.ModelProto | None = None,
) -> tuple[PPOCRV6SmallRecForTextRecognition, list[str]]:
    """The recogniser, loaded as `load_detector` loads the detector, and its characters.

    The characters are those of the classes between 0, CTC's blank, and the last, the space.
    """
    model = PPOCRV6SmallRecForTextRecognition(recogniser_config())
    for block in model.head.encoder.svtr_block:
        for norm in (m for m in block.modules() if isinstance(m, nn.LayerNorm)):
            norm.eps = _BLOCK_NORM_EPS
    file = file or read_model(RECOGNISER)
    _fill(model, file, convolutions(model))
    [characters] = [entry.value for entry in file.metadata_props if entry.key == "character"]
    model.requires_grad_(False).train(False)
    return model, characters.splitlines()


def fold_norms(model: _Model) -> _Model:
    """Fold every batch norm into its convolution, in place: fewer kernels, the same outputs."""
    for parent, convolution, norm in list(_norms(model)):
        is_transposed = isinstance(convolution, nn.ConvTranspose2d)
        fused = fuse_conv_bn_eval(convolution, norm, transpose=is_transposed)
        for name, child in list(parent.named_children()):
            if child is convolution:
                setattr(parent, name, fused)
            elif child is norm:
                setattr(parent, name, nn.Identity())
    return model


def convolutions(module: nn.Module) -> list[Convolution]:
    """All, in order of definition: the order of computation, except in the detector's neck."""
    return [m for m in module.modules() if isinstance(m, Convolution)]


def detector_config() -> PPOCRV6SmallDetConfig:
    """The detector's sizes."""
    stages = [
        [_block(48, 48, attends=True), _block(48, 48)],
        [_block(48, 96, stride=2), *_pairs(96, 1)],
        [_block(96, 192, stride=2), *_pairs(192, 2)],
        [_block(192, 384, stride=2), *_pairs(384, 1)],
    ]
    return PPOCRV6SmallDetConfig(
        backbone_config=_backbone([3, 24, 48], stages),
        layer_list_out_channels=[48, 96, 192, 384],
    )


def recogniser_config() -> PPOCRV6SmallRecConfig:
    """The recogniser's sizes. Strides (2, 1) halve the height and keep the width."""
    stages = [
        [_block(96, 96, attends=True)],
        [_block(96, 96), _block(96, 96)],
        [_block(96, 192, stride=[2, 1]), *_pairs(192, 3)],
        [_block(192, 384, stride=[2, 1]), *_pairs(384, 1)],
    ]
    return PPOCRV6SmallRecConfig(
        backbone_config=_backbone([3, 48, 96], stages), head_out_channels=_RECOGNISER_CLASSES
    )


def _backbone(stem_channels: list[int], stages: list[list[Block]]) -> dict[str, object]:
    return {
        "model_type": "pp_lcnet_v4",
        "stem_channels": stem_channels,
        "block_configs": stages,
        "out_features": ["stage1", "stage2", "stage3", "stage4"],
    }


def _block(inputs: int, outputs: int, stride: int | list[int] = 1, attends: bool = False) -> Block:
    return [3, inputs, outputs, stride, attends]


def _pairs(channels: int, count: int) -> list[Block]:
    """`count` pairs of blocks: one with squeeze and excitation, one without."""
    return [_block(channels, channels, attends=i % 2 == 0) for i in range(2 * count)]


def _norms(model: nn.Module) -> Iterator[tuple[nn.Module, Convolution, nn.BatchNorm2d]]:
    """Each batch norm with the module that holds it and the convolution before it."""
    for parent in model.modules():
        children = list(parent.children())
        for norm in children:
            if isinstance(norm, nn.BatchNorm2d):
                [convolution] = [c for c in children if isinstance(c, Convolution)]
                yield parent, convolution, norm


def _fill(model: nn.Module, file: onnx.ModelProto, order: Sequence[Convolution]) -> None:
    """Load the weights of `file` into `model`; each weight must have its place and the reverse.

    `order`: the model's convolutions in the graph's order of computation.
    """
    try:
        state = dict(_state(model, _layers(file.graph), order))
        model.load_state_dict(state, strict=True)
    except (ValueError, LookupError, RuntimeError) as exc:
        # Another number of layers, a layer without its bias, or other shapes.
        detail = " ".join(str(exc).split())
        raise NoEngineError(f"not the PP-OCRv6 small of rapidocr 3.10: {detail}") from exc


def _state(
    model: nn.Module, layers: _Layers, order: Sequence[Convolution]
) -> Iterator[tuple[str, Tensor]]:
    """The state dict of `model`, entry by entry."""
    names = {module: name for name, module in model.named_modules()}
    norms = {convolution: norm for _, convolution, norm in _norms(model)}
    linears = [m for m in model.modules() if isinstance(m, nn.Linear)]
    layer_norms = [m for m in model.modules() if isinstance(m, nn.LayerNorm)]
    for convolution, layer in zip(order, layers.convolutions, strict=True):
        norm = norms.get(convolution)
        keeps_bias = norm is None or convolution.bias is not None
        own = _Layer(layer.weight, layer.bias if keeps_bias else None)
        yield from _named(names[convolution], own._asdict())
        if norm is not None:
            yield from _named(names[norm], _norm_tensors(layer, keeps_bias, norm.eps))
    for module, layer in zip(
        (*linears, *layer_norms), (*layers.linears, *layers.layer_norms), strict=True
    ):
        yield from _named(names[module], layer._asdict())


def _named(prefix: str, tensors: Mapping[str, Array | None]) -> Iterator[tuple[str, Tensor]]:
    for key, value in tensors.items():
        if value is not None:
            yield f"{prefix}.{key}", torch.from_numpy(value.copy())


def _norm_tensors(layer: _Layer, is_neutral: bool, eps: float) -> dict[str, Array]:
    """The layer's own norm; where it is folded, a norm that only adds the bias, or adds nothing."""
    keys = ("weight", "bias", "running_mean", "running_var")
    if layer.norm is not None:
        return dict(zip(keys, layer.norm, strict=True))
    if layer.bias is None:
        raise ValueError("a convolution has neither a norm nor the bias of a folded one")
    one, zero = np.ones_like(layer.bias), np.zeros_like(layer.bias)
    return dict(zip(keys, (one, zero if is_neutral else layer.bias, zero, one - eps), strict=True))


def _layers(graph: onnx.GraphProto) -> _Layers:
    """The parameters of `graph`; the node after a layer has its bias or its norm."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    following = _consumers(graph.node)
    layers = _Layers([], [], [])
    for node in graph.node:
        weights = [constants[name] for name in node.input if name in constants]
        if not weights:
            continue
        after = following.get(node.output[0])
        extra = [constants[name] for name in after.input if name in constants] if after else []
        if node.op_type in ("Conv", "ConvTranspose"):
            if after is not None and after.op_type == "BatchNormalization":
                scale, shift, mean, variance = extra
                layers.convolutions.append(_Layer(weights[0], norm=(scale, shift, mean, variance)))
            else:
                is_biased = after is not None and after.op_type == "Add"
                bias = extra[0].ravel() if is_biased else None
                layers.convolutions.append(_Layer(weights[0], bias))
        elif node.op_type == "MatMul":
            layers.linears.append(_Layer(weights[0].T, extra[0]))
        elif node.op_type == "Mul" and weights[0].ndim == 1 and weights[0].size > 1:
            layers.layer_norms.append(_Layer(weights[0], extra[0]))
    return layers


def _consumers(nodes: Iterable[onnx.NodeProto]) -> dict[str, onnx.NodeProto]:
    """The first node that takes each value; a renamed value counts under its first name."""
    following: dict[str, onnx.NodeProto] = {}
    renamed: dict[str, str] = {}
    for node in nodes:
        if node.op_type == "Identity":
            renamed[node.output[0]] = renamed.get(node.input[0], node.input[0])
            continue
        for name in node.input:
            following.setdefault(renamed.get(name, name), node)
    return following
