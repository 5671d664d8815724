"""The requests that the guide to photos shows are answered as it says."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.architecture.source import ROOT
from tests.integration.media.photos.studio import Studio
from tests.support.photos import PLACE, exif_of, photo

_BLOCK = re.compile(r"^```http\n([A-Z]+) (\S+)\n(.*?)^```\n+```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANYTHING = "…"
MADE = {"/v1/albums": "{album}", "/v1/photos": "{photo}"}
"""What a request makes, and how the guide calls it from then on."""
FORM = "Content-Type: multipart/form-data\n"
TAGS = {0x0110: "Pixel 8", 0x0112: 6}
SHOT = {
    0x9003: "2026:06:01 19:30:05", 0x9011: "+02:00", 0x8827: 80, 0x829A: 0.004, 0x829D: 1.7, 0x920A: 6.9,
    0xA434: "back camera",
}  # fmt: skip


def steps() -> Iterator[tuple[str, str, str, Any]]:
    """Method, path, body and the answer that is shown."""
    guide = (ROOT / "docs/media.md").read_text(encoding="utf-8").partition("\n## Photos\n")[2]
    for method, path, body, answer in _BLOCK.findall(guide.partition("\n## ")[0]):
        yield method, path, body.strip(), json.loads(answer)


def ask(studio: Studio, method: str, path: str, body: str) -> Any:
    """Send what the guide shows: JSON, or a form whose file is a photo that tells everything."""
    if not body.startswith(FORM.strip()):
        return studio.api.request(method, path, json=json.loads(body) if body else None).json()
    fields = dict(line.split("=", 1) for line in body.removeprefix(FORM).split())
    name = fields.pop("file").removeprefix("@")
    return studio.send(photo(exif=exif_of(TAGS, SHOT, PLACE)), name, **fields).json()


def test_the_guide_works_as_it_is_written(studio: Studio) -> None:
    """Between two requests the jobs are done that the first has led to."""
    known: dict[str, str] = {}
    for method, path, body, shown in steps():
        answer = ask(studio, method, _filled(path, known), _filled(body, known))
        if path in MADE:
            known[MADE[path]] = answer["id"]
        studio.inline().drain()
        wrong = {name: answer.get(name) for name in shown if shown[name] not in (ANYTHING, answer.get(name))}
        missing = [name for name in shown if shown[name] == ANYTHING and answer.get(name) is None]
        assert (wrong, missing) == ({}, []), answer
    assert len(known) == len(MADE)


def _filled(text: str, known: Mapping[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(name, value)
    return text
