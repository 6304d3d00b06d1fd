"""The viewer: live bytes of a file or a queue in hex and text, and the target's place in them."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from fdtui.keeper.api import Acquired
from fdtui.render.offsets import SYNTAX as OFFSETS
from fdtui.render.offsets import Place, parse_offset
from fdtui.render.patterns import SYNTAX as PATTERNS
from fdtui.render.patterns import parse_pattern
from fdtui.render.spans import Span, Spans
from fdtui.render.units import plural
from fdtui.tui.app import FdtuiApp
from fdtui.tui.screens.bytesplace import AHEAD, BytesPlace
from fdtui.tui.screens.bytesyank import byte_choices
from fdtui.tui.screens.edit import KEYS as EDIT_KEYS
from fdtui.tui.screens.finding import Finder
from fdtui.tui.screens.loanplace import LoanPlace
from fdtui.tui.screens.place import Keys
from fdtui.tui.screens.viewinfo import Facts, info
from fdtui.tui.screens.viewtitle import subject
from fdtui.tui.screens.yank import Choice
from fdtui.tui.widgets.columns import NARROW
from fdtui.tui.widgets.fit import fit, width_of
from fdtui.tui.widgets.inputline import InputLine


def open_viewer(app: FdtuiApp, acquired: Acquired, of: LoanPlace | None = None) -> None:
    """Show the bytes of what was acquired."""
    app.push_screen(ViewerScreen(app, acquired, of))


class ViewerScreen(BytesPlace):
    """Bytes at offsets, or what is queued."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "switch", "hex or text", id="view.switch", show=False),
        Binding("i", "inspect", "inspect", id="view.inspect", show=False),
        # With priority: what is typed right behind the key must find the line in focus already.
        Binding("colon", "go_to", "go to", id="view.go_to", show=False, priority=True),
        Binding("slash", "search", "search", id="view.search", show=False, priority=True),
        Binding("at", "target", "the target's offset", id="view.target", show=False),
        Binding("n", "again(1)", "next match", id="view.next", show=False),
        Binding("N", "again(-1)", "previous match", id="view.previous", show=False),
        Binding("f", "follow", "follow the end", id="view.follow", show=False),
        Binding("e", "edit", "edit", id="view.edit", show=False),
        Binding("d", "dump", "dump", id="view.dump", show=False),
    ]

    def __init__(self, app: FdtuiApp, acquired: Acquired, of: LoanPlace | None = None) -> None:
        super().__init__(app, acquired, of)
        self.finder = Finder(app, self._news, self._found)

    def mark(self) -> None:
        """Show the matches among the bytes on the screen."""
        viewer, finder = self.viewer, self.finder
        if finder.pattern is None:
            viewer.set_matches(())
            return
        offset, length = viewer.shown_bytes()
        start = max(0, offset - len(finder.pattern.data) + 1)
        data = viewer.model.read(start, length + offset - start) or viewer.model.read(
            offset, length
        )
        matches = finder.seen(data, start if len(data) > length else offset)
        viewer.set_matches(matches, finder.current, finder.legend)

    # Words

    def draw_info(self) -> None:
        viewer, wide = self.viewer, self.app.size.width >= NARROW
        if self.nothing_yet:
            self.info_line().show(self.trouble_words())
            return
        model = viewer.model
        words = self.trouble_words() or self._edited() or self.finder.words(wide=wide)
        text = viewer.mode == "text"
        facts = Facts(
            cursor=viewer.cursor if model.end else None,
            target=self.pos,
            size=model.end,
            queued=self.queue,
            following=viewer.following,
            changed=model.changed_bytes,
            rate=self.growth.rate,
            new_lines=self._new_lines() if text else 0,
            words=() if wide and not self.trouble else words,
        )
        right: Spans = words if wide and not self.trouble else ()
        width = self.app.size.width - 4
        left = info(facts, width=width - width_of(right), wide=wide)
        if not wide and not self.titled()[1]:
            # What the title had no room for stands here, if here there is some.
            room = width - width_of(left)
            right = fit(subject(self.kind, self.entry, self.info), room) if room >= 12 else ()
        self.info_line().show(left, right)

    def _new_lines(self) -> int:
        model = self.viewer.model
        return sum(
            model.read(start, min(end - start, AHEAD)).count(b"\n")
            for start, end in model.marks_in(0, model.end)
        )

    def _edited(self) -> Spans:
        """How many bytes were typed over and are not written yet."""
        editing = self.viewer.editing
        if editing is None:
            return ()
        return (Span(f"editing, {plural(len(editing.edits), 'byte')} changed", "strong"),)

    def view_keys(self) -> Keys:
        if self.viewer.editing is not None:
            return (EDIT_KEYS,)
        text, following = self.viewer.mode == "text", self.viewer.following
        narrow = self.app.size.width < NARROW
        first = [("tab", "hex" if text else "text")]
        where = [(":", "go" if narrow else "go to"), ("/", "search")]
        if self.pos is not None:
            where.insert(1, ("@", "target"))
        if following:
            first.append(("f", "stop following"))
        else:
            where.append(("f", "follow"))
        if narrow:
            return first, where, [("x", "act"), ("d", "dump")]
        if not text and not following:
            first.append(("i", "inspect"))
        edit = [] if self.queue else [("e", "edit")]
        return first, where, [*edit, ("x", "act"), ("d", "dump"), ("y", "yank")]

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While something is typed, `:` and `/` are letters like any other."""
        if action == "switch" and self.is_mounted and self.viewer.editing is not None:
            return False  # text has no digits to type over
        if action in ("go_to", "search", "switch"):
            return not isinstance(self.focused, Input)
        return super().check_action(action, parameters)

    def action_switch(self) -> None:
        """Show hex instead of text, or the other way round."""
        self.viewer.set_mode("hex" if self.viewer.mode == "text" else "text")
        self.viewer.view.focus()
        self.show_bars()

    def action_inspect(self) -> None:
        """Show or hide what the bytes at the cursor could mean."""
        if self.viewer.mode == "text":
            self.action_switch()
        self.viewer.inspect(not self.viewer.inspecting)

    def action_target(self) -> None:
        """Jump to the target's own offset."""
        if self.pos is None:
            self.show_result("the target has no offset here")
        else:
            self.viewer.go_to(self.pos)

    def action_follow(self) -> None:
        """Stick to the end, or stay."""
        self.viewer.follow(not self.viewer.following)
        self.fdtui.poller.poke()

    def action_edit(self) -> None:
        """Edit bytes at the cursor."""
        from fdtui.tui.screens.actions import edit

        edit(self, self.acquired, self.viewer.cursor)

    def action_dump(self) -> None:
        """Write the bytes to a file."""
        from fdtui.tui.screens.actions import dump

        dump(self, self.acquired)

    def action_back(self) -> None:
        """Stop a search, then forget it, then go back."""
        if self.finder.stop() or self.finder.clear():
            self._news()
        else:
            super().action_back()

    # Going and searching

    def action_go_to(self) -> None:
        """Ask where to go."""
        self.query_one("#input", InputLine).open(":", note=(Span(OFFSETS, "muted"),))

    def action_search(self) -> None:
        """Ask what to search for."""
        self.query_one("#input", InputLine).open("/", note=(Span(PATTERNS, "muted"),))

    def action_again(self, step: int) -> None:
        """Find the next match, or the one before."""
        self.finder.again(self.acquired.id, self.viewer.cursor, backwards=step < 0)

    def on_input_line_changed(self, message: InputLine.Changed) -> None:
        """Say at once what is wrong with it."""
        mistake = self._mistake(message.prompt, message.value)
        syntax = OFFSETS if message.prompt == ":" else PATTERNS
        wrong = mistake and message.value and mistake != syntax
        message.line.note((Span(mistake, "attention") if wrong else Span(syntax, "muted"),))

    def _mistake(self, prompt: str, value: str) -> str:
        if prompt == "/":
            return parse_pattern(value).mistake
        return self._place(value).mistake

    def _place(self, value: str) -> Place:
        end = self.viewer.model.end
        return parse_offset(value, cursor=self.viewer.cursor, size=end, target=self.pos)

    def on_input_line_submitted(self, message: InputLine.Submitted) -> None:
        """Go there, or search for it."""
        self.viewer.view.focus()
        if message.prompt == ":":
            place = self._place(message.value)
            if place.mistake:
                self.show_result(place.mistake, failed=True)
            else:
                self.viewer.go_to(place.offset)
            return
        pattern = parse_pattern(message.value)
        if pattern.mistake:
            self.show_result(pattern.mistake, failed=True)
        else:
            end = self.viewer.model.end
            self.finder.find(
                self.acquired.id, message.value, pattern, self.viewer.cursor, end or None
            )

    def on_input_line_cancelled(self, _: InputLine.Cancelled) -> None:
        """Leave it."""
        self.viewer.view.focus()

    def _news(self) -> None:
        if self.is_attached:
            self.mark()
            self.show_bars()

    def _found(self, offset: int) -> None:
        self.viewer.follow(False)
        self.viewer.go_to(offset)

    def yank_choices(self) -> list[Choice]:
        offset = self.viewer.cursor
        start, length = self.viewer.shown_bytes()
        if self.viewer.mode == "hex":
            per_row = 16
            start = offset // per_row * per_row
            length = per_row
        return byte_choices(self.viewer.model.read(start, length), offset)
