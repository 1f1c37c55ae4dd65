"""Manifests: what runs a recipe on Kubernetes with KubeRay, or on plain machines with `ray up`.

Pure functions from options and a recipe to plain values. What asks a cluster is
`cluster.rayjobs`; printing is the command line's.
"""

from cluster.manifests.options import KINDS, Kind, Machines, ManifestOptions, Volume
from cluster.manifests.render import documents, to_yaml

__all__ = ["KINDS", "Kind", "Machines", "ManifestOptions", "Volume", "documents", "to_yaml"]
