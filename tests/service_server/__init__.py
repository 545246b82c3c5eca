"""A web service on loopback, with a log of its requests and every fault that services are known for.

Each news service has a package of its own beside this one, which gives the answers: `tests/alpaca_server` and its like.
"""

from tests.service_server.faults import FAULTS, Fault
from tests.service_server.server import LoopbackService, Reply, Request, json_reply

__all__ = ["FAULTS", "Fault", "LoopbackService", "Reply", "Request", "json_reply"]
