"""Check: what can be known of a recipe in two seconds, without Ray and without opening a file.

    recipe ─► engines ─► sources ─► dataset ─► staging

`run` and `plan` begin with it, and `submit` with what does not depend on where it runs. A recipe
that passes may still fail; one that does not pass would have failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from cluster.session import require_reachable
from schemas.errors import (
    AccessError,
    EnvironmentFault,
    PageFoundryError,
    RequestError,
    StorageError,
)
from schemas.recipe import Recipe
from schemas.sources import DatasetSource, DocumentSource, Source, kind_of, locations
from workers import store
from workers.engines.requirements import examine_engine
from workers.store.locations import is_s3
from workers.store.places import look_at_dataset, look_at_source, require_dataset
from workers.synthetic.records import require_libraries, suffixes


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a field: what there is, or the error that a run would end with."""

    field: str
    found: str = ""
    error: PageFoundryError | None = None


@dataclass(frozen=True, slots=True)
class Where:
    """What is this machine's part: `reads` where engines run on it, `lists` where the places of
    the recipe are its own. `ray` is the address of a Ray that has to run already."""

    reads: bool = True
    lists: bool = True
    ray: str | None = None


@dataclass(slots=True)
class _Stores:
    """Remembers a store that does not answer: it is not asked again for the next source."""

    silent: list[str] = field(default_factory=list)

    def look(self, look: Callable[[], str], uri: str) -> str:
        if is_s3(uri) and self.silent:
            return f"not looked at: {self.silent[0]} had no answer"
        try:
            return look()
        except AccessError:
            raise
        except StorageError:
            self.silent.append(uri)
            raise


def check_recipe(recipe: Recipe, where: Where = Where()) -> list[Finding]:
    """Look at everything that a recipe names, in its order."""
    return [_finding(field, look) for field, look in _looks(recipe, where)]


def require_runnable(recipe: Recipe, where: Where = Where()) -> None:
    """Raises what `check` finds wrong: one line for each field, as one error.

    RequestError where a request is wrong, else the fault that may pass.
    """
    errors = [found.error for found in check_recipe(recipe, where) if found.error is not None]
    if len(errors) > 1:
        is_wrong = any(isinstance(error, RequestError) for error in errors)
        raise (RequestError if is_wrong else EnvironmentFault)("\n".join(map(str, errors)))
    for error in errors:
        raise error


def failed(field: str, error: PageFoundryError) -> Iterable[Finding]:
    """A finding for each line of an error."""
    return [Finding(field, error=type(error)(line)) for line in str(error).splitlines()]


def _finding(field: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(field, look())
    except PageFoundryError as exc:
        line = str(exc)
        named = line if line.startswith(field) else f"{field}: {line}"
        return Finding(field, error=type(exc)(named))


def _looks(recipe: Recipe, where: Where) -> Iterator[tuple[str, Callable[[], str]]]:
    """The fields and how each is looked at."""
    if recipe.needs_engine:
        engine = partial(examine_engine, recipe.engine, recipe.deep, where.reads)
        yield "engine", engine
        if recipe.fallback is not None:
            yield "fallback", partial(examine_engine, recipe.fallback, False, where.reads)
    if where.ray is not None:
        yield "ray", partial(_reachable, where.ray)
    if not where.lists:
        return
    stores = _Stores()
    for number, source in enumerate(recipe.sources):
        for look, uri in _source_looks(source):
            yield f"sources.{number}", partial(stores.look, look, uri)
    dataset = store.absolute(recipe.dataset)
    yield "dataset", partial(stores.look, partial(look_at_dataset, recipe.dataset), dataset)
    if (staging := recipe.placement.staging) is not None:
        yield "placement.staging", partial(stores.look, partial(look_at_dataset, staging), staging)


def _source_looks(source: Source) -> Iterator[tuple[Callable[[], str], str]]:
    """How each place of a source is looked at, and where it lies."""
    if isinstance(source, DatasetSource):
        for uri in source.dataset:
            yield partial(_published, uri), uri
        return
    if not isinstance(source, DocumentSource):
        yield partial(_drawn, source), ""
    ends = store.DOCUMENT_SUFFIXES if isinstance(source, DocumentSource) else suffixes(source)
    for pattern in locations(source):
        yield partial(look_at_source, pattern, ends), pattern


def _reachable(address: str) -> str:
    require_reachable(address)
    return f"{address} answers"


def _published(uri: str) -> str:
    require_dataset(uri)
    return f"{uri} is a dataset"


def _drawn(source: Source) -> str:
    assert not isinstance(source, (DocumentSource, DatasetSource))
    require_libraries(source)
    return f"what draws `{kind_of(source)}` is installed"
