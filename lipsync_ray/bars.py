"""Progress as bars on a terminal."""

from __future__ import annotations

from collections.abc import Callable

from rich import progress as bars
from rich.console import Console
from rich.table import Column
from rich.text import Text

from lipsync_ray.progress import nothing

_NAME = 28  # columns for the name of a part
_OTHER_LINES = 6  # of a terminal, which parts leave free


class ConsoleProgress:
    """A bar per stage on a terminal, and below them a bar per part of the current stage.

    Notes scroll by above. Parts that do not fit the terminal are shown once others have ended. A context
    manager.
    """

    def __init__(self, console: Console | None = None) -> None:
        console = console or Console(stderr=True)
        self._bars = bars.Progress(
            bars.TextColumn("{task.description}", markup=False),
            bars.BarColumn(bar_width=24 if console.width >= 100 else 10),
            bars.TextColumn("{task.fields[count]}", markup=False),
            bars.TimeElapsedColumn(),
            _Told(),
            console=console,
            expand=True,  # what the last column tells gives way to the others
        )
        self._bar = _Bar(self._bars)
        self._parts: list[_Part] = []

    def __enter__(self) -> ConsoleProgress:
        self._bars.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for part in list(self._parts):
            part.close()
        if kind is None:
            self._bar.finish()
        self._bars.stop()

    def stage(self, name: str, total: int | None = None) -> None:
        """End the bar before this one and start a new one."""
        self._bar.finish()
        self._bar = _Bar(self._bars)
        self._bar.stage(name, total)

    def advance(self, n: int = 1) -> None:
        """Move the bar."""
        self._bar.advance(n)

    def note(self, text: str) -> None:
        """Show a line above the bars."""
        self._bars.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def detail(self, told: Callable[[], str]) -> None:
        """Show it beside the bar, instead of an estimate of the time that is left."""
        self._bar.detail(told)

    def part(self, name: str) -> _Part:
        """A bar of its own."""
        short = name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
        part = _Part(self, short, _Bar(self._bars, f"  {short}  ", shown=False))
        self._parts.append(part)
        self._reveal()
        return part

    def close(self) -> None:
        """End the current bar."""
        self._bar.finish()

    def end_part(self, part: _Part) -> None:
        """A part has ended."""
        if part in self._parts:
            self._parts.remove(part)
            self._reveal()

    def _reveal(self) -> None:
        room = max(1, self._bars.console.height - _OTHER_LINES)
        for part in self._parts[:room]:
            part.bar.show()


class _Bar:
    """A bar of the display, from one stage to the next."""

    def __init__(self, shown_in: bars.Progress, prefix: str = "", *, shown: bool = True) -> None:
        self._bars = shown_in
        self._prefix = prefix
        self._shown = shown
        self._task: bars.TaskID | None = None
        self._total: int | None = None
        self._done = 0

    def stage(self, name: str, total: int | None) -> None:
        # Names of stages of one width keep bars in their place.
        title = f"{self._prefix}{name:<7}" if self._prefix else name
        self._total, self._done = total, 0
        if self._task is None:
            self._task = self._bars.add_task(
                title, total=total, visible=self._shown, count=self._count(), told=None
            )
        else:
            self._bars.reset(self._task, total=total, description=title, count=self._count())
            self._bars.update(self._task, total=total)  # reset() takes None for "as before"

    def advance(self, n: int) -> None:
        self._done += n
        if self._task is not None:
            self._bars.update(self._task, advance=n, count=self._count())

    def detail(self, told: Callable[[], str]) -> None:
        if self._task is not None:
            self._bars.update(self._task, told=told)

    def show(self) -> None:
        self._shown = True
        if self._task is not None:
            self._bars.update(self._task, visible=True)

    def finish(self) -> None:
        """Leave the bar as a full one."""
        if self._task is not None:
            done = self._done or 1
            self._bars.update(self._task, total=done, completed=done)
            self._bars.stop_task(self._task)
            self._task = None

    def remove(self) -> None:
        """Take the bar away."""
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None

    def _count(self) -> str:
        if self._total is None:
            return str(self._done) if self._done else ""
        return f"{self._done}/{self._total}"


class _Part:
    """A part of a stage, with a bar that is taken away when it ends."""

    def __init__(self, whole: ConsoleProgress, name: str, bar: _Bar) -> None:
        self.bar = bar
        self._whole = whole
        self._name = name
        self._told: Callable[[], str] = nothing

    def stage(self, name: str, total: int | None = None) -> None:
        self.bar.stage(name, total)
        self.bar.detail(self._told)

    def advance(self, n: int = 1) -> None:
        self.bar.advance(n)

    def note(self, text: str) -> None:
        self._whole.note(f"{self._name}: {text}")

    def detail(self, told: Callable[[], str]) -> None:
        self._told = told
        self.bar.detail(told)

    def close(self) -> None:
        self.bar.remove()
        self._whole.end_part(self)


class _Told(bars.ProgressColumn):
    """What a bar's ``told`` says now; without one, the time that is left."""

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=True, overflow="ellipsis", ratio=1))
        self._left = bars.TimeRemainingColumn()

    def render(self, task: bars.Task) -> Text:
        told = task.fields.get("told")
        return self._left.render(task) if told is None else Text(told())
