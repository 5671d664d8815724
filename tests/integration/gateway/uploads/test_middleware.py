"""Uploads over HTTP: from the client's file to the endpoint's, never whole in memory, once for each Idempotency-Key."""

import hashlib
import http.client
import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.integration.gateway.conftest import Answered, Gateway
from tests.support.databases import SECRET_KEY
from tests.support.processes import Process, processes

MEBIBYTE = 1024 * 1024
PATH = "/v1/toys/pictures"


def pieces(megabytes: int) -> Iterator[bytes]:
    """A file that is not the same everywhere."""
    for number in range(megabytes):
        yield bytes([number % 251]) * MEBIBYTE


def form(content: Iterator[bytes], boundary: str = "bh") -> Iterator[bytes]:
    """A form with this one file."""
    yield f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'.encode()
    yield from content
    yield f"\r\n--{boundary}--\r\n".encode()


def upload(port: int, key: str, body: Iterator[bytes], boundary: str = "bh", **headers: str) -> Answered:
    """Send it in chunks, as a client does that does not know its size."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    sent = {"Authorization": f"Bearer {key}", "Content-Type": f"multipart/form-data; boundary={boundary}"}
    try:
        connection.request("POST", PATH, body, {**sent, **headers}, encode_chunked=True)
        answer = connection.getresponse()
        return Answered(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def test_file_arrives_byte_by_byte(gateway: Gateway) -> None:
    """Through two temporary files."""
    expected = hashlib.sha256(b"".join(pieces(3)))
    answer = upload(gateway.port, gateway.key(), form(pieces(3)))
    assert answer.status == 201, answer.raw
    assert answer.body == {"size": 3 * MEBIBYTE, "sha256": expected.hexdigest()}


def test_same_file_under_the_same_key_is_taken_once(gateway: Gateway) -> None:
    """Though the client draws another boundary for its second try; another file is another request."""
    answers = [
        upload(gateway.port, gateway.key(), form(pieces(size), boundary), boundary, **{"Idempotency-Key": "k"})
        for size, boundary in ((2, "first"), (2, "second"), (1, "first"))
    ]
    assert [one.status for one in answers] == [201, 201, 422]
    assert (answers[1].raw, answers[1].headers["idempotency-replayed"]) == (answers[0].raw, "true")
    assert gateway.toys() == [2 * MEBIBYTE]


@pytest.mark.parametrize("encoded", [True, False])
def test_unknown_key_hears_so(gateway: Gateway, *, encoded: bool) -> None:
    """Also while it is still sending: what comes is let in for a while, and forgotten."""
    length = {} if encoded else {"Content-Length": str(sum(map(len, form(pieces(8)))))}
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    headers = {"Authorization": "Bearer bh_wrong", "Content-Type": "multipart/form-data; boundary=bh", **length}
    connection.request("POST", PATH, form(pieces(8)), headers, encode_chunked=encoded)
    answer = connection.getresponse()
    body = orjson.loads(answer.read())
    connection.close()
    assert (answer.status, body["code"]) == (401, "invalid_key")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"--bh--\r\n", 422),
        (b"no form at all", 400),
        (b"--other\r\n\r\nx\r\n--other--\r\n", 400),
        (b"--bh\r\nContent-Disposition: form-data\r\n\r\nx\r\n--bh--\r\n", 400),
        (b'--bh\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--bh--\r\n', 422),
        (b'--bh\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nno end', 400),
        (b'--bh\r\nContent-Disposition: form-data; name="\xff"; filename="\xfe"\r\n\r\nx\r\n--bh--\r\n', 422),
    ],
)
def test_form_that_is_none_is_refused(gateway: Gateway, body: bytes, status: int) -> None:
    """With a problem document, as any other body that is not valid; and the key is free for the right one."""
    answer = upload(gateway.port, gateway.key(), iter([body]), **{"Idempotency-Key": "k"})
    assert (answer.status, answer.body["status"], gateway.toys()) == (status, status, [])
    assert upload(gateway.port, gateway.key(), form(pieces(1)), **{"Idempotency-Key": "k"}).status == 201


def test_large_form_is_not_for_endpoints_without_files(gateway: Gateway) -> None:
    """They would read it whole."""
    answer = gateway.call("POST", "/v1/toys", b"x" * (MEBIBYTE + 1), Content_Type="multipart/form-data; boundary=b")
    assert (answer.status, answer.code) == (413, "payload_too_large")


def test_size_that_is_announced_is_judged_by_it(gateway: Gateway) -> None:
    """A client that asks first (Expect: 100-continue) hears no before it has sent a byte."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    connection.putrequest("POST", PATH)
    for name, value in {
        "Authorization": f"Bearer {gateway.key()}",
        "Content-Type": "multipart/form-data; boundary=bh",
        "Content-Length": str(2**50),
        "Expect": "100-continue",
    }.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = orjson.loads(answer.read())
    connection.close()
    assert (answer.status, body["code"]) == (413, "payload_too_large")


@pytest.fixture
def process(gateway: Gateway, tmp_path: Path) -> Iterator[Process]:
    """The same gateway, as a process of its own."""
    environment = {"DATABASE_URL": gateway.database.url, "SECRET_KEY": SECRET_KEY, "TMPDIR": str(tmp_path)}
    with processes(tmp_path, environment) as group:
        yield group.start("tests.integration.gateway.toys").wait_ready()


def test_memory_stays_flat_and_nothing_is_left(gateway: Gateway, process: Process, tmp_path: Path) -> None:
    """After a small upload has loaded all the code, one of 64 MiB adds a few."""
    upload(process.http_port, gateway.key(), form(pieces(2)))
    before = peak_of(process)
    answer = upload(process.http_port, gateway.key(), form(pieces(64)))
    assert answer.body["size"] == 64 * MEBIBYTE
    assert peak_of(process) - before < 12 * MEBIBYTE
    assert [file for file in tmp_path.iterdir() if file.suffix != ".log"] == []


def peak_of(process: Process) -> int:
    """The most memory that it ever had, in bytes (proc(5), VmHWM)."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024
