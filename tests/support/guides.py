"""Guides are pasted into a shell: every block is run, and what it prints is as the guide shows it."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ANYTHING = "…"
"""Where a guide shows this, there is something."""
END = "@@end"
BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def missing(shown: Any, answer: Any, path: str = "") -> list[str]:
    """What the guide shows and the answer does not have. A list is to begin with what is shown."""
    if shown == ANYTHING:
        return [] if answer is not None else [path]
    if isinstance(shown, dict) and isinstance(answer, dict):
        return [gap for name in shown for gap in missing(shown[name], answer.get(name), f"{path}/{name}")]
    if isinstance(shown, list) and isinstance(answer, list):
        if len(answer) < len(shown):
            return [path]
        return [gap for place, one in enumerate(shown) for gap in missing(one, answer[place], f"{path}/{place}")]
    return [] if shown == answer else [f"{path} is {answer!r}"]


def run(shell: "subprocess.Popen[str]", script: str) -> str:
    """What a block prints. A shell that stops at an error has said so on the test's own error output."""
    assert shell.stdin is not None
    assert shell.stdout is not None
    shell.stdin.write(f"{script}\necho; echo {END}\n")
    shell.stdin.flush()
    said = ""
    for line in shell.stdout:
        if line.strip() == END:
            return said
        said += line
    raise AssertionError(f"the shell stopped after printing {said!r} at:\n{script}")


def follow(guide: str, folder: Path, environment: Mapping[str, str], between: Callable[[], object]) -> None:
    """Run all blocks of a guide in one shell; `between` two of them the jobs are done that the first has led to."""
    blocks = BLOCK.findall(guide)
    with subprocess.Popen(
        ["bash", "-euo", "pipefail"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=folder,
        env={**os.environ, **environment},
        text=True,
    ) as shell:
        for (kind, script), (following, answer) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
            if kind == "sh":
                said = run(shell, script)
                shown = json.loads(answer) if following == "json" else {}
                assert not shown or missing(shown, json.loads(said)) == [], f"{script}answered {said[:2_000]}"
                between()
