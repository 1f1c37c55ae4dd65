"""What KubeRay's objects and their pods must hold, as JSON Schemas of our own."""

from __future__ import annotations

QUANTITY = {"type": "string", "pattern": r"^\d+(m|Gi)?$"}
CONTAINER = {
    "type": "object",
    "required": ["name", "image", "resources", "securityContext", "volumeMounts", "env"],
    "properties": {
        "image": {"const": "registry.example.com/pagefoundry:0.1.0"},
        "resources": {
            "required": ["requests", "limits"],
            "additionalProperties": {
                "required": ["cpu", "memory"],
                "additionalProperties": QUANTITY,
            },
        },
        "securityContext": {
            "const": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "capabilities": {"drop": ["ALL"]},
            }
        },
    },
}
POD = {
    "type": "object",
    "required": ["metadata", "spec"],
    "properties": {
        "metadata": {
            "properties": {
                "labels": {
                    "required": ["app.kubernetes.io/instance", "app.kubernetes.io/component"]
                }
            }
        },
        "spec": {
            "required": [
                *("serviceAccountName", "automountServiceAccountToken", "securityContext"),
                *("restartPolicy", "containers", "volumes"),
            ],
            "properties": {
                "restartPolicy": {"const": "Never"},
                "securityContext": {
                    "required": ["seccompProfile", "runAsUser", "fsGroup"],
                    "properties": {
                        "runAsNonRoot": {"const": True},
                        "runAsUser": {"minimum": 1},
                        "seccompProfile": {"const": {"type": "RuntimeDefault"}},
                    },
                },
                "containers": {"items": CONTAINER, "minItems": 1},
            },
        },
    },
}
GROUP = {
    "type": "object",
    "required": ["rayStartParams", "template"],
    "properties": {
        "rayStartParams": {
            "required": ["num-cpus", "num-gpus", "object-store-memory", "metrics-export-port"],
            "additionalProperties": {"type": "string"},
        },
        "template": POD,
    },
}
CLUSTER = {
    "type": "object",
    "additionalProperties": False,
    "required": ["rayVersion", "authOptions", "headGroupSpec", "workerGroupSpecs"],
    "properties": {
        "rayVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "authOptions": {"const": {"mode": "token"}},
        "enableInTreeAutoscaling": {"const": True},
        "autoscalerOptions": {
            "properties": {"securityContext": CONTAINER["properties"]["securityContext"]},
            "required": ["securityContext", "resources", "version"],
        },
        "headGroupSpec": GROUP,
        "workerGroupSpecs": {
            "minItems": 1,
            "items": {
                **GROUP,
                "required": ["groupName", "replicas", "minReplicas", "maxReplicas", "template"],
            },
        },
    },
}
JOB = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "entrypoint",
        "metadata",
        "shutdownAfterJobFinishes",
        "backoffLimit",
        "rayClusterSpec",
    ],
    "properties": {
        "entrypoint": {"const": "pagefoundry run /pagefoundry/recipe.yaml --ray auto"},
        "metadata": {
            "additionalProperties": False,
            "required": ["pagefoundry_dataset"],
            "properties": {"pagefoundry_dataset": {"type": "string", "pattern": "^s3://|^/"}},
        },
        "submissionMode": {"const": "K8sJobMode"},
        "submitterConfig": {"required": ["backoffLimit"]},
        "submitterPodTemplate": POD,
        "shutdownAfterJobFinishes": {"const": True},
        "ttlSecondsAfterFinished": {"type": "integer", "minimum": 0},
        "backoffLimit": {"type": "integer", "minimum": 0},
        "activeDeadlineSeconds": {"type": "integer", "minimum": 1},
        "rayClusterSpec": CLUSTER,
    },
}
CRON = {
    "type": "object",
    "additionalProperties": False,
    "required": ["schedule", "timeZone", "jobTemplate"],
    "properties": {
        "schedule": {"const": "0 2 * * *"},
        "timeZone": {"const": "Europe/Berlin"},
        "jobTemplate": JOB,
    },
}
SPECS = {"RayCluster": CLUSTER, "RayJob": JOB, "RayCronJob": CRON}
