"""The requests that the guide to archives shows are answered as it says."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi.testclient import TestClient

from services.media.domain.photos import Place
from tests.architecture.source import ROOT
from tests.integration.media.archives.scene import Scene

_BLOCK = re.compile(r"^```http\n([A-Z]+) (\S+)\n(.*?)^```\n+```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANYTHING = "…"


def steps() -> Iterator[tuple[str, str, str, Any]]:
    """Method, path, body and the answer that is shown."""
    guide = (ROOT / "docs/media.md").read_text(encoding="utf-8").partition("\n## Archives\n")[2]
    for method, path, body, answer in _BLOCK.findall(guide.partition("\n## ")[0]):
        yield method, path, body.strip(), json.loads(answer)


def filled(text: str, known: Mapping[str, str]) -> str:
    """The text with what is known by now in place of its placeholders."""
    for name, value in known.items():
        text = text.replace(name, value)
    return text


def test_the_guide_works_as_it_is_written(scene: Scene, api: TestClient) -> None:
    """Between two requests the jobs are done that the first has led to."""
    album = scene.album()
    for name in ("one.jpg", "two.jpg"):
        scene.photo(Place(album, None), name)
    known = {"{album}": str(album)}
    ran = 0

    for method, path, body, shown in steps():
        content = json.loads(filled(body, known)) if body else None
        answer = api.request(method, filled(path, known), json=content).json()
        known["{archive}"] = answer.get("id", "")
        scene.inline().drain()
        wrong = {name: answer.get(name) for name in shown if shown[name] not in {ANYTHING, answer.get(name)}}
        missing = [name for name in shown if shown[name] == ANYTHING and answer.get(name) is None]
        assert (wrong, missing) == ({}, []), answer
        ran += 1

    assert ran == 2
