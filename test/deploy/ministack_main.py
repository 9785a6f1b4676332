"""Runs MiniStack for as long as its parent holds our standard input open."""

import os
import signal
import sys
import threading

from ministack.app import main
from ministack.core import iam_actions

_action_of_call = iam_actions.extract_iam_action


def _action_as_aws_has_it(service, *request):
    """SQS has no actions for its batch calls: who may send, delete or hide a message may do so with ten of them (service
    authorization reference). MiniStack 1.5.33 takes the call's name for the action (core/iam_actions.py, "Tier 2"), and
    denies sqs:ChangeMessageVisibilityBatch, which no policy can name, to a role that may do sqs:ChangeMessageVisibility.
    """
    action = _action_of_call(service, *request)
    return action.removesuffix("Batch") if service == "sqs" and action else action


def _end_with_parent():
    """Its functions are in our process group, and go with us."""
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


iam_actions.extract_iam_action = _action_as_aws_has_it

if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    main()
