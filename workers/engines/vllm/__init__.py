"""The engine `vllm`: checkpoints in vLLM, for production on GPUs.

Owns: prompts for vLLM, the proof that it applies our guard, and the watch on its processes. Does
not: know what a checkpoint is asked (`workers.engines.profiles`, `workers.engines.plan`).

    engine = load_vllm(EngineSpec(name="vllm", model=folder))    # from workers.engines.vllm.engine

Start reading in `engine`; `core` loads vLLM and watches its processes, `guard` runs inside them.
"""
