"""Who may speak to the server: the page that this computer's user opened, and nobody else."""

import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: What every answer tells the browser: scans are nobody else's, and are kept nowhere.
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Lets through what has the token in its address, and comes from no other site.

    ``Host`` is checked because another site's name may be made to lead to this computer, and
    ``Origin`` because any page in the browser may send a request here.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        """Guard an application.

        Args:
            app: what is guarded; it sees paths without the token.
            token: the first part of every path.
            port: of the server.
        """
        self._app = app
        self._token = token.encode()
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        _, token, *rest = scope["path"].split("/", 2)
        if not self._is_from_here(scope):
            app: ASGIApp = PlainTextResponse("This is not for other sites.", 403)
        elif not rest or not secrets.compare_digest(token.encode(), self._token):
            app = PlainTextResponse("There is nothing here.", 404)
        else:
            app, scope = self._app, {**scope, "path": f"/{rest[0]}", "raw_path": b""}
        await app(scope, receive, send_with_headers)

    def _is_from_here(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self._hosts:
            return False
        if origin is None:  # browsers send it with whatever changes something
            return scope["method"] in ("GET", "HEAD")
        return origin == f"http://{host}"
