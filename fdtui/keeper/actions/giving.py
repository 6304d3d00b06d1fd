"""give: the descriptor itself, by SCM_RIGHTS, to whoever listens at a unix socket."""

from __future__ import annotations

import errno
import os

from fdtui.errors import CallFailed
from fdtui.keeper.actions.arguments import Args, Argument, parse_name, word_at
from fdtui.keeper.actions.base import Action, Held, Outcome, Preview, Token
from fdtui.linux.act_socket import give
from fdtui.linux.procfs import Entry


class Give(Action):
    """sendmsg(2) with SCM_RIGHTS and one zero byte.  Bound to the socket file that listens."""

    name = "give"
    title = "Send it to another process"
    risk = "the receiver can do all the target can"
    arguments = (Argument("SOCKET", parse_name, example="/run/x.sock or @name"),)

    def unfit(self, kind: str, entry: Entry) -> str:
        """The kernel refuses io_uring (EINVAL): a cycle of descriptors in flight."""
        return "give: the kernel does not send an io_uring" if kind == "io_uring" else ""

    def essentials(self, held: Held, args: Args) -> Token:
        path = word_at(args, 0)
        if path.startswith("@"):
            return {}
        try:
            found = os.stat(path)
        except OSError as error:
            raise CallFailed(f"connect({path})", error) from error
        return {"the socket": [found.st_dev, found.st_ino]}

    def preview(self, held: Held, args: Args) -> Preview:
        return Preview(
            now=("the target and its sharers have it",),
            after=(f"who listens at {word_at(args, 0)} has it as well",),
            hazard="The receiver can do with it what the target can, for as long as it likes.",
            undo="none: only the receiver can close it",
            calls=("socket(AF_UNIX)", "connect()", "sendmsg(SCM_RIGHTS)"),
            shared_by="one sharer more",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        path = word_at(args, 0)
        try:
            peer = give(held.owned, path)
        except OSError as error:
            cause = {
                errno.ECONNREFUSED: "nobody listens there",
                errno.EPERM: "the receiver takes no descriptors (SO_PASSRIGHTS)",
            }.get(error.errno or 0, "")
            raise CallFailed(f"sendmsg({path})", error, cause) from error
        to = f"{path} (pid {peer.pid}, uid {peer.uid})" if peer else path
        return Outcome(
            "gave", f"{held.about()} to {to}", (), "none: only the receiver can close it"
        )


ACTIONS = (Give(),)
