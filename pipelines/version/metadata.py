"""What the commit of a version says: its settings, counts, changes, and what its pages cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster.estimate import Rates
from cluster.session import Session
from pipelines.dataset.diff import changes
from pipelines.dataset.naming import count_reasons, count_rejects
from pipelines.dataset.state import TOKENIZER_SETTING
from pipelines.steps.outcome import PassReport
from pipelines.steps.tasks import run_tasks
from pipelines.version.funnel import funnel_of
from pipelines.version.lists import counted_items
from pipelines.version.policies import policy_settings
from pipelines.version.rows import Version
from pipelines.version.scores import score_settings
from pipelines.version.settled import licenses_after
from pipelines.version.shared_lines import settings_of_lines
from schemas.changes import Counts
from schemas.ids import digest
from schemas.limits import Limits
from schemas.recipe import Recipe, Rights
from schemas.scores import PinnedScore
from schemas.semantic import PinnedEncoder
from schemas.sources import license_of, source_settings
from schemas.splits import SPLIT_TABLES, VALIDATION
from schemas.tables import TABLES
from schemas.versions import VersionRecord
from workers import store
from workers.dataset import PartFile, TableVersion

_MOST_LINES = 20
Parts = Mapping[str, Sequence[PartFile]]
Tables = Mapping[str, TableVersion]


def settings_of(
    recipe: Recipe,
    listed: Mapping[str, str] | None = None,
    tokenizer: str | None = None,
    scores: Sequence[PinnedScore] = (),
    encoder: PinnedEncoder | None = None,
) -> VersionRecord:
    """The settings that a version is made under: a run with other settings publishes again.

    `listed` is what `pipelines.version.lists.listed_files` says of the policies' lists, `tokenizer`
    the name of the recipe's own, `scores` what `pipelines.version.scores.pinned_scores` says of its
    scores, and `encoder` the one of `dedup.semantic`.
    """
    return {
        "recipe_digest": recipe.digest(),
        "reading_settings": recipe.reading_settings(),
        "publish_settings": {
            "dedup": _dedup_settings(recipe, encoder),
            "publish": _publish_settings(recipe),
            "on_missing": recipe.on_missing,
            **policy_settings(recipe, listed or {}),
            **({} if tokenizer is None else {TOKENIZER_SETTING: tokenizer}),
            **score_settings(scores),
            **_mix_settings(recipe),
            **_rights_settings(recipe),
            **_limits_settings(recipe),
            **_license_settings(recipe),
        },
    }


def _dedup_settings(recipe: Recipe, encoder: PinnedEncoder | None) -> dict[str, object]:
    """The deduplication; of what came later nothing by default, as in versions before it."""
    settings: dict[str, object] = recipe.dedup.model_dump(mode="json", exclude={"semantic"})
    if encoder is not None:
        settings["semantic"] = encoder.to_settings()
    return {key: value for key, value in settings.items() if key != "copies" or value}


def _publish_settings(recipe: Recipe) -> dict[str, object]:
    """How rows are written; nothing of a split without one, as in versions before it."""
    settings: dict[str, object] = recipe.publish.model_dump(mode="json")
    if recipe.publish.validation is None:
        del settings["validation"]
    return settings


def _mix_settings(recipe: Recipe) -> dict[str, object]:
    """The mix and the groups of its sources: a source in another group makes another dataset."""
    if recipe.mix is None:
        return {}
    sources = [source_settings(source) for source in recipe.sources]
    mix = recipe.mix.model_dump(mode="json")
    if recipe.mix.tokens is None:  # as in versions before this was there
        del mix["tokens"]
    return {"mix": mix, "sources": sources}


def _rights_settings(recipe: Recipe) -> dict[str, object]:
    """What is left out for its rights; nothing by default, as in versions before this was there."""
    is_default = recipe.rights == Rights()
    return {} if is_default else {"rights": recipe.rights.model_dump(mode="json")}


def _limits_settings(recipe: Recipe) -> dict[str, object]:
    """How much a source may have; nothing by default, as in versions before this was there."""
    is_default = recipe.limits == Limits()
    return {} if is_default else {"limits": recipe.limits.model_dump(mode="json")}


def _license_settings(recipe: Recipe) -> dict[str, object]:
    """The sources that state a licence: another licence makes other rows of the same files."""
    stating = [source for source in recipe.sources if license_of(source)]
    return {"licenses": list(map(source_settings, stating))} if stating else {}


def uncommitted(recipe: Recipe, parts: Parts, settings: VersionRecord) -> dict[str, TableVersion]:
    """The tables of a version that is not committed yet; the files of its parts are there.

    `settings` are those of `settings_of`.
    """
    return {
        name: TableVersion(
            store.join(recipe.dataset, name),
            -1,
            tuple(sorted(parts[name], key=lambda part: part.path)),
            settings,
        )
        for name in TABLES
    }


def record_of(version: Version, new: Tables, session: Session) -> VersionRecord:
    """The record of a version, which depends on its rows alone; `new` are its tables."""
    snapshot = version.inputs.snapshot
    old = snapshot.tables if snapshot else None
    paths = (part.path for name in TABLES for part in new[name].parts)
    return {
        "run_id": digest(paths)[:32],
        "counts": {name: sum(part.rows for part in new[name].parts) for name in TABLES},
        **reject_record(new["rejects"]),
        "mix": version.selection.groups,
        "funnel": funnel_of(version),
        "by_source": version.by_source,
        "shares": version.shares,
        **_found_record(version),
        **split_record(
            version.inputs.recipe.publish.validation is not None,
            {name: table.parts for name, table in new.items()},
            snapshot.metadata if snapshot else None,
        ),
        "licenses": licenses_after(old, new),
        "changes": what_changed(old, new, version.inputs.forgotten, session),
    }


def _found_record(version: Version) -> VersionRecord:
    """What policies look for that the recipe does not say: items of benchmarks, triggers, lines."""
    inputs, record = version.inputs, VersionRecord()
    if counts := counted_items(inputs.listed, inputs.scratch, inputs.snapshot):
        record["benchmarks"] = counts
    if version.triggers is not None:
        record["triggers"] = version.triggers.to_record()
    if settings_of_lines(inputs.recipe) is not None:
        most_first = sorted(version.lines, key=lambda count: (-count["documents"], count["line"]))
        record["lines"] = most_first[:_MOST_LINES]
    return record


def split_record(has_split: bool, parts: Parts, last: VersionRecord | None) -> VersionRecord:
    """Which parts have validation rows. A part that stays has those that it had in the `last`."""
    if not has_split:
        return {}
    before = {name: frozenset(paths) for name, paths in (last or {}).get("validation", {}).items()}
    return {
        "validation": {
            name: sorted(
                part.path
                for part in of_table
                if part.split == VALIDATION or part.path in before.get(name, ())
            )
            for name, of_table in parts.items()
            if name in SPLIT_TABLES
        }
    }


def what_changed(
    old: Tables | None, new: Tables, forgotten: frozenset[str], session: Session
) -> Counts:
    """What changed, in a task, because it holds the ids of all rows of changed parts."""
    return run_tasks(_what_changed, [(old, new, forgotten)], session)[0]


def _what_changed(versions: tuple[Tables | None, Tables, frozenset[str]]) -> Counts:
    return changes(*versions).summary()


def reject_record(rejects: TableVersion) -> VersionRecord:
    """What a version says of its rejects: how many, by reason and by level."""
    counts = count_rejects(rejects)
    return {"rejects": count_reasons(counts), "rejects_by_level": counts}


def rates_after(
    version: Version, passes: PassReport, publish_s: float, new: Tables
) -> Mapping[str, object] | None:
    """What a page costs, joined with what earlier versions say; None where nothing was read yet."""
    snapshot, documents = version.inputs.snapshot, version.inputs.catalogue.documents
    stored = snapshot.metadata.get("rates") if snapshot else None
    if not passes.times.pages:
        return stored
    measured = Rates.measured(
        passes.times,
        recipe_digest=version.inputs.recipe.digest(),
        device=passes.times.device or "cpu",
        publish_s=publish_s,
        staged_bytes=passes.staged_bytes,
        ramp_s=passes.ramp_s,
        inventory_pages=sum(document.page_count or 0 for document in documents),
        samples=sum(part.rows for part in new["pages"].parts),
        published_bytes=sum(part.size for table in new.values() for part in table.parts),
    )
    return measured.joined(Rates.from_dict(stored) if stored else None).to_dict()
