"""Profiles: what is known of each family of checkpoints that `transformers` and `vllm` can run.

A profile owns the prompts of the tasks, the modes with their vision tokens, the output parser, the
guards against loops and the stop rules. Nothing here loads a model.

    PROFILES["granite-docling"].prompts["markdown"]    # from workers.engines.profiles.known

Start reading in `profile`, which says what a profile has; `known` lists all of them.
"""
