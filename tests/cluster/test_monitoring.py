"""The dashboard, the alerts and their page use exactly the metrics that exist.

tests/pipelines/test_pass_metrics.py shows that Prometheus sees these metrics.
"""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml

from cluster.metrics import METRICS

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs/monitoring.md").read_text()
FOLDER = files("cluster") / "monitoring"
DASHBOARD = json.loads((FOLDER / "grafana.json").read_text())
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = {f"alert {rule['alert']}": rule["expr"] for rule in RULES} | {
    f"panel {panel['title']} {target['refId']}": target["expr"]
    for panel in PANELS
    for target in panel["targets"]
}


def exposed_labels() -> dict[str, set[str]]:
    """Return the labels of each series, by its name in queries."""
    labels_of: dict[str, set[str]] = {}
    for metric in METRICS.values():
        name, labels = f"ray_{metric.name}", {"dataset", *metric.labels}
        if metric.kind == "histogram":
            labels_of[f"{name}_bucket"] = {*labels, "le"}
            labels_of |= {f"{name}_count": labels, f"{name}_sum": labels}
        else:
            labels_of[name] = labels
    return labels_of


def nodes(expression: str) -> list[Any]:
    """Return the flattened syntax tree; Grafana's `$dataset` occurs only in strings."""
    tree: list[Any] = []
    promql.walk(promql.parse(expression), tree.append)
    return tree


def selectors(expression: str) -> list[Any]:
    return [node for node in nodes(expression) if isinstance(node, promql.VectorSelector)]


def groupings(expression: str) -> list[list[str]]:
    """Return the labels by which an expression aggregates."""
    return [
        node.modifier.labels if node.modifier else []
        for node in nodes(expression)
        if isinstance(node, promql.AggregateExpr)
    ]


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_asks_for_metrics_and_labels_that_there_are(name: str) -> None:
    exposed = exposed_labels()
    asked = selectors(EXPRESSIONS[name])
    assert asked
    for selector in asked:
        assert selector.name in exposed
        matched = {matcher.name for matcher in selector.matchers.matchers}
        assert matched <= exposed[selector.name]
    known = set().union(*(exposed[selector.name] for selector in asked))
    for labels in groupings(EXPRESSIONS[name]):
        assert set(labels) <= known


def test_all_of_an_expression_is_looked_at() -> None:
    asking = 'sum by (shade) (rate(a[5m])) / on (x) max_over_time(max(b)[1h:5m]) > c{d="e"}'
    assert [selector.name for selector in selectors(asking)] == ["a", "b", "c"]
    assert groupings(asking) == [["shade"], []]


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {
        selector.name
        for panel in PANELS
        for target in panel["targets"]
        for selector in selectors(target["expr"])
    }
    for metric in METRICS.values():
        name = f"ray_{metric.name}"
        assert (f"{name}_bucket" if metric.kind == "histogram" else name) in shown


def test_panels_have_a_place_of_their_own_and_the_chosen_prometheus() -> None:
    assert DASHBOARD["schemaVersion"] >= 41
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert "label_values(ray_pagefoundry_shards_total, dataset)" in str(variables["dataset"])
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    cells = [
        (panel["gridPos"]["y"] + down, panel["gridPos"]["x"] + right)
        for panel in DASHBOARD["panels"]
        for down in range(panel["gridPos"]["h"])
        for right in range(panel["gridPos"]["w"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(right for _, right in cells) < 24
    for panel in PANELS:
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)
        assert all('dataset=~"$dataset"' in target["expr"] for target in panel["targets"])
        assert panel["fieldConfig"]["defaults"].get("unit") or panel["type"] == "table"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"[1-9][0-9]*m", rule["for"])
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert "{{ $labels.dataset }}" in rule["annotations"]["summary"]
    assert rule["annotations"]["description"].count(".") >= 1
    page, anchor = rule["annotations"]["runbook"].split("#")
    assert page == "docs/monitoring.md"
    assert anchor == rule["alert"].lower()
    assert f"### {rule['alert']}\n" in PAGE


def test_the_page_has_no_alert_that_is_gone() -> None:
    assert re.findall(r"^### (\w+)$", PAGE, re.MULTILINE) == [rule["alert"] for rule in RULES]


def test_the_table_of_the_page_lists_exactly_the_metrics() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (\w+) \| ([^|]*)\| ([^|]*)\| ([^|]+) \|$", PAGE, re.MULTILINE
    )
    listed = [
        (name, kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels, _, _ in rows
    ]
    assert listed == [
        (f"ray_{metric.name}", metric.kind, metric.labels) for metric in METRICS.values()
    ]


def test_a_name_says_its_unit_and_its_kind() -> None:
    for metric in METRICS.values():
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert bool(metric.buckets) == (metric.kind == "histogram")
        assert metric.name.endswith("_seconds") or metric.kind != "histogram"
        assert list(metric.buckets) == sorted(set(metric.buckets))


def test_the_manifest_of_the_page_is_a_pod_monitor_of_rays_pods() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    monitor = next(block for block in map(yaml.safe_load, blocks) if "kind" in block)
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["spec"]["podMetricsEndpoints"] == [{"port": "metrics", "interval": "15s"}]
