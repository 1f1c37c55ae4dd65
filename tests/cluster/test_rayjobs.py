"""Creating a RayJob through the Kubernetes API, against a server over TLS."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.rayjobs import KubernetesApi, Scheduled, create_rayjob
from schemas.errors import EnvironmentFault, RequestError
from tests.cluster.kubernetes_api import NAMESPACE, TOKEN, RayJobs, kubernetes_api
from tests.cluster.manifest_samples import only, options, rendered

JOB = only(rendered(options("rayjob")), "RayJob")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[RayJobs]:
    with kubernetes_api(tmp_path) as server:
        yield server


@pytest.fixture
def api(held: RayJobs) -> KubernetesApi:
    return KubernetesApi(f"https://127.0.0.1:{held.port}", TOKEN, held.authority, NAMESPACE)


def test_a_job_is_created_under_its_name_in_the_pods_namespace(
    api: KubernetesApi, held: RayJobs
) -> None:
    assert create_rayjob(api, JOB, "manuals-29400000", 7) == Scheduled("manuals-29400000", None, ())
    created = held.jobs["manuals-29400000"]
    assert created["metadata"]["namespace"] == NAMESPACE
    assert created["spec"] == JOB["spec"]


def test_a_pod_that_is_tried_again_finds_its_job(api: KubernetesApi, held: RayJobs) -> None:
    create_rayjob(api, JOB, "manuals-29400000", 7)
    assert create_rayjob(api, JOB, "manuals-29400000", 7).created == "manuals-29400000"
    assert list(held.jobs) == ["manuals-29400000"]


@pytest.mark.parametrize("status", [None, "Initializing", "Running", "Retrying", "Suspended"])
def test_none_is_created_while_an_earlier_one_runs(
    api: KubernetesApi, held: RayJobs, status: str | None
) -> None:
    held.add("manuals-1", status, "2026-01-01T00:00:00Z")
    done = create_rayjob(api, JOB, "manuals-2", 7)
    assert (done.created, done.running) == (None, "manuals-1")
    assert list(held.jobs) == ["manuals-1"]


def test_another_datasets_job_is_in_nobodys_way(api: KubernetesApi, held: RayJobs) -> None:
    held.add("books-1", "Running", "2026-01-01T00:00:00Z", instance="books")
    assert create_rayjob(api, JOB, "manuals-2", 7).created == "manuals-2"


def test_of_the_finished_the_newest_stay(api: KubernetesApi, held: RayJobs) -> None:
    for day in (3, 1, 4, 2):
        status = "Failed" if day % 2 else "Complete"
        held.add(f"manuals-{day}", status, f"2026-01-0{day}T00:00:00Z")
    done = create_rayjob(api, JOB, "manuals-5", 2)
    assert done.cleared == ("manuals-1", "manuals-2")
    assert set(held.jobs) == {"manuals-3", "manuals-4", "manuals-5"}


@pytest.mark.parametrize(
    ("status", "telling"),
    [
        (403, "apply the Role and RoleBinding"),
        (404, "install the KubeRay operator"),
        (422, "the cluster refuses the RayJob: "),
    ],
)
def test_a_refusal_names_the_remedy(
    api: KubernetesApi, held: RayJobs, status: int, telling: str
) -> None:
    held.answer_with = status
    with pytest.raises(RequestError, match=telling):
        create_rayjob(api, JOB, "manuals-1", 7)


def test_a_wrong_token_is_refused(api: KubernetesApi) -> None:
    with pytest.raises(RequestError, match="may not GET rayjobs in lake"):
        create_rayjob(dataclasses.replace(api, token="another"), JOB, "manuals-1", 7)


def test_a_server_that_fails_is_the_environments_fault(api: KubernetesApi, held: RayJobs) -> None:
    held.answer_with = 503
    with pytest.raises(EnvironmentFault, match="with 503"):
        create_rayjob(api, JOB, "manuals-1", 7)


def test_a_server_of_another_authority_gets_no_token(
    api: KubernetesApi, held: RayJobs, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    with kubernetes_api(tmp_path / "other") as other:
        impostor = dataclasses.replace(api, authority=other.authority)
        with pytest.raises(EnvironmentFault, match="does not answer"):
            create_rayjob(impostor, JOB, "manuals-1", 7)
    assert held.asked == []


def test_the_token_is_in_no_text_of_the_api(api: KubernetesApi) -> None:
    assert TOKEN not in f"{api!r} {api}"


def test_nobody_there_is_one_line(api: KubernetesApi) -> None:
    nobody = dataclasses.replace(api, address="https://127.0.0.1:1")
    with pytest.raises(EnvironmentFault) as caught:
        create_rayjob(nobody, JOB, "manuals-1", 7)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("manifest", [{}, {"kind": "Pod"}, JOB | {"metadata": {}}])
def test_only_our_rayjobs_are_created(api: KubernetesApi, manifest: dict[str, object]) -> None:
    with pytest.raises(RequestError, match="print it again"):
        create_rayjob(api, manifest, "manuals-1", 7)
