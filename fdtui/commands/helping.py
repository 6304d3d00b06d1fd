"""`--via helper` for another user's process: a helper as root for as long as the command runs."""

from __future__ import annotations

from fdtui.acquire import helper_process
from fdtui.acquire.base import Target
from fdtui.acquire.helper import METHOD, own_rights_do
from fdtui.errors import FdtuiError


def with_helper(target: Target, via: str | None) -> None:
    """Start the helper that `via` asks for, where our own rights do not do; sudo may ask here.

    It ends with this process.
    """
    if via != METHOD.name or METHOD.client is not None or own_rights_do(target):
        return
    tools = helper_process.tools()
    if not tools:
        why = "no helper: no sudo, pkexec or doas is installed here"
        raise FdtuiError(why, "apt-get install sudo")
    # Without a terminal it says by itself that there is none to ask on.
    started = helper_process.start(tools[0], ask=True)
    METHOD.attach(started.client, started.info)
