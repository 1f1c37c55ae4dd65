"""Who is answered, and what a browser may do with the answer.

- Only a browser that knows the viewer's token is answered. It comes in the link that the command
  prints, and stays in the browser as a cookie that no script sees and no other site sends.
- Only requests to the loopback address itself: a name that another site has pointed here (DNS
  rebinding) is refused by its `Host`.
- What changes a note has to come from our own page, by `Origin` and by a token in the form.
- No page may load, run or send anything but our own files, pictures and forms.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workers.webpages.visible import shown

_METHODS = ("GET", "HEAD", "POST")
_MOST_FORM_BYTES = 64 * 1024
_FORM = "application/x-www-form-urlencoded"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    # `no-referrer` would make browsers send our own forms with the origin `null`.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """An ASGI application around the viewer's: refuses requests, and adds headers to answers.

    Args:
        port: where the viewer listens on loopback.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self.token = secrets.token_urlsafe(32)
        self.form_token = form_token(self.token)
        # A browser sends cookies of one host to all its ports.
        self.cookie = f"pagefoundry-view-{port}"
        self.hosts = (f"127.0.0.1:{port}", f"localhost:{port}")

    @property
    def link(self) -> str:
        """The link by which a browser is let in."""
        return f"http://{self.hosts[0]}/?token={self.token}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        scope.setdefault("state", {})["form_token"] = self.form_token
        answer = self._refusal_or_entry(scope) or self._app
        await answer(scope, receive, send_guarded)

    def _refusal_or_entry(self, scope: Scope) -> Response | None:
        """What is answered to who is not let in yet, or never; None for the viewer's own answer."""
        headers = Headers(scope=scope)
        if headers.get("host", "") not in self.hosts:
            return _refused(421, f"this viewer is at http://{self.hosts[0]} alone")
        if scope["method"] not in _METHODS:
            return _refused(405, "a viewer only shows")
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(query).get("token")
        if given is not None and scope["method"] != "POST":
            return self._entry(scope, given, query)
        if not _is_same(self._cookie_of(headers), self.token):
            return _refused(403, "open the link that `pagefoundry view` has printed")
        if scope["method"] == "POST":
            return self._refused_form(headers)
        return None

    def _entry(self, scope: Scope, given: str, query: list[tuple[str, str]]) -> Response:
        """The cookie for who has the token, and a step to the page itself.

        A step and no redirect: a link that was followed from elsewhere would be answered without
        the cookie, which is sent from our own pages only.
        """
        if not _is_same(given, self.token):
            return _refused(403, "this link is of a viewer that has ended; open the newest one")
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        # One slash: two would begin the name of a host.
        path = "/" + scope.get("raw_path", b"/").decode("latin-1").lstrip("/\\")
        target = shown(path + (f"?{rest}" if rest else ""))
        answer = HTMLResponse(
            '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>PageFoundry</title>'
            '<link rel="icon" href="/static/icon.svg">'
            f'<meta http-equiv="refresh" content="0;url={target}">'
            f'<p><a href="{target}">Go on to the dataset</a></p></html>'
        )
        answer.set_cookie(self.cookie, self.token, httponly=True, samesite="strict")
        return answer

    def _cookie_of(self, headers: Headers) -> str:
        try:
            morsel = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
        except CookieError:
            return ""
        return morsel.value if morsel else ""

    def _refused_form(self, headers: Headers) -> Response | None:
        if headers.get("origin") != f"http://{headers['host']}":
            return _refused(403, "a form is taken from the viewer's own pages only")
        if headers.get("content-type", "").partition(";")[0].strip() != _FORM:
            return _refused(415, "a form comes url-encoded")
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdigit() and int(length) <= _MOST_FORM_BYTES):
            return _refused(413, f"a form has at most {_MOST_FORM_BYTES:,} bytes")
        return None


def form_token(token: str) -> str:
    """What a form carries, made of the token and of no use in its place."""
    return hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest()


def is_own_form(given: str, expected: str) -> bool:
    """Whether a form carries our token."""
    return _is_same(given, expected)


def _is_same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _refused(status: int, why: str) -> Response:
    return PlainTextResponse(f"Not answered: {why}.\n", status)
