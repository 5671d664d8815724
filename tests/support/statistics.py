"""What RabbitMQ itself counts, at once: the figures of its management API are samples, which may come late or never."""

import re
import urllib.request
from collections import Counter
from typing import Literal
from urllib.parse import quote

from deploy.local.rabbitmq import RabbitMQ

Event = Literal["acked", "redelivered"]


def count_messages(node: RabbitMQ, vhost: str, event: Event) -> Counter[str]:
    """How many messages of each queue this happened to on the channels that are open now."""
    query = f"vhost={quote(vhost, safe='')}&family=channel_queue_metrics"
    url = f"http://127.0.0.1:{node.prometheus_port}/metrics/detailed?{query}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        text = answer.read().decode()
    line = re.compile(
        rf'^rabbitmq_detailed_channel_messages_{event}_total{{(.*)queue="([^"]*)"(.*)}} (\d+)$', re.MULTILINE
    )
    counted = Counter[str]()
    for before, queue, after, number in line.findall(text):
        if f'vhost="{vhost}"' in before + after:
            counted[queue] += int(number)
    return counted
