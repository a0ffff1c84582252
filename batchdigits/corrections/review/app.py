"""The server's answers."""

import json

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from batchdigits.corrections.review.desk import ReviewDesk
from batchdigits.errors import BatchdigitsError, DataError
from batchdigits.journal.submissions import SubmittedCorrection, is_hash

#: Some ten thousand corrections.
_MAX_BODY = 1 << 21


def make_app(desk: ReviewDesk) -> Starlette:
    """Make the application that shows the pages and scans of an outbox, and takes corrections."""

    async def show_page(request: Request) -> Response:
        page = await run_in_threadpool(desk.render_page, request.path_params["name"] + ".html")
        if page is None:
            raise HTTPException(404)
        return HTMLResponse(page)

    async def show_scan(request: Request) -> Response:
        sha256 = request.path_params["sha256"]
        page = request.path_params["page"]
        scan = await run_in_threadpool(desk.read_scan, sha256, page) if is_hash(sha256) else None
        if scan is None:
            raise HTTPException(404)
        content, media_type = scan
        return Response(content, media_type=media_type)

    async def take_corrections(request: Request) -> Response:
        corrections = _parse_corrections(await _read_body(request))
        is_recorded = await run_in_threadpool(desk.put_on_record, corrections)
        return JSONResponse({"is_recorded": is_recorded})

    async def tell_error(_: Request, error: Exception) -> Response:
        return JSONResponse({"problem": str(error)}, 400 if isinstance(error, DataError) else 503)

    return Starlette(
        routes=[
            Route("/{name}.html", show_page),
            Route("/scans/{sha256}/{page:int}", show_scan),
            Route("/corrections", take_corrections, methods=["POST"]),
        ],
        exception_handlers={BatchdigitsError: tell_error},
    )


async def _read_body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MAX_BODY:
            raise HTTPException(413)
    return body


def _parse_corrections(body: bytes) -> list[SubmittedCorrection]:
    """Parse what the page sends: a list of hash, page and digit.

    Raises:
        DataError: it is anything else.
    """
    try:
        items = json.loads(body)
        if isinstance(items, list):
            corrections = [SubmittedCorrection(*item) for item in items]
            if all(correction.is_valid for correction in corrections):
                return corrections
    except (TypeError, ValueError, RecursionError):
        pass
    raise DataError("These are not corrections.")
