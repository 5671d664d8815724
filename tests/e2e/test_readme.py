"""The README's way through the system, pasted into a shell."""

import re
import subprocess
from pathlib import Path

from tests.e2e.running import ROOT, RunningStack, surroundings

SECTION = re.compile(r"^## The whole way, by hand$(.*?)^## ", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_whole_way_by_hand_works_as_it_is_written(stack: RunningStack, tmp_path: Path) -> None:
    """All blocks in one shell that stops at the first error: up to the ticket that is let in once."""
    (tmp_path / ".run").symlink_to(stack.folder)
    section = SECTION.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert section is not None
    script = "".join(BLOCK.findall(section.group(1)))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=surroundings(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '{"result":"stored"}' in done.stdout
    assert '"status": "fulfilled"' in done.stdout
    assert re.findall(r'"result":"(\w+)","event"', done.stdout) == ["ok", "already_redeemed"]
