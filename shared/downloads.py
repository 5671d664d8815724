"""A stored file as the answer to a request: streamed, and resumable where a download broke off.

Imports FastAPI, so only http.py files import it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from email.utils import format_datetime
from itertools import chain
from typing import Final
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from shared.api import Problem
from shared.storage import Storage, StorageObjectMissing, StoredObject, Stream

_RANGE = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?"[^"]*"')
_NOT_IN_FALLBACK = re.compile(r'[^ -~]|["\\/%;]')
_IN_NO_NAME = re.compile(r"[\x00-\x1f\x7f/\\]")
ATTR_CHARS: Final = "!#$&+-.^_`|~"
"""What an extended value holds unescaped besides letters and digits (RFC 8187, section 3.2.1)."""


def file_response(
    request: Request,
    storage: Storage,
    key: str,
    *,
    file_name: str,
    content_type: str,
    inline: bool = False,
    max_age: int = 0,
) -> Response:
    """The object as a download of this name, or to be shown in place (`inline`); GET and HEAD.

    One range is answered with 206; several, or one that makes no sense, with the whole file, as RFC 9110 allows.
    `max_age` is for how many seconds a browser may show its copy without asking; caches of others never keep it.
    Call it from a thread. Raises Problem 410 `file_gone` where there is no such object, and 416 for a range outside of
    it; StorageUnavailable, which is answered with 503, if the storage cannot be read.
    """
    try:
        whole = storage.stream(key)
        headers = _headers(whole.object, file_name, inline, max_age)
        if _is_known(request, whole.object):
            return Response(status_code=304, headers=headers)
        span = _span(request, whole.object)
        asked = whole if span is None else storage.stream(key, *span)
        body = () if request.method == "HEAD" else _begun(asked)
    except StorageObjectMissing as error:
        raise Problem(410, "file_gone", "this file is no longer kept") from error
    headers["Content-Length"] = str(asked.end - asked.start)
    if span is not None:
        headers["Content-Range"] = f"bytes {asked.start}-{asked.end - 1}/{asked.object.size}"
    status = 200 if span is None else 206
    return StreamingResponse(body, status, headers=headers, media_type=content_type)


def content_disposition(file_name: str, *, inline: bool = False) -> str:
    """The header's value (RFC 6266): the name in UTF-8, and one in ASCII for those who do not read that.

    The name ends up as a file on somebody's disk: it has no path and no control characters.
    """
    name = _IN_NO_NAME.sub("_", unicodedata.normalize("NFC", file_name)) or "file"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    fallback = _NOT_IN_FALLBACK.sub("_", plain)
    if not fallback.partition(".")[0]:
        fallback = f"file{fallback}"
    kind = "inline" if inline else "attachment"
    encoded = quote(name.encode("utf-8", "replace"), safe=ATTR_CHARS)
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{encoded}"


def _headers(found: StoredObject, file_name: str, inline: bool, max_age: int) -> dict[str, str]:
    """What a file is sent with. It may be of anybody's making: a browser neither guesses its type nor runs it."""
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": f"private, max-age={max_age}" if max_age else "private, no-cache",
        "Content-Disposition": content_disposition(file_name, inline=inline),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Last-Modified": format_datetime(found.modified_at, usegmt=True),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    tag = _tag(found)
    return {**headers, "ETag": tag} if tag else headers


def _tag(found: StoredObject) -> str | None:
    """The entity tag of an object. Storages write it with quotes or without."""
    if not found.etag:
        return None
    return found.etag if _TAG.fullmatch(found.etag) else f'"{found.etag.replace(chr(34), "")}"'


def _is_known(request: Request, found: StoredObject) -> bool:
    """Whether the caller has this very file already (RFC 9110, section 13.1.2: a weak comparison)."""
    known, tag = request.headers.get("if-none-match"), _tag(found)
    if known is None or tag is None:
        return False
    return known.strip() == "*" or tag.removeprefix("W/") in {one.removeprefix("W/") for one in _TAG.findall(known)}


def _span(request: Request, found: StoredObject) -> tuple[int, int] | None:
    """First byte and the one behind the last of the range that is asked for; None for the whole file."""
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or not _is_same(request, found):
        return None
    first, last = asked.groups()
    if not first and not last:
        return None
    if not first:
        start, end = max(0, found.size - int(last)), found.size
    else:
        start, end = int(first), min(int(last) + 1, found.size) if last else found.size
        if last and int(last) < start:
            return None
    if start >= end:
        size = {"Content-Range": f"bytes */{found.size}"}
        raise Problem(416, "range_not_satisfiable", f"the file has {found.size} bytes", headers=size)
    return start, end


def _is_same(request: Request, found: StoredObject) -> bool:
    """Whether what the caller has a part of is still what is there. A date is too coarse to tell: it never is."""
    expected = request.headers.get("if-range")
    return expected is None or (not expected.startswith("W/") and expected.strip() == _tag(found))


def _begun(asked: Stream) -> Iterable[bytes]:
    """The pieces, the first of them read: a storage that fails at once is still answered with a problem."""
    pieces: Iterator[bytes] = iter(asked.pieces)
    return chain([first for first in (next(pieces, None),) if first is not None], pieces)
