"""Runs LocalStack 4.14 without Docker, on the loopback interface, for as long as its parent holds our standard input open."""

import collections
import os
import sys
import tempfile
import threading

import psutil
from localstack.runtime.main import main
from localstack.services.s3 import provider as s3
from localstack.services.sqs.provider import SqsProvider
from twisted.internet import endpoints

_endpoint = endpoints.TCP4ServerEndpoint


def _on_loopback(reactor, port, backlog=50, interface=""):
    """With its twisted server LocalStack passes no host of GATEWAY_LISTEN on for IPv4, and would listen everywhere."""
    return _endpoint(reactor, port, backlog=backlog, interface=interface or "127.0.0.1")


_receive = SqsProvider.receive_message
_received = collections.OrderedDict()
_receiving = threading.Lock()


def _receive_once(self, context, receive_request_attempt_id=None, **asked):
    """As SQS does, and LocalStack does not: a repeat whose first try got no answer gets the messages of that try, which would
    stay hidden from everybody else until their time is up."""
    if receive_request_attempt_id is None:
        return _receive(self, context, **asked)
    with _receiving:
        if receive_request_attempt_id not in _received:
            _received[receive_request_attempt_id] = _receive(self, context, **asked)
            if len(_received) > 1_000:
                _received.popitem(last=False)
        return _received[receive_request_attempt_id]


def _end_with_parent():
    """What we started, the database above all, goes with us: it may have a process group of its own."""
    sys.stdin.buffer.read()
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os._exit(0)


endpoints.TCP4ServerEndpoint = _on_loopback
# LocalStack writes objects to a fixed folder in /tmp, and leaves them there.
s3.DEFAULT_S3_TMP_DIR = os.path.join(tempfile.gettempdir(), "s3")
SqsProvider.receive_message = _receive_once

if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    main()
