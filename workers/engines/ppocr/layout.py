"""The layout model of `workers.layout.regions` in torch, for many pages at once on a device.

Owns: the network's shape and loading its weights from the ONNX file in the `pymupdf` wheel. Does
not: prepare the pages, or make regions of the classes; `workers.layout.regions` does both.

On a CPU core the network takes 160 ms a page, more than all else that a page costs the host. Its
5 billion multiplications are nothing to a GPU: at 100 pages/s they are 1 Tflop/s of about 60.
It computes in float32 everywhere, so that its classes are those of ONNX Runtime.
"""

from __future__ import annotations

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from schemas.errors import NoEngineError
from workers.layout.regions import CLASSES, GRID, MODEL
from workers.layout.wheel_models import wheel_file

_WIDTH = 32
"""Channels of every level."""
_LEVELS = 6
"""Each halves the grid, rounding down: 300, 150, 75, 37, 18, 9 and, for the bottleneck, 4."""
_NORM_EPS = 1e-5
_NORMS = ("weight", "bias", "running_mean", "running_var")


class LayoutNet(nn.Module):
    """A U-net from grey pages to the likeliest class of each cell and its probability."""

    def __init__(self) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(_pair(1 if i == 0 else _WIDTH) for i in range(_LEVELS))
        self.bottleneck = _pair(_WIDTH)
        self.bottleneck_norm = nn.BatchNorm2d(_WIDTH, eps=_NORM_EPS)
        # The finest encoder's map has no decoder: the last map is enlarged and refined instead.
        self.decoders = nn.ModuleList(_pair(2 * _WIDTH) for _ in range(_LEVELS - 1))
        self.last_norm = nn.BatchNorm2d(_WIDTH, eps=_NORM_EPS)
        self.refine = _pair(_WIDTH)
        self.head = nn.Sequential(
            nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1), nn.ReLU(), nn.Conv2d(_WIDTH, len(CLASSES), 1)
        )

    def forward(self, pages: Tensor) -> tuple[Tensor, Tensor]:
        """`pages`: uint8 (pages, 300, 300), grey.

        Returns the classes, uint8, and their probabilities, float32, both (pages, 300, 300).
        """
        probabilities, classes = self.logits(pages).softmax(dim=1).max(dim=1)
        return classes.to(torch.uint8), probabilities

    def logits(self, pages: Tensor) -> Tensor:
        """float32 (pages, classes, 300, 300)."""
        # (pages, 1, 300, 300): from 0, a page's darkest, to 1, as `scaled` does on the host
        grey = pages[:, None].float()
        darkest = grey.amin(dim=(2, 3), keepdim=True)
        span = (grey.amax(dim=(2, 3), keepdim=True) - darkest).clamp(min=1)
        features = (grey - darkest) / span
        skipped = []
        for encoder in self.encoders:
            features = encoder(features)
            skipped.append(features)
            features = functional.avg_pool2d(features, 2)
        features = self.bottleneck_norm(self.bottleneck(features))
        for decoder, finer in zip(self.decoders, reversed(skipped), strict=False):
            # (pages, 64, height, width): the coarser map, enlarged, beside the encoder's
            features = decoder(torch.cat([_enlarged(features, finer.shape[2]), finer], dim=1))
        features = self.refine(self.last_norm(_enlarged(features, GRID)))
        scores: Tensor = self.head(features)
        return scores


def load_layout_net(file: onnx.ModelProto | None = None) -> LayoutNet:
    """The net for inference, fp32 on the CPU; `file`: default, the wheel's.

    Raises NoEngineError where the file is missing, broken, or holds another model.
    """
    path = wheel_file(MODEL)
    net = LayoutNet()
    try:
        graph = (file or onnx.load(str(path))).graph
    except Exception as exc:  # protobuf's error and the file system's share no narrower base
        raise NoEngineError(f"{path}: {exc}; install pymupdf>=2.0, which ships it") from exc
    try:
        _fill(net, graph)
    except (ValueError, LookupError, RuntimeError, StopIteration) as exc:
        detail = " ".join(str(exc).split())
        raise NoEngineError(f"not the layout model of pymupdf 2.0: {detail}") from exc
    net.requires_grad_(False).train(False)
    return net


def _pair(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, _WIDTH, 3, padding=1),
        nn.PReLU(),
        nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1),
        nn.PReLU(),
    )


def _enlarged(features: Tensor, side: int) -> Tensor:
    return functional.interpolate(features, (side, side), mode="bilinear", align_corners=False)


def _fill(net: LayoutNet, graph: onnx.GraphProto) -> None:
    """Load the weights: the graph's layers up to `logits` stand in the order of the net's.

    What follows in the graph are heads for boxes, which `workers.layout.regions` does not use.
    """
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    last = next(i for i, node in enumerate(graph.node) if "logits" in node.output)
    found = [
        [constants[name] for name in node.input if name in constants]
        for node in graph.node[: last + 1]
        if node.op_type in ("Conv", "PRelu", "BatchNormalization")
    ]
    kinds = (nn.Conv2d, nn.PReLU, nn.BatchNorm2d)
    layers = [(name, m) for name, m in net.named_modules() if isinstance(m, kinds)]
    state: dict[str, Tensor] = {}
    for (name, layer), arrays in zip(layers, found, strict=True):
        shapes = {key: tensor.shape for key, tensor in layer.state_dict().items()}
        for key, array in zip(_NORMS, arrays, strict=False):
            state[f"{name}.{key}"] = torch.from_numpy(array.copy()).reshape(shapes[key])
        if "num_batches_tracked" in shapes:
            state[f"{name}.num_batches_tracked"] = torch.tensor(0)
    net.load_state_dict(state, strict=True)
