"""Manifests: the YAML that runs a recipe on Kubernetes (KubeRay), or on machines with `ray up`.

    options = ManifestOptions(kind="rayjob", image="host/it:1.0", ray_version="2.60.0", name="run")
    print(to_yaml(documents(options, recipe, recipe_text, "recipe.yaml")))

Pure functions from options and a recipe to plain values: no cluster is contacted (`cluster.rayjobs`
does that) and no file is written. Start reading in `render`; `checks` refuses what cannot work.
"""

from cluster.manifests.options import KINDS, Kind, Machines, ManifestOptions, Volume
from cluster.manifests.render import documents, to_yaml

__all__ = ["KINDS", "Kind", "Machines", "ManifestOptions", "Volume", "documents", "to_yaml"]
