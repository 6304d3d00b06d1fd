"""Text that strangers could give to processes, files and sockets, to harm whoever looks."""

from __future__ import annotations

SEQUENCES = (
    "\x1b]0;PWNED\x07",
    "\x1b]0;PWNED\x1b\\",
    "\x1b[2J\x1b[H",
    "\x1b[31mred",
    "\x1b]52;c;Zm9v\x07",
    "\x1b]8;;http://x/\x1b\\link",
    "\x1bP+q\x1b\\",
    "\x1b",
    "\x9b2J",
    "\x9d0;x\x9c",
    "\x00",
    "a\nb",
    "a\rb",
    "a\tb",
    "a\x08b",
    "\x7f",
    "\x0e\x0f",
)
INVISIBLE = (
    "invoice\u202efdp.exe",
    "\u2066\u2067\u2068\u2069",
    "zero\u200bwidth",
    "\ufeffbom",
    "soft\u00adhyphen",
    "\u115f\u1160\u3164\uffa0",
    "\u2028\u2029",
    "\u00a0nbsp\u3000wide",
    "\U000e0041\U000e0042",
    "\U000f0000 private",
    "braille\u2800blank",
    "x\ufe0f",
    "\U0001f1e9\U0001f1ea",
    "\U0001f469\u200d\U0001f4bb",
)
MARKS = ("\u0301lone", "e\u0301", "e" + "\u0301" * 50, "Z" + "\u0336\u0489" * 20)
BYTES = ("\udcff\udc80\udc9b", "ok\udce9", "\ud800", "\udfff")
MARKUP = (
    "/tmp/[/bold]y",
    "[@click=app.quit]x[/]",
    "[type=x, v={'a[0]'}]",
    "[red]x",
    "\\[x]",
)
WIDE = ("日本語.txt", "ｆｕｌｌ", "한글 이름", "naïve café", "عربي", "a中b", "中" * 300)

HOSTILE = (*SEQUENCES, *INVISIBLE, *MARKS, *BYTES, *MARKUP, *WIDE, "", " " * 50, "x" * 5000)
