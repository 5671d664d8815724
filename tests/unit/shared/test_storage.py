"""Storage in a folder, and in a bucket of a small S3 server that runs here."""

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from obstore.exceptions import GenericError

from shared.errors import BellhopError
from shared.storage import (
    Storage,
    StorageKeyInvalid,
    StorageObjectMissing,
    StorageUnavailable,
    open_storage,
    translate,
)


class Bucket(ThreadingHTTPServer):
    """The few calls of S3 that we make, for one bucket; checks that each is signed."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), BucketHandler)
        self.objects: dict[str, tuple[bytes, str]] = {}
        self.failure: tuple[int, str] | None = None


class BucketHandler(BaseHTTPRequestHandler):
    server: Bucket
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: bytes = b"", content_type: str = "application/xml") -> None:
        self.send_response(status)
        headers = {"Content-Type": content_type, "Content-Length": str(len(body)), "ETag": '"e"'}
        for name, value in {**headers, "Last-Modified": "Sun, 01 Nov 2026 10:00:00 GMT"}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_call(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        if self.server.failure is not None:
            status, code = self.server.failure
            self.answer(status, f"<Error><Code>{code}</Code></Error>".encode())
        elif not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256"):
            self.answer(403)
        elif bucket != "tickets":
            self.answer(404, b"<Error><Code>NoSuchBucket</Code></Error>")
        elif self.command == "PUT":
            self.server.objects[key] = (data, self.headers.get("Content-Type", ""))
            self.answer(200)
        elif self.command == "POST":
            gone = data.decode().partition("<Key>")[2].partition("</Key>")[0]
            self.server.objects.pop(gone, None)
            self.answer(200, f"<DeleteResult><Deleted><Key>{gone}</Key></Deleted></DeleteResult>".encode())
        elif key in self.server.objects:
            self.answer(200, *self.server.objects[key])
        elif "list-type" in parse_qs(url.query):
            self.answer(200, self.listing(parse_qs(url.query).get("prefix", [""])[0]))
        else:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def listing(self, prefix: str) -> bytes:
        found = (
            f"<Contents><Key>{key}</Key><Size>1</Size><ETag>e</ETag><StorageClass>S</StorageClass>"
            "<LastModified>2026-11-01T10:00:00.000Z</LastModified></Contents>"
            for key in self.server.objects
            if key.startswith(prefix)
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{''.join(found)}</ListBucketResult>".encode()

    do_GET = do_HEAD = do_PUT = do_POST = handle_call  # noqa: N815 - the parent's naming

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Say nothing."""


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """Run the S3 server, with the usual variables pointing to it."""
    server = Bucket()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-central-1",
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(params=["file", "s3"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """A storage of either kind: the same tests hold for both."""
    if request.param == "file":
        return open_storage(f"file://{request.getfixturevalue('tmp_path')}/store")
    request.getfixturevalue("bucket")
    return open_storage("s3://tickets/shop/one")


def test_what_was_put_comes_back(storage: Storage) -> None:
    """Bytes go and come unchanged, an empty object and one of more than a multipart chunk included."""
    contents = {"qr/a.png": b"\x89PNG\x00\xff", "empty": b"", "big/zip": b"0123456789" * 400_000}
    for key, data in contents.items():
        storage.put(key, data, "application/octet-stream")
    assert {key: storage.get(key) for key in contents} == contents


def test_putting_again_replaces(storage: Storage) -> None:
    """A repeated job writes the same key once more."""
    storage.put("a/b", b"old and longer", "text/plain")
    storage.put("a/b", b"new", "text/plain")
    assert storage.get("a/b") == b"new"


def test_an_object_exists_from_put_to_delete(storage: Storage) -> None:
    """Deleting twice is no error."""
    before = storage.exists("a/b")
    storage.put("a/b", b"x", "text/plain")
    between = storage.exists("a/b")
    storage.delete("a/b")
    storage.delete("a/b")
    assert (before, between, storage.exists("a/b")) == (False, True, False)


def test_a_missing_object_is_a_permanent_error(storage: Storage) -> None:
    """The error names the key."""
    with pytest.raises(StorageObjectMissing, match="a/missing"):
        storage.get("a/missing")


def test_list_yields_the_keys_below_a_prefix(storage: Storage) -> None:
    """Keys are relative to the storage, and the prefix is one of whole segments."""
    for key in ("a/1", "a/b/2", "ab/3"):
        storage.put(key, b"x", "text/plain")
    found = [sorted(storage.list(prefix)) for prefix in ("", "a", "c")]
    assert found == [["a/1", "a/b/2", "ab/3"], ["a/1", "a/b/2"], []]


def test_check_passes_and_leaves_nothing_behind(storage: Storage) -> None:
    """A storage that can be written to is fine."""
    storage.check()
    assert list(storage.list()) == []


BAD_KEYS = ["/a", "a/", "a//b", ".", "..", "a/../b", "../a", ".hidden", "a\\b", "a#1", "a%2e", "ä"]


@pytest.mark.parametrize("key", [*BAD_KEYS, "", "a b", "a\n", "a\0", "x" * 201, "a/" * 450 + "a"])
def test_keys_that_could_lead_astray_are_refused(tmp_path: Path, key: str) -> None:
    """No key leads out of the storage, or means something else in another kind of storage."""
    store = open_storage(f"file://{tmp_path}")
    with pytest.raises(StorageKeyInvalid):
        store.put(key, b"x", "text/plain")
    with pytest.raises(StorageKeyInvalid):
        store.get(key)
    with pytest.raises(StorageKeyInvalid):
        store.delete(key)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["", "store", "/store", "file://store/x", "file:", "s3://", "gs://b", "http://h/b"])
def test_addresses_that_are_no_storage_are_refused(url: str) -> None:
    """The error says what STORAGE_URL must look like."""
    with pytest.raises(ValueError, match="STORAGE_URL must be"):
        open_storage(url)


def test_the_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    """A first start needs no preparation; blanks in the address may be written as %20."""
    open_storage(f"file://{tmp_path}/not%20yet/there")
    assert (tmp_path / "not yet" / "there").is_dir()


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path) -> None:
    """The message says what to do."""
    (tmp_path / "store").write_text("")
    with pytest.raises(StorageUnavailable, match="move it away"):
        open_storage(f"file://{tmp_path}/store")


def test_a_key_below_another_object_is_refused(tmp_path: Path) -> None:
    """A file is in the way of the folder: trying again cannot help."""
    store = open_storage(f"file://{tmp_path}")
    store.put("a", b"x", "text/plain")
    with pytest.raises(StorageKeyInvalid, match="in the way"):
        store.put("a/b", b"x", "text/plain")


def test_a_folder_that_is_gone_is_not_a_missing_file(tmp_path: Path) -> None:
    """When the disk is not mounted a job must wait, not fail for ever."""
    store = open_storage(f"file://{tmp_path}/store")
    store.put("a", b"x", "text/plain")
    shutil.rmtree(tmp_path / "store")
    for call in (lambda: store.get("a"), lambda: store.exists("a"), lambda: store.delete("a")):
        with pytest.raises(StorageUnavailable, match="mounted"):
            call()


def test_readers_never_see_half_an_object(tmp_path: Path) -> None:
    """While one thread overwrites, whatever another reads is one of the two contents, whole."""
    store = open_storage(f"file://{tmp_path}")
    contents = {b"a" * 300_000, b"b" * 200_000}
    store.put("k", next(iter(contents)), "text/plain")

    def write() -> None:
        for _ in range(20):
            for data in contents:
                store.put("k", data, "text/plain")

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while writer.is_alive():
        seen.add(store.get("k"))
    writer.join()
    assert seen <= contents


def test_a_bucket_keeps_the_content_type_under_its_prefix(bucket: Bucket) -> None:
    """A browser that is sent to the object shows a picture."""
    open_storage("s3://tickets/shop/one").put("qr/a.png", b"x", "image/png")
    assert bucket.objects == {"shop/one/qr/a.png": (b"x", "image/png")}


@pytest.mark.parametrize("failure", [(403, "AccessDenied"), (404, "NoSuchBucket"), (400, "InvalidRequest")])
def test_a_bucket_that_refuses_is_unavailable(bucket: Bucket, failure: tuple[int, str]) -> None:
    """A wrong key or bucket is a matter of configuration: jobs wait until it is mended, reading and writing alike."""
    store = open_storage("s3://tickets")
    bucket.failure = failure
    with pytest.raises(StorageUnavailable, match="AWS_"):
        store.check()
    with pytest.raises(StorageUnavailable, match="AWS_"):
        store.get("a")
    with pytest.raises(StorageUnavailable, match="AWS_"):
        list(store.list())


def test_a_bucket_that_is_down_is_unavailable(monkeypatch: pytest.MonkeyPatch, bucket: Bucket) -> None:
    """Nothing listens at the endpoint."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StorageUnavailable, match=r"writing storage-check/.*error sending request"):
        open_storage("s3://tickets").check()
    assert bucket.objects == {}


@pytest.mark.parametrize(
    ("text", "kind", "advice"),
    [
        ("Unable to copy data to file: No space left on device (os error 28)", StorageUnavailable, "free some space"),
        ("Unable to open file /x#1: Read-only file system (os error 30)", StorageUnavailable, "mount it for writing"),
        ("Unable to create dir /x: Permission denied (os error 13)", StorageUnavailable, "right to write"),
        ("Unable to open file /x#1: File name too long (os error 36)", StorageKeyInvalid, "too long"),
        ("Unable to copy data: Something new (os error 9999)", StorageUnavailable, "STORAGE_URL"),
    ],
)
def test_the_systems_errors_are_told_with_advice(text: str, kind: type[BellhopError], advice: str) -> None:
    """The texts of obstore for a full, read-only and forbidden disk, as seen on such disks."""
    error = translate(GenericError(f"Generic LocalFileSystem error: {text}\n\nDebug source:\nlong"), "writing a/b")
    assert (type(error), advice in str(error), "Debug" in str(error)) == (kind, True, False)
