"""Check a recipe in about two seconds, without Ray and without opening a document.

    recipe ─► engines ─► scores ─► encoder ─► sources ─► dataset ─► staging

`run` and `plan` begin with this check, `submit` with the part that does not depend on the machine.
A recipe that passes may still fail; a recipe that does not pass would have failed.

What looks at a field is imported when the field is there: a mistake is told in well under a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from schemas.document_source import DocumentSource
from schemas.errors import (
    AccessError,
    EnvironmentFault,
    PageFoundryError,
    RequestError,
    StorageError,
)
from schemas.personal import People
from schemas.recipe import Recipe
from schemas.sources import (
    DatasetSource,
    Source,
    kept_places,
    kind_of,
    locations,
)
from workers import store
from workers.store.locations import scheme_of
from workers.store.places import look_at_dataset, look_at_source, require_dataset


@dataclass(frozen=True, slots=True)
class Finding:
    """The result for one field: what was found there, or the error that a run would end with."""

    field: str
    found: str = ""
    error: PageFoundryError | None = None


@dataclass(frozen=True, slots=True)
class Where:
    """What this machine does in the run.

    Args:
        reads: engines run on this machine.
        lists: the recipe's paths are paths of this machine.
        ray: the address of a Ray that must already run.
    """

    reads: bool = True
    lists: bool = True
    ray: str | None = None


@dataclass(slots=True)
class _Stores:
    """Remembers URIs whose store did not answer, so that it is not asked for the next source."""

    unanswered: dict[str, str] = field(default_factory=dict)

    def look(self, look: Callable[[], str], uri: str) -> str:
        scheme = scheme_of(uri)
        if scheme and scheme in self.unanswered:
            return f"not checked: the store did not answer for {self.unanswered[scheme]}"
        try:
            return look()
        except AccessError:
            raise
        except StorageError:
            self.unanswered[scheme] = uri
            raise


def check_recipe(recipe: Recipe, where: Where = Where()) -> list[Finding]:
    """Check everything that a recipe names, in the recipe's order."""
    return [_finding(field, look) for field, look in _looks(recipe, where)]


def require_runnable(recipe: Recipe, where: Where = Where()) -> None:
    """Raise what `check_recipe` finds wrong, as one error with a line for each field.

    It is a RequestError if any field is wrong, else an EnvironmentFault, which may pass.
    """
    errors = [finding.error for finding in check_recipe(recipe, where) if finding.error is not None]
    if len(errors) > 1:
        is_wrong = any(isinstance(error, RequestError) for error in errors)
        raise (RequestError if is_wrong else EnvironmentFault)("\n".join(map(str, errors)))
    for error in errors:
        raise error


def failed(field: str, error: PageFoundryError) -> list[Finding]:
    """One finding for each line of an error."""
    return [Finding(field, error=type(error)(line)) for line in str(error).splitlines()]


def _finding(field: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(field, look())
    except PageFoundryError as exc:
        line = str(exc)
        named = line if line.startswith(field) else f"{field}: {line}"
        return Finding(field, error=type(exc)(named))


def _looks(recipe: Recipe, where: Where) -> Iterator[tuple[str, Callable[[], str]]]:
    """Each field, and the function that checks it."""
    if recipe.needs_engine:
        from workers.engines.requirements import examine_engine

        engine = partial(examine_engine, recipe.engine, recipe.deep, where.reads)
        yield "engine", engine
        if recipe.fallback is not None:
            yield "fallback", partial(examine_engine, recipe.fallback, False, where.reads)
    for number, step in enumerate(recipe.policies):
        if step.pii is not None and step.pii.people is not None and where.reads:
            yield f"policies.{number}.pii.people", partial(_finds_people, step.pii.people)
    yield from _text_looks(recipe, where)
    if where.ray is not None:
        yield "ray", partial(_reachable, where.ray)
    if not where.lists:
        return
    stores = _Stores()
    for number, source in enumerate(recipe.sources):
        for look, uri in _source_looks(source):
            yield f"sources.{number}", partial(stores.look, look, uri)
    if recipe.tokenizer is not None:
        from workers.text.trainer_tokens import require_counter

        yield "tokenizer", partial(require_counter, recipe.tokenizer)
    dataset = store.absolute(recipe.dataset)
    yield "dataset", partial(stores.look, partial(look_at_dataset, recipe.dataset), dataset)
    for place in kept_places(recipe.sources):
        yield "links.kept", partial(stores.look, partial(look_at_dataset, place), place)
    if (staging := recipe.placement.staging) is not None:
        yield "placement.staging", partial(stores.look, partial(look_at_dataset, staging), staging)


def _text_looks(recipe: Recipe, where: Where) -> Iterator[tuple[str, Callable[[], str]]]:
    """The models that read texts: those of scores, and the encoder."""
    for number, score in enumerate(recipe.scores):
        from workers.scores.checkpoint import examine_score

        yield f"scores.{number}", partial(examine_score, score, number, where.reads)
    if (semantic := recipe.dedup.semantic) is not None:
        from workers.embeddings.checkpoint import examine_encoder

        yield "dedup.semantic", partial(examine_encoder, semantic, where.reads)


def _source_looks(source: Source) -> Iterator[tuple[Callable[[], str], str]]:
    """For each location of a source, the function that checks it, and its URI."""
    links = source.links if isinstance(source, DocumentSource) else None
    paths = source.paths if isinstance(source, DocumentSource) else None
    if isinstance(source, DatasetSource) or (links and links.rejects):
        for uri in locations(source):
            yield partial(_published, uri), uri
        return
    ends: tuple[str, ...] = store.DOCUMENT_SUFFIXES
    if not isinstance(source, DocumentSource):
        from workers.synthetic.listing import suffixes

        yield partial(_drawn, source), ""
        ends = suffixes(source)
    elif links or paths:
        from workers.sources.lists import LIST_SUFFIXES

        ends = LIST_SUFFIXES
    for pattern in locations(source):
        yield partial(look_at_source, pattern, ends), pattern


def _finds_people(people: People) -> str:
    from workers.people import find_people_checkpoint

    checkpoint = find_people_checkpoint(people)
    kinds = ", ".join(sorted(set(people.labels.values())))
    return f"{people.model} ({checkpoint.model_type}) finds: {kinds}"


def _reachable(address: str) -> str:
    from cluster.session import require_reachable

    require_reachable(address)
    return f"{address} answers"


def _published(uri: str) -> str:
    require_dataset(uri)
    return f"{uri} is a dataset"


def _drawn(source: Source) -> str:
    assert not isinstance(source, (DocumentSource, DatasetSource))
    from workers.synthetic.listing import require_libraries

    require_libraries(source)
    return f"the libraries that make `{kind_of(source)}` are installed"
