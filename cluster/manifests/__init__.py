"""Manifests: the YAML that runs a recipe on Kubernetes (KubeRay), or on machines with `ray up`.

    options = ManifestOptions(kind="rayjob", image="host/it:1.0", ray_version="2.60.0", name="run")
    print(to_yaml(documents(options, recipe, recipe_text, "recipe.yaml")))

Pure functions from options and a recipe to plain values: no cluster is contacted (`cluster.rayjobs`
does that) and no file is written. Start reading in `render`, which is imported by name, because
the options alone need nothing of a recipe; `checks` refuses what cannot work.
"""

from cluster.manifests.options import KINDS, Kind, Machines, ManifestOptions, Volume

__all__ = ["KINDS", "Kind", "Machines", "ManifestOptions", "Volume"]
