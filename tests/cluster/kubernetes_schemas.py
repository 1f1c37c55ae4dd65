"""The schemas by which a cluster checks a manifest: KubeRay's CRDs and Kubernetes' own.

A cluster silently drops fields that a CRD does not know; here they are errors.
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
KUBERNETES_VERSION = "1.33"  # the oldest version that kubernetes-validate knows
_FILES = {kind: f"ray.io_{kind.lower()}s.yaml" for kind in ("RayCluster", "RayJob", "RayCronJob")}


def crd_folder() -> Path:
    """Return the folder of KubeRay's CRDs; skip the test if they are missing."""
    given = os.environ.get(CRDS_VARIABLE)
    folder = Path(given) if given else _REPOSITORY.parent / "shared/kuberay"
    if not (folder / _FILES["RayJob"]).is_file():
        pytest.skip(
            f"no KubeRay CRDs in {folder}: set {CRDS_VARIABLE} to KubeRay's config/crd/bases"
        )
    return folder


@functools.cache
def crd_schema(kind: str) -> Value:
    """Return the CRD's schema of version v1, as it is in the file."""
    text = (crd_folder() / _FILES[kind]).read_text()
    crd = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    (version,) = [v for v in crd["spec"]["versions"] if v["name"] == "v1"]
    return version["schema"]["openAPIV3Schema"]


@functools.cache
def _validator(kind: str) -> jsonschema.Draft202012Validator:
    schema = strict(crd_schema(kind))
    # `check_ray_object` checks the metadata by the API server's own schema.
    schema["properties"]["metadata"] = {"type": "object"}
    return jsonschema.Draft202012Validator(schema)


def strict(schema: Value) -> Value:
    """Convert OpenAPI to a JSON Schema in which an unknown field is an error."""
    result = copy.copy(schema)
    if result.pop("x-kubernetes-int-or-string", False):
        result.pop("type", None)
        result.pop("anyOf", None)
        result["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    if result.get("type") == "object" and not result.get("x-kubernetes-preserve-unknown-fields"):
        result.setdefault("additionalProperties", False)
    if "properties" in result:
        result["properties"] = {k: strict(v) for k, v in result["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(result.get(key), dict):
            result[key] = strict(result[key])
    return result


def check_ray_object(document: Value) -> None:
    """Raise if KubeRay's CRD refuses the object, or Kubernetes its metadata or pods."""
    _validator(document["kind"]).validate(document)
    check_kubernetes({"apiVersion": "v1", "kind": "ConfigMap", "metadata": document["metadata"]})
    for template in pod_templates(document):
        check_pod(template)
    assert not ruled(document, crd_schema(document["kind"])), "a field has a CEL rule: check it"


def ruled(value: Any, schema: Value, path: str = "") -> list[str]:
    """Return the fields of a value that have CEL rules in the CRD; no test evaluates CEL."""
    paths = [path] if "x-kubernetes-validations" in schema else []
    if isinstance(value, dict):
        for key, child in value.items():
            inner = schema.get("properties", {}).get(key) or schema.get("additionalProperties")
            if isinstance(inner, dict):
                paths += ruled(child, inner, f"{path}.{key}")
    if isinstance(value, list) and "items" in schema:
        paths += [f for child in value for f in ruled(child, schema["items"], f"{path}[]")]
    return paths


def check_pod(template: Value) -> None:
    """Check a pod template by Kubernetes' schema of a pod."""
    check_kubernetes({"apiVersion": "v1", "kind": "Pod", **template})


def check_kubernetes(document: Value) -> None:
    """Raise if Kubernetes' own schema refuses the document; unknown fields are errors too."""
    kubernetes_validate.validate(document, KUBERNETES_VERSION, strict=True)


def pod_templates(value: Any) -> list[Value]:
    """Return all pod templates within a document."""
    if isinstance(value, list):
        return [template for child in value for template in pod_templates(child)]
    if not isinstance(value, dict):
        return []
    if "containers" in value.get("spec", {}):
        return [value]
    return [template for child in value.values() for template in pod_templates(child)]
