"""Only the browser with the link is answered, by our own name, and it may load nothing else."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from pipelines.view.guard import Guard
from tests.pipelines.view.browsing import PORT, Browser, Page

HOST = f"127.0.0.1:{PORT}"
NOTE = {"table": "pages", "key": "x", "verdict": "good"}


def test_without_the_token_nothing_is_shown(stranger: TestClient) -> None:
    for link in ("/", "/static/view.css", "/notes.jsonl", "/page/x/00000", "/?token=", "/?token=x"):
        answer = stranger.get(link)
        assert answer.status_code == 403, link
        assert "owned" not in answer.text
        assert "set-cookie" not in answer.headers


def test_the_link_gives_a_cookie_that_only_our_pages_send(
    stranger: TestClient, guard: Guard
) -> None:
    answer = stranger.get(f"/rejects?token={guard.token}&reason=duplicate")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    (step,) = (m for m in Page(answer.text).all("meta") if "http-equiv" in m.attributes)
    assert step["content"] == "0;url=/rejects?reason=duplicate"
    assert stranger.get("/rejects?reason=duplicate").status_code == 200


def test_the_way_on_from_the_link_stays_here(stranger: TestClient, guard: Guard) -> None:
    answer = stranger.get(f"http://{HOST}//evil.example/?token={guard.token}&q=%22%3E%3Cscript%3E")
    assert 'url=/evil.example/?q=%22%3E%3Cscript%3E"' in answer.text


@pytest.mark.parametrize(
    "host",
    ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1", f"[::1]:{PORT}", ""],
)
def test_a_name_that_was_pointed_here_is_refused(browser: Browser, host: str) -> None:
    assert browser.client.get("/", headers={"host": host}).status_code == 421
    assert browser.client.get("/", headers={"host": f"localhost:{PORT}"}).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_only_what_a_viewer_needs_is_answered(browser: Browser, method: str) -> None:
    assert browser.client.request(method, "/").status_code == 405


@pytest.mark.parametrize("link", ["/", "/static/view.js", "/nothing", "/page/x/y", "/?order=no"])
def test_every_answer_forbids_what_it_does_not_need(browser: Browser, link: str) -> None:
    headers = browser.client.get(link).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'", "script-src": "'self'", "style-src": "'self'",
        "img-src": "'self'", "form-action": "'self'", "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }  # fmt: skip
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


def test_a_form_has_to_come_from_our_own_page(browser: Browser, guard: Guard) -> None:
    fields = {**NOTE, "form_token": guard.form_token}
    for origin in (
        {},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1"},
    ):
        answer = browser.client.post("/note", data=fields, headers=origin)
        assert answer.status_code == 403, origin
    ours = {"origin": f"http://{HOST}"}
    for token in ("", "x", guard.token):
        answer = browser.client.post("/note", data={**NOTE, "form_token": token}, headers=ours)
        assert answer.status_code == 403, token
    assert browser.client.post("/note", json=fields, headers=ours).status_code == 415
    long = browser.client.post("/note", data={**fields, "why": "x" * 70_000}, headers=ours)
    assert long.status_code == 413
    endless = browser.client.post(
        "/note",
        content=iter([b"a=1"]),
        headers={**ours, "content-type": "application/x-www-form-urlencoded"},
    )
    assert endless.status_code == 413
    assert browser.client.post("/note", data=fields, headers=ours).status_code == 404  # no such row


def test_a_cookie_of_another_viewer_opens_nothing(guard: Guard) -> None:
    client = TestClient(guard, base_url=f"http://{HOST}", cookies={guard.cookie: "another"})
    assert client.get("/").status_code == 403
    client.cookies.set(guard.cookie, "\x1f;=broken")
    assert client.get("/").status_code == 403
