"""Profiles: what is known of each checkpoint that `transformers` and `vllm` can drive.

Prompts of tasks, modes with their vision tokens, the parser of its output, its guard against loops
and its stop rules. Start reading in `profile`; `known` lists all of them.
"""
