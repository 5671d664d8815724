"""A call as Retell has it: before, after its end, and after its analysis."""

import secrets
import string
from datetime import datetime, timedelta
from typing import Any

from deploy.local.providers.clock import milliseconds

ALPHABET = string.ascii_letters + string.digits
TALK = (
    ("agent", "Hello, this is Ava at Example Dental. How can I help?"),
    ("user", "Hi, I would like to book a check-up."),
    ("agent", "Gladly. I have noted your request, you will get a confirmation."),
)
ONLY_ANALYSED = "call_analysis"
NOT_LISTED = ("transcript", "transcript_object", "transcript_with_tool_calls", "recording_url")
"""What version 3 of the list leaves out of each call: whoever wants it asks for the call itself."""


def new_call_id() -> str:
    """32 letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(32))


def whole(told: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A call that has ended, with its analysis: what was told, and everything else made up.

    `analysis` is short for call_analysis.custom_analysis_data, `minutes_ago` for its end. A field told as None is left
    out, as Retell leaves out what is unset.
    """
    told = dict(told)
    custom = told.pop("analysis", {})
    end = now - timedelta(minutes=float(told.pop("minutes_ago", 0)))
    call_id = told.pop("call_id", None) or new_call_id()
    start = end - timedelta(seconds=25.791)
    call = {
        "call_type": "phone_call",
        "from_number": "+12137771234",
        "to_number": "+12137771235",
        "direction": "inbound",
        "call_id": call_id,
        "agent_id": "agent_of_the_local_retell",
        "agent_version": 3,
        "agent_name": "Ava",
        "call_status": "ended",
        "metadata": {},
        "retell_llm_dynamic_variables": {},
        "collected_dynamic_variables": {},
        "start_timestamp": milliseconds(start),
        "end_timestamp": milliseconds(end),
        "duration_ms": 25791,
        "disconnection_reason": "user_hangup",
        **_talk(told.pop("talk", TALK)),
        "recording_url": f"https://recordings.retell.example/{call_id}/recording.wav",
        "public_log_url": f"https://recordings.retell.example/{call_id}/public.log",
        "data_storage_setting": "everything",
        "opt_in_signed_url": False,
        "call_cost": {"product_costs": [], "total_duration_seconds": 26, "combined_cost": 4.95},
        "call_analysis": {
            "call_summary": "The caller wanted an appointment.",
            "in_voicemail": False,
            "user_sentiment": "Positive",
            "call_successful": True,
            "custom_analysis_data": custom,
        },
    }
    return {name: value for name, value in {**call, **told}.items() if value is not None}


def _talk(talk: Any) -> dict[str, Any]:
    spoken = [(str(role), str(content)) for role, content in talk]
    lines = [f"{role.capitalize()}: {content}" for role, content in spoken]
    turns = [
        {
            "role": role,
            "content": content,
            "words": [
                {"word": word, "start": number * 0.3, "end": number * 0.3 + 0.27}
                for number, word in enumerate(content.split())
            ],
        }
        for role, content in spoken
    ]
    return {
        "transcript": "".join(f"{line}\n" for line in lines),
        "transcript_object": turns,
        "transcript_with_tool_calls": turns,
    }


def as_ended(call: dict[str, Any]) -> dict[str, Any]:
    """The call before its analysis."""
    return {name: value for name, value in call.items() if name != ONLY_ANALYSED}


def never_connected(call: dict[str, Any], reason: str = "dial_no_answer") -> dict[str, Any]:
    """A call that nobody took: no transcript, no start, no recording."""
    gone = {*NOT_LISTED, "start_timestamp", "end_timestamp", "public_log_url"}
    kept = {name: value for name, value in call.items() if name not in gone}
    return {**kept, "call_status": "not_connected", "disconnection_reason": reason, "duration_ms": 0}
