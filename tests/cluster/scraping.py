"""Read the metrics port of a Ray node, as Prometheus does."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(node: Mapping[str, Any]) -> tuple[dict[str, str], Series]:
    """Return the types of our metrics by name, and our samples by name and our labels.

    `node` is an entry of `ray.nodes()`. A counter's name ends in `_total`, as in a query.
    """
    url = f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics"
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
    types: dict[str, str] = {}
    series: Series = {}
    for family in text_string_to_metric_families(text):
        if family.name.startswith("ray_pagefoundry_"):
            types[family.name + "_total" * (family.type == "counter")] = family.type
            for sample in family.samples:
                series[sample.name, _own_labels(sample.labels)] = sample.value
    return types, series


def _own_labels(labels: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """Drop Ray's labels, which begin with a capital, and its exporter's, which begin with otel."""
    return frozenset(
        (name, value)
        for name, value in labels.items()
        if name.islower() and not name.startswith("otel_")
    )
