"""Tables of links as the search for neighbours needs them: /proc's, and a helper's for the rest."""

from __future__ import annotations

import errno
from collections.abc import Collection, Iterable, Iterator

from fdtui.errors import FdtuiError
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.procfs import Entry, ProcFs
from fdtui.linux.record import Record
from fdtui.survey.comparing import Comparing, HelpedComparing
from fdtui.survey.entryrecord import record_of
from fdtui.survey.helped import HelpedProcFs
from fdtui.survey.links import ProcessLinks, bare_record, process_links
from fdtui.survey.scan import Cancelled, never
from fdtui.survey.sharing import Descriptor

if TYPE_CHECKING:
    from fdtui.acquire.helper_client import HelperClient

_REFUSED = (errno.EACCES, errno.EPERM)
_AT_ONCE = 50  # tables asked of the helper between two looks at `cancelled`


class Tables:
    """Reads for one search, so that what the helper told of a row need not be asked again."""

    def __init__(self, procfs: ProcFs) -> None:
        self._helper = procfs.helper if isinstance(procfs, HelpedProcFs) else None
        self._told: dict[Descriptor, Entry] = {}
        self._refused: set[int] = set()  # to us, not to the helper
        self.keep: Collection[str] | None = None  # links of rows to remember; None: of all
        self.comparing = (
            Comparing()
            if self._helper is None
            else HelpedComparing(self._helper, self._refused.__contains__)
        )

    def of(self, pid: int) -> ProcessLinks | None:
        """Return one table, empty where it is refused; None when the process is gone."""
        for table, _ in self.all([pid], never):
            return table
        return None

    def helped(self, pid: int) -> bool:
        """Was the table read by the helper?"""
        return pid in self._refused

    def all(self, pids: Iterable[int], cancelled: Cancelled) -> Iterator[tuple[ProcessLinks, bool]]:
        """Yield these tables, with True those of the helper, which come last."""
        refused: list[int] = []
        for table in process_links(pids, cancelled):
            code = table.error.errno if table.error is not None else 0
            if code in _REFUSED and self._helper is not None:
                refused.append(table.pid)
            else:
                yield table, False
        while refused and self._helper is not None and not cancelled():
            part, refused = refused[:_AT_ONCE], refused[_AT_ONCE:]
            for table in self._ask(self._helper, part):
                yield table, True

    def _ask(self, helper: HelperClient, pids: list[int]) -> Iterator[ProcessLinks]:
        try:
            for listed in helper.tables(pids):
                self._refused.add(listed.pid)
                rows = {one.fd: one for one in listed.entries if isinstance(one.fd, int)}
                links = {fd: one.link for fd, one in rows.items() if one.link}
                keep = self.keep
                self._told.update(
                    {
                        (listed.pid, fd): rows[fd]
                        for fd, link in links.items()
                        if keep is None or link in keep
                    }
                )
                yield ProcessLinks(listed.pid, list(links), list(links.values()), listed.error)
        except FdtuiError:
            return  # it has ended: what it did not tell is not known

    def record(self, one: Descriptor, link: str) -> Record:
        """Return a row with what is known of it."""
        entry = self._told.get(one)
        return bare_record(*one, link) if entry is None else record_of(entry)
