"""Plans: a profile with a recipe's choices filled in, which says how to ask a model for a page.

Shared by the engines that read with a checkpoint. Nothing here loads a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from schemas.engine_spec import EngineSpec, Task
from schemas.errors import NoEngineError
from workers.engines.checkpoint import Checkpoint
from workers.engines.grammars import parsers
from workers.engines.profiles.known import find_profile, profiles_to_name
from workers.engines.profiles.profile import STRONGER, Guard, Mode, Profile

_PLAIN = Profile(
    name="plain",
    model_types=(),
    modes=(Mode("native", tokens=None),),
    default_mode="native",
    prompts={},
    template="chat",
    parse=parsers.plain(()),
    stronger=STRONGER,
    special_tokens=False,
)
"""For a checkpoint that no profile fits: the recipe's prompt, and the output unparsed."""

_DEFAULT_TASK: Task = "markdown"
"""The task written into rows where the recipe gives a prompt and no task."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to read a page: the task and its prompt, the mode, the guard, and the token limit."""

    profile: Profile
    task: Task
    prompt: str
    mode: Mode
    guard: Guard | None
    max_new_tokens: int

    @property
    def is_layout_first(self) -> bool:
        """Whether a page is read in two passes, of which this plan's prompt is the first."""
        prompts = self.profile.prompts
        return self.profile.layout_first is not None and self.prompt == prompts["markdown"]

    def retries(self) -> list[Plan]:
        """The plans to try in turn after this one: a stronger guard, then the next larger mode."""
        stronger = replace(self, guard=self.profile.stronger)
        modes = self.profile.modes
        larger = modes[modes.index(self.mode) + 1 :][:1]
        return [stronger, *(replace(stronger, mode=mode) for mode in larger)]

    def messages(self, image: Mapping[str, object] | None = None) -> list[dict[str, object]]:
        """The chat that asks for a page; `image` is the part of a message for its picture.

        Without a picture it is all the text that a page is asked with.
        """
        has_words = bool(self.prompt) or image is None
        question = [{"type": "text", "text": self.prompt}] if has_words else []
        parts = question if image is None else [image, *question]
        user: dict[str, object] = {"role": "user", "content": parts}
        system = self.profile.system
        return [user] if system is None else [{"role": "system", "content": system}, user]

    def raw_prompt(self, image_token: str) -> str:
        """The whole prompt of a page where no chat template makes it."""
        return self.profile.raw.format(image=image_token, prompt=self.prompt)

    def figure(self) -> Plan | None:
        """The plan that reads a region cut out of a page, where the model has a prompt for it."""
        prompt = self.profile.prompts.get("figure")
        return None if prompt is None else replace(self, task="figure", prompt=prompt)


def make_plan(spec: EngineSpec, checkpoint: Checkpoint) -> Plan:
    """The plan for what `spec` asks of `checkpoint`.

    Raises:
        RecipeError: there is no profile of that name.
        NoEngineError: no profile fits and the recipe gives no prompt, or the profile lacks the
            engine, mode or task.
    """
    profile = find_profile(spec.profile, checkpoint.model_type, checkpoint.architectures)
    if profile is None:
        if spec.prompt is None:
            raise _no_profile(checkpoint)
        profile = _PLAIN
    runs_on = "vllm" if spec.name == "endpoint" else spec.name  # servers read what vLLM reads
    if runs_on not in profile.engines:
        raise NoEngineError(
            f"profile {profile.name} runs on {' or '.join(profile.engines)}, not on {spec.name}"
        )
    mode_names = [mode.name for mode in profile.modes]
    mode_name = spec.mode or profile.default_mode
    if mode_name not in mode_names:
        raise NoEngineError(
            f"profile {profile.name} has the modes {', '.join(mode_names)}, not {mode_name!r}"
        )
    task = next(iter(profile.prompts), _DEFAULT_TASK) if spec.task is None else spec.task
    if spec.prompt is None and task not in profile.prompts:
        tasks = ", ".join(profile.prompts)
        raise NoEngineError(f"profile {profile.name} has the tasks {tasks}, not {task!r}")
    prompt = profile.prompts[task] if spec.prompt is None else spec.prompt
    return Plan(
        profile=profile,
        task=task,
        prompt=prompt.replace("{target}", spec.target or ""),
        mode=profile.modes[mode_names.index(mode_name)],
        guard=profile.guard,
        max_new_tokens=spec.max_new_tokens,
    )


def _no_profile(checkpoint: Checkpoint) -> NoEngineError:
    names = " or ".join(f"`profile: {name}`" for name in profiles_to_name(checkpoint.model_type))
    if names:
        return NoEngineError(
            f"{checkpoint.location}: models of type {checkpoint.model_type!r} are of several "
            f"families, which its config.json does not tell apart; give {names} if it is that "
            "one, or else `prompt`"
        )
    return NoEngineError(
        f"{checkpoint.location}: no profile fits its model type {checkpoint.model_type!r}; give "
        "`prompt`, or the name of a `profile`"
    )
