"""Tell somebody how the morning went: by e-mail, a webhook or a command; no receiver can fail or hold up a run."""

from stockseq.notify.deliver import Delivery, deliver
from stockseq.notify.message import Message, build_message

__all__ = ["Delivery", "Message", "build_message", "deliver"]
