"""A mail server for one's own machine: takes every mail and writes it as a file, sends nothing.

Run as `python -m deploy.local.mail_sink PORT FOLDER`.
"""

import argparse
import signal
import time
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

BIGGEST = 50 * 1024 * 1024
"""Bytes of one mail; larger ones are refused with 552, as a real server does."""


class Folder:
    """Writes each mail as one .eml file whose name sorts by time, with the envelope as two headers on top."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd calls it so
        """The file appears whole or not at all, and before the mail is accepted."""
        head = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n"
        content = envelope.original_content or b""
        file = self._folder / f"{time.time_ns()}.eml"
        beside = file.with_suffix(".new")
        beside.write_bytes(head.encode() + content)
        beside.rename(file)
        return "250 Accepted"


def serve(port: int, folder: Path) -> Controller:
    """Start to listen on 127.0.0.1; the caller stops it."""
    folder.mkdir(parents=True, exist_ok=True)
    controller = Controller(Folder(folder), hostname="127.0.0.1", port=port, data_size_limit=BIGGEST)
    controller.start()
    return controller


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.mail_sink", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    controller = serve(arguments.port, arguments.folder)
    print(f"mail sink on 127.0.0.1:{arguments.port}, mails in {arguments.folder}", flush=True)
    signal.sigwait(signals)
    controller.stop()


if __name__ == "__main__":
    main()
