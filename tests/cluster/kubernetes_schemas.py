"""The schemas that a cluster would hold a manifest to: KubeRay's CRDs, and Kubernetes' own.

A cluster drops fields that a CRD does not know without a word; here they are errors.
"""

from __future__ import annotations

import copy
import functools
import os
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

Value = dict[str, Any]

CRDS_VARIABLE = "PAGEFOUNDRY_KUBERAY_CRDS"
_REPOSITORY = Path(__file__).resolve().parents[2]
KUBERNETES_VERSION = "1.33"  # the oldest that kubernetes-validate knows
_FILES = {kind: f"ray.io_{kind.lower()}s.yaml" for kind in ("RayCluster", "RayJob", "RayCronJob")}


def crd_folder() -> Path:
    """Where KubeRay's CRDs are; skips where they are not."""
    given = os.environ.get(CRDS_VARIABLE)
    folder = Path(given) if given else _REPOSITORY.parent / "shared/kuberay"
    if not (folder / _FILES["RayJob"]).is_file():
        pytest.skip(
            f"no KubeRay CRDs in {folder}: set {CRDS_VARIABLE} to KubeRay's config/crd/bases"
        )
    return folder


@functools.cache
def crd_schema(kind: str) -> Value:
    """The CRD's schema of version v1, as it is in the file."""
    text = (crd_folder() / _FILES[kind]).read_text()
    crd = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    (version,) = [v for v in crd["spec"]["versions"] if v["name"] == "v1"]
    return version["schema"]["openAPIV3Schema"]


@functools.cache
def _validator(kind: str) -> jsonschema.Draft202012Validator:
    schema = strict(crd_schema(kind))
    # The API server's own schema holds for the object's metadata: see `check_ray_object`.
    schema["properties"]["metadata"] = {"type": "object"}
    return jsonschema.Draft202012Validator(schema)


def strict(schema: Value) -> Value:
    """OpenAPI as JSON Schema, in which an unknown field is an error."""
    found = copy.copy(schema)
    if found.pop("x-kubernetes-int-or-string", False):
        found.pop("type", None)
        found.pop("anyOf", None)
        found["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    if found.get("type") == "object" and not found.get("x-kubernetes-preserve-unknown-fields"):
        found.setdefault("additionalProperties", False)
    if "properties" in found:
        found["properties"] = {k: strict(v) for k, v in found["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(found.get(key), dict):
            found[key] = strict(found[key])
    return found


def check_ray_object(document: Value) -> None:
    """Raises where KubeRay's CRD, or Kubernetes for the metadata and the pods, refuses it."""
    _validator(document["kind"]).validate(document)
    check_kubernetes({"apiVersion": "v1", "kind": "ConfigMap", "metadata": document["metadata"]})
    for template in pod_templates(document):
        check_pod(template)
    assert not ruled(document, crd_schema(document["kind"])), "a field has a CEL rule: check it"


def ruled(value: Any, schema: Value, path: str = "") -> list[str]:
    """The fields of a value for which the CRD has rules in CEL, which are not evaluated here."""
    found = [path] if "x-kubernetes-validations" in schema else []
    if isinstance(value, dict):
        for key, child in value.items():
            inner = schema.get("properties", {}).get(key) or schema.get("additionalProperties")
            if isinstance(inner, dict):
                found += ruled(child, inner, f"{path}.{key}")
    if isinstance(value, list) and "items" in schema:
        found += [f for child in value for f in ruled(child, schema["items"], f"{path}[]")]
    return found


def check_pod(template: Value) -> None:
    """A pod template by Kubernetes' schema of a pod."""
    check_kubernetes({"apiVersion": "v1", "kind": "Pod", **template})


def check_kubernetes(document: Value) -> None:
    """Raises where Kubernetes' own schema refuses the document, unknown fields included."""
    kubernetes_validate.validate(document, KUBERNETES_VERSION, strict=True)


def pod_templates(value: Any) -> list[Value]:
    """All pod templates within a document."""
    if isinstance(value, list):
        return [found for child in value for found in pod_templates(child)]
    if not isinstance(value, dict):
        return []
    if "containers" in value.get("spec", {}):
        return [value]
    return [found for child in value.values() for found in pod_templates(child)]
