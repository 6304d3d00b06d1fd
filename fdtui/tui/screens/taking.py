"""The keys that take a descriptor or lead to its other end, wherever a row is one."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType

from fdtui.acquire.base import Target
from fdtui.linux.json_types import Info
from fdtui.render.safe import safe
from fdtui.render.spans import Span, shown
from fdtui.survey.descriptors import Fd
from fdtui.survey.peers import Peer
from fdtui.tui.screens.tableplace import TablePlace
from fdtui.tui.widgets.dialog import Button, Dialog, DialogLine

_MOST_CHOICES = 9  # peers that get a key of their own


class Selected(NamedTuple):
    """The descriptor of the selected row; `target` None for cwd, root and exe."""

    pid: int
    fd: Fd
    comm: str
    link: str
    target: Target | None
    peers: tuple[Peer, ...]
    json: Info

    @property
    def words(self) -> str:
        """`ingestd 4182 fd 7`."""
        place = f"fd {self.fd}" if isinstance(self.fd, int) else self.fd
        return f"{safe(self.comm)} {self.pid} {place}"


class TakingPlace(TablePlace):
    """A table of descriptors.  A subclass says which one is selected."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "steal", "steal", id="fd.steal", show=False),
        Binding("p", "pull", "pull", id="fd.pull", show=False),
        Binding("o", "open_anew", "open anew", id="fd.reopen", show=False),
        Binding("J", "jump", "jump to the peer", id="fd.jump", show=False),
        Binding("x", "act", "act", id="fd.act", show=False),
        Binding("d", "dump", "dump", id="fd.dump", show=False),
        Binding("t", "rewind", "truncate and rewind", id="fd.rewind", show=False),
        Binding("b", "nonblock", "O_NONBLOCK on or off", id="fd.nonblock", show=False),
        # With priority: what is typed right behind the key belongs into the line it opens.
        Binding("w", "redirect", "redirect it", id="fd.redirect", show=False, priority=True),
        Binding("exclamation_mark", "run", "run a command with it", id="fd.run", show=False),
    ]

    def selected(self) -> Selected | None:
        """Return what the keys act on."""
        raise NotImplementedError

    def table_refused(self) -> bool:
        """Is there no descriptor to be selected because nobody lets us look?"""
        return False

    def _descriptor(self) -> tuple[Target, str] | None:
        chosen = self.selected()
        if chosen is None:
            return None
        if chosen.target is None:
            self.show_result(f"{chosen.fd} is no descriptor: it cannot be taken")
            return None
        return chosen.target, chosen.comm

    def action_look(self) -> None:
        """Borrow it and view it."""
        from fdtui.tui.screens.looking import look

        if (found := self._descriptor()) is not None:
            look(self, *found)

    def action_steal(self) -> None:
        """Take it by pidfd_getfd, and keep it."""
        from fdtui.tui.screens.looking import steal

        if (found := self._descriptor()) is not None:
            steal(self, *found)

    def action_pull(self) -> None:
        """Have somebody send it, and keep it; where nothing may be seen, ask for a helper."""
        from fdtui.tui.screens.looking import pull
        from fdtui.tui.screens.pulling import start_helper

        if self.table_refused():
            start_helper(self)
        elif (found := self._descriptor()) is not None:
            pull(self, *found)

    def action_open_anew(self) -> None:
        """Open the same file again: a private description."""
        from fdtui.tui.screens.looking import open_anew

        if (found := self._descriptor()) is not None:
            open_anew(self, *found)

    def action_act(self) -> None:
        """Offer what can be done to it."""
        from fdtui.tui.screens.actions import act_on

        if self._descriptor() is not None and (chosen := self.selected()) is not None:
            act_on(self, chosen)

    def action_rewind(self) -> None:
        """Confirm truncating it and rewinding its offset."""
        self._at_once("truncate-rewind")

    def action_nonblock(self) -> None:
        """Confirm switching O_NONBLOCK."""
        self._at_once("set-nonblock")

    def _at_once(self, name: str) -> None:
        from fdtui.tui.screens.actions import act_at_once

        if self._descriptor() is not None and (chosen := self.selected()) is not None:
            act_at_once(self, chosen, name)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While something is typed, `w` is a letter like any other."""
        if action == "redirect":
            return not self.typing
        return super().check_action(action, parameters)

    async def action_redirect(self) -> None:
        """Ask where it shall lead instead."""
        from fdtui.tui.screens.actions import redirect_row

        if self._descriptor() is not None and (chosen := self.selected()) is not None:
            await redirect_row(self, chosen)

    def action_dump(self) -> None:
        """Write its bytes to a file."""
        from fdtui.tui.screens.actions import dump_row

        if self._descriptor() is not None and (chosen := self.selected()) is not None:
            dump_row(self, chosen)

    def action_run(self) -> None:
        """Run a command that inherits it."""
        from fdtui.tui.screens.actions import run_row

        if self._descriptor() is not None and (chosen := self.selected()) is not None:
            run_row(self, chosen)

    def action_jump(self) -> None:
        """Go to the other end; a list when there are several."""
        chosen = self.selected()
        if chosen is None:
            return
        if not chosen.peers:
            self.show_result(f"no other end of {chosen.words} is known")
        elif len(chosen.peers) == 1:
            self._jump_to(chosen.peers[0])
        else:
            self.app.push_screen(Peers(chosen), self._jumped)

    def _jumped(self, peer: str | None) -> None:
        chosen = self.selected()
        if peer is not None and chosen is not None:
            self._jump_to(chosen.peers[int(peer) - 1])

    def _jump_to(self, peer: Peer) -> None:
        self.fdtui.open_process(peer.pid, peer.fd, look=False)

    def action_yank(self) -> None:
        """Offer what can be copied of the selected descriptor."""
        from fdtui.tui.screens.yank import Yank, descriptor_choices

        if (chosen := self.selected()) is not None:
            choices = descriptor_choices(chosen.pid, chosen.fd, chosen.link, chosen.json)
            self.app.push_screen(Yank(chosen.words, choices))


class Peers(Dialog):
    """Which of several other ends to go to; each has a digit."""

    def __init__(self, chosen: Selected) -> None:
        peers = chosen.peers[:_MOST_CHOICES]
        lines = [
            DialogLine(
                (
                    Span(f"{number}  ", "key"),
                    *shown(peer.comm, "strong"),
                    Span(f" {peer.pid}" + ("" if peer.fd is None else f" fd {peer.fd}")),
                    Span(f"  {peer.relation}", "muted"),
                )
            )
            for number, peer in enumerate(peers, 1)
        ]
        if len(chosen.peers) > len(peers):
            rest = len(chosen.peers) - len(peers)
            lines.append(DialogLine((Span(f"and {rest} more, listed in the pane", "muted"),)))
        buttons = [Button(str(number), "", "plain") for number in range(1, len(peers) + 1)]
        super().__init__(
            f"Other ends of {chosen.words}",
            lines,
            [*buttons, Button("esc", "leave", "focused")],
        )
