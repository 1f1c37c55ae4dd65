"""What a version says of itself in the terms of Croissant RAI: where its data is from, how it was
made, what was sought in it and what was not.

Every sentence follows from what the version's commit says. What nobody knows is not stated.
`http://mlcommons.org/croissant/RAI/1.0` says what each property is for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from schemas.personal import KINDS, Personal, PersonKind
from schemas.versions import VersionRecord
from workers.dataset.making import making, tools

_MOST = 20
_DONE = {"tag": "listed in `findings`", "mask": "masked", "reject": "left out with their rows"}


def responsible(record: VersionRecord, languages: Mapping[str, int]) -> dict[str, object]:
    """The properties, by their names with the prefix `rai:`.

    `languages` are the samples by language. A version of an earlier release, which does not say how
    it was made, has the properties that follow from its counts.
    """
    stated: dict[str, object] = {
        "rai:dataCollection": _collection(record),
        "rai:dataCollectionRawData": "The source documents are not part of the dataset. The table "
        "`inventory` has every document and every place in which it was seen.",
        "rai:dataCollectionMissingData": _missing(record),
        "rai:dataUseCases": [
            "Training of language models on texts, and of vision and language models on pages as "
            "pictures beside their texts."
        ],
        "rai:dataLimitations": _limitations(record),
        "rai:dataBiases": _biases(languages),
        "rai:personalSensitiveInformation": _personal(record),
        "rai:dataAnnotationProtocol": [
            "No person has labelled or checked rows: texts, blocks, languages and scores are made "
            "by software."
        ],
        "rai:dataPreprocessingProtocol": making(record),
        "rai:machineAnnotationTools": tools(record),
        "rai:dataReleaseMaintenancePlan": "A new version comes with each run that finds a change. "
        "Older versions can be opened until they are vacuumed. A document that is taken down is in "
        "no later version.",
    }
    return {name: value for name, value in stated.items() if value}


def _collection(record: VersionRecord) -> str:
    counts = record["counts"]
    said = f"{counts['inventory']:,} documents were found in the places that a recipe names."
    stated = {name: count for name, count in record.get("licenses", {}).items() if name}
    if not stated:
        return said
    most = sorted(stated, key=lambda name: (-stated[name], name))[:_MOST]
    listed = "; ".join(f"{name}: {stated[name]:,}" for name in most)
    return f"{said} Samples whose documents state a licence, by licence: {listed}."


def _missing(record: VersionRecord) -> str:
    reasons = ", ".join(f"{reason}: {count:,}" for reason, count in record["rejects"].items())
    said = "The table `rejects` has every page and document that was left out, and why"
    return f"{said} ({reasons})." if reasons else f"{said}; none was."


def _biases(languages: Mapping[str, int]) -> list[str]:
    total = sum(languages.values())
    most = sorted(languages, key=lambda code: (-languages[code], code))[:_MOST]
    shares = ", ".join(f"{code} {languages[code] / total:.1%}" for code in most)
    return [f"Languages of the samples, as recognised: {shares}."] if total else []


def _limitations(record: VersionRecord) -> list[str]:
    said = [
        "Texts that were read from pages, by OCR or from text layers, differ in places from what "
        "the pages show. `text_source`, `attempts` and `quality` say how each row was read."
    ]
    if "publish_settings" not in record:
        return said
    policies = policies_of(record)
    benchmarks = [item["name"] for item in policies.get("decontaminate", ())]
    if benchmarks:
        said.append(f"Items of these benchmarks were sought, and no others: {_listed(benchmarks)}.")
    else:
        said.append("Items of benchmarks were not sought, so texts may hold some.")
    if "trust" not in policies:
        said.append("Hidden text, and text that tells a model what to do, were not sought.")
    return said


def _personal(record: VersionRecord) -> list[str]:
    """What was done about personal data; nothing where the version does not say it."""
    if "publish_settings" not in record:
        return []
    policies = policies_of(record)
    if "pii" not in policies:
        return ["Personal data was not sought: documents may hold some, as their authors wrote it."]
    settings = Personal.model_validate(policies["pii"])
    by_model = set(settings.people.labels.values()) if settings.people else set()
    by_action = defaultdict(list)
    for kind in KINDS:
        is_sought = kind in by_model or kind not in get_args(PersonKind)
        by_action[settings.action_of(kind) if is_sought else None].append(kind)
    done = [f"{_DONE[act]}: {_listed(kinds)}" for act, kinds in by_action.items() if act]
    others = f"not sought: {_listed(by_action[None])}" if None in by_action else ""
    found = "Personal data was sought, by means that miss some of it and are wrong about some. "
    return [found + "; ".join([*done, others] if others else done).capitalize() + "."]


def policies_of(record: VersionRecord) -> dict[str, Any]:
    """The settings of each policy of a version, by its name."""
    steps: Any = record.get("publish_settings", {}).get("policies", ())
    return {name: settings for step in steps for name, settings in step.items()}


def _listed(words: Sequence[str]) -> str:
    more = len(words) - _MOST
    return ", ".join(words[:_MOST]) + (f" and {more:,} more" if more > 0 else "")
