"""Jobs on a real Ray cluster of two nodes: submit, follow, list, read, stop, resume."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pipelines.corpora import write_pdf
from tests.ray_cluster import (
    TIMEOUT_S,
    Cluster,
    call,
    calling,
    calling_until_it_ends,
    interrupt,
    ray_cluster,
    wait_until,
)

pytestmark = [pytest.mark.ray, pytest.mark.slow]

PAGES = 20
SECRET = "marker-of-a-secret-key"
RECIPE = """
dataset: data
sources: [{documents: corpus}]
routing: only
placement: {shard_pages: 1}
"""


@dataclass(frozen=True)
class Place:
    """A submitter's folder and environment."""

    folder: Path
    cluster: Cluster

    @property
    def environment(self) -> dict[str, str]:
        url = {"RAY_API_SERVER_ADDRESS": self.cluster.url}
        return self.cluster.environment | url | {"AWS_SECRET_ACCESS_KEY": SECRET}

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return call(*arguments, cwd=self.folder, environment=self.environment)


@dataclass(frozen=True)
class Stopped:
    """What was seen of a job from its start until it was stopped."""

    job_id: str
    covered_pages: int
    firsts: list[tuple[int, list[str]]]
    second: subprocess.CompletedProcess[str]
    other: subprocess.CompletedProcess[str]
    left: tuple[int, list[str]]
    listed: subprocess.CompletedProcess[str]
    stop: subprocess.CompletedProcess[str]
    holds_lease: bool


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("jobs")
    write_pdf(folder / "corpus", "a.pdf", first_seed=1, pages=PAGES)
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "other.yaml").write_text(RECIPE + "publish: {seed: 1}\n")
    (folder / "empty.yaml").write_text(
        RECIPE.replace("corpus", "nowhere").replace(": data", ": other")
    )
    with ray_cluster() as cluster:
        yield Place(folder, cluster)


@pytest.fixture(scope="module")
def stopped(place: Place) -> Stopped:
    """Two submit the run at once and follow it; when it has begun, others come; one stops it."""
    dataset = place.folder / "data"
    submit = ("submit", "recipe.yaml", "--follow")

    def receipts() -> list[Path]:
        return list(dataset.glob("staging/[0-9a-f]*/[!.]*.json"))

    with ExitStack() as opened:
        firsts = [
            opened.enter_context(
                calling_until_it_ends(*submit, cwd=place.folder, environment=place.environment)
            )
            for _ in range(2)
        ]
        wait_until(lambda: len(receipts()) >= 2)
        opened.enter_context(place.cluster.work_suspended())
        second = place.call("submit", "recipe.yaml", "--json")
        other = place.call("submit", "other.yaml")
        left = opened.enter_context(
            calling(*submit, cwd=place.folder, environment=place.environment)
        )
        assert left.stderr is not None
        greeting = left.stderr.readline()
        interrupt(left)
        left_end = (left.wait(TIMEOUT_S), [greeting, *left.stderr.read().splitlines()])
        job_id = json.loads(second.stdout)["id"]
        listed = place.call("jobs", "--json")
        stop = place.call("stop", job_id, "--wait", "--json")
        outputs = [process.communicate(timeout=TIMEOUT_S) for process in firsts]
        return Stopped(
            job_id=job_id,
            covered_pages=sum(
                sum(json.loads(path.read_text())["outcomes"].values()) for path in receipts()
            ),
            firsts=[
                (process.returncode, said.splitlines())
                for process, (_, said) in zip(firsts, outputs, strict=True)
            ],
            second=second,
            other=other,
            left=left_end,
            listed=listed,
            stop=stop,
            holds_lease=(dataset / "_lease.json").exists(),
        )


@pytest.fixture(scope="module")
def resumed(place: Place, stopped: Stopped) -> subprocess.CompletedProcess[str]:
    """By the code that the cluster has, and not the submitter's."""
    return place.call("submit", "recipe.yaml", "--follow", "--image-code", "--json")


def test_of_two_submitters_at_once_one_starts_the_run_and_the_other_follows_it(
    stopped: Stopped,
) -> None:
    greetings = sorted(lines[0] for _, lines in stopped.firsts)
    assert any(line == f"{stopped.job_id} is submitted" for line in greetings), stopped.firsts
    assert any(
        line.startswith(f"{stopped.job_id} already runs this recipe, since") for line in greetings
    )


def test_a_second_submit_names_the_job_that_runs(stopped: Stopped) -> None:
    assert stopped.second.returncode == 0, stopped.second.stderr
    assert json.loads(stopped.second.stdout)["is_new"] is False


def test_another_recipe_for_the_dataset_is_refused_in_one_line(stopped: Stopped) -> None:
    assert stopped.other.returncode == 2
    (line,) = stopped.other.stderr.splitlines()
    assert f"`pagefoundry stop {stopped.job_id}`" in line


def test_ctrl_c_leaves_the_job_running_and_says_so(place: Place, stopped: Stopped) -> None:
    code, lines = stopped.left
    assert code == 130
    assert any(f"{stopped.job_id} goes on" in line for line in lines), lines
    (job,) = json.loads(stopped.listed.stdout)["jobs"]
    assert (job["id"], job["state"]) == (stopped.job_id, "RUNNING")
    assert job["dataset"] == str(place.folder / "data")


def test_a_stopped_job_ends_its_followers_and_holds_the_dataset_no_longer(
    stopped: Stopped,
) -> None:
    ended = json.loads(stopped.stop.stdout)
    assert (ended["state"], ended["is_stopped"]) == ("STOPPED", True)
    assert [code for code, _ in stopped.firsts] == [1, 1]
    for _, lines in stopped.firsts:
        assert lines[-1].startswith(f"pagefoundry: {stopped.job_id} was stopped")
    assert not stopped.holds_lease


def test_submitting_again_goes_on_from_the_receipts(
    stopped: Stopped, resumed: subprocess.CompletedProcess[str], place: Place
) -> None:
    assert resumed.returncode == 0, resumed.stderr
    report = json.loads(resumed.stdout)
    assert 2 <= stopped.covered_pages < PAGES
    assert report["pages_read"] == PAGES - stopped.covered_pages
    assert report["counts"]["pages"] == PAGES
    assert place.call("verify", "data").returncode == 0


def test_logs_show_what_a_run_here_shows(
    stopped: Stopped, resumed: subprocess.CompletedProcess[str], place: Place
) -> None:
    job_id = resumed.stderr.split()[0]
    assert job_id == stopped.job_id.removesuffix("1") + "2"
    printed = place.call("logs", job_id)
    assert printed.returncode == 0
    assert "came in  came out  rejected" in printed.stdout
    assert "pagefoundry-progress" not in printed.stdout
    again = place.call("logs", job_id, "--follow", "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout) == json.loads(resumed.stdout)


def test_stopping_what_has_ended_is_no_error(stopped: Stopped, place: Place) -> None:
    done = place.call("stop", stopped.job_id)
    assert (done.returncode, done.stdout) == (0, f"{stopped.job_id} had already ended: STOPPED\n")


def test_a_follower_ends_with_the_code_of_the_run_and_its_line(place: Place) -> None:
    done = place.call("submit", "empty.yaml", "--follow")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("pagefoundry: "), done.stderr
    assert str(place.folder / "nowhere") in done.stderr.splitlines()[-1]
    (line,) = [row for row in place.call("jobs").stdout.splitlines() if "FAILED" in row]
    assert str(place.folder / "nowhere") in line


def test_nothing_of_the_submitters_environment_is_in_what_the_cluster_tells(
    place: Place, stopped: Stopped, resumed: subprocess.CompletedProcess[str]
) -> None:
    def get(path: str) -> str:
        headers = {"Authorization": f"Bearer {place.cluster.token}"}
        request = urllib.request.Request(place.cluster.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return str(answer.read().decode())

    told = get("/api/jobs/")
    ids = [job["submission_id"] for job in json.loads(told) if job["submission_id"]]
    assert stopped.job_id in ids
    for job_id in ids:
        told += get(f"/api/jobs/{job_id}") + get(f"/api/jobs/{job_id}/logs")
    assert "working_dir" in told
    assert SECRET not in told
    assert place.cluster.token not in told


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (["logs", "pagefoundry-0-1"], {}, "has no job pagefoundry-0-1"),
        (["jobs"], {"RAY_AUTH_TOKEN": "wrong"}, "refuses access"),
        (["jobs"], {"RAY_AUTH_MODE": "disabled"}, "refuses access"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_two(
    place: Place, arguments: list[str], variables: dict[str, str], message: str
) -> None:
    done = call(*arguments, cwd=place.folder, environment=place.environment | variables)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("pagefoundry: ")
    assert message in line
    assert SECRET not in line
    assert place.cluster.token not in line


def test_a_cluster_that_is_away_is_one_line_and_exit_three(place: Place) -> None:
    arguments = ("jobs", "--address", "http://127.0.0.1:1")
    done = call(*arguments, cwd=place.folder, environment=place.environment)
    assert done.returncode == 3, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("pagefoundry: http://127.0.0.1:1 does not answer")


def test_a_given_address_needs_no_scheme_and_wins_over_the_environment(
    place: Place, stopped: Stopped
) -> None:
    address = place.cluster.url.removeprefix("http://")
    environment = place.environment | {"RAY_API_SERVER_ADDRESS": "http://127.0.0.1:1"}
    arguments = ("jobs", "--address", address, "--json")
    done = call(*arguments, cwd=place.folder, environment=environment)
    assert done.returncode == 0, done.stderr
    assert stopped.job_id in done.stdout


SUBMITS_AGAIN = """
import sys
from cluster.foreign_errors import is_used_id
from cluster.jobs_client import connect
job_id = sys.argv[1]
try:
    connect().submit_job(entrypoint="true", submission_id=job_id, runtime_env={}, metadata={})
except RuntimeError as exc:
    print(is_used_id(exc, job_id), is_used_id(exc, "another"))
"""


def test_an_id_that_is_used_is_told_from_other_failures(place: Place, stopped: Stopped) -> None:
    # In a process of its own: Ray keeps what it found of tokens.
    done = subprocess.run(
        [sys.executable, "-c", SUBMITS_AGAIN, stopped.job_id],
        env=place.environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    assert done.stdout.splitlines() == ["True False"]
