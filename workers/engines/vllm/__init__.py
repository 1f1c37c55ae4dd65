"""Checkpoints in vLLM: the production engine on a GPU.

Start reading in `engine`; `core` loads vLLM and watches its processes, `guard` is the n-gram guard
as vLLM takes it.
"""
