"""Recipes and options to print manifests of."""

from __future__ import annotations

from typing import Any

from cluster.manifests import ManifestOptions
from cluster.manifests.render import documents
from schemas.recipe import Recipe, parse_recipe

IMAGE = "registry.example.com/pagefoundry:0.1.0"
RECIPE = """\
dataset: s3://lake/datasets/manuals  # of last year
sources: [{documents: s3://lake/corpora/manuals/**/*.pdf}]
engine: {name: vllm, model: deepseek-ai/DeepSeek-OCR}
placement: {replicas: [1, 160], gpus_per_replica: 1, shard_pages: 256}
"""
LAYERS_ONLY = """\
dataset: s3://lake/datasets/layers
sources: [{documents: s3://lake/corpora/layers}]
routing: only
"""
ON_CPUS = """\
dataset: s3://lake/datasets/scans
sources: [{documents: s3://lake/corpora/scans}]
placement: {replicas: [1, 4], threads_per_replica: 2}
"""
FLEET = """\
dataset: s3://lake/datasets/scans
sources: [{documents: s3://lake/corpora/scans}]
engine:
  name: endpoint
  urls: [http://vllm.serving:8000/v1, http://other.serving/v1, https://gateway.example.com/v1]
  model: /models/ocr
  profile: deepseek-ocr
"""


def options(kind: str = "cronjob", **changes: Any) -> ManifestOptions:
    """Return the options of a nightly run on 20 nodes of 8 GPUs."""
    asked: dict[str, Any] = {
        "kind": kind,
        "image": IMAGE,
        "ray_version": "2.60.0",
        "name": "manuals",
        "nodes": 20,
    }
    if kind in ("cronjob", "raycronjob"):
        asked |= {"schedule": "0 2 * * *", "time_zone": "Europe/Berlin"}
    return ManifestOptions(**asked | changes)


def recipe(text: str = RECIPE) -> Recipe:
    return parse_recipe(text)


def rendered(asked: ManifestOptions, text: str = RECIPE) -> list[dict[str, Any]]:
    return documents(asked, recipe(text), text, "/home/me/recipe.yaml")


def only(manifest: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Return the only document of a kind."""
    (document,) = [document for document in manifest if document["kind"] == kind]
    return document
