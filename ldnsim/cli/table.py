"""Tables: aligned for a person, tab-separated for a program."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from ldnsim.cli import files

Rows = Sequence[Sequence[str]]


def _too_narrow(columns: int) -> bool:
    """Whether a drawn table would have columns of no width, and what is in them would be lost."""
    from shutil import get_terminal_size

    return get_terminal_size().columns < 8 * columns


def show(headers: Sequence[str], rows: Rows, title: str = "") -> None:
    """Print a table to stdout: drawn when it is a terminal, tab-separated when it is piped."""
    if not sys.stdout.isatty() or _too_narrow(len(headers)):
        for row in (headers, *rows):
            print("\t".join(" ".join(str(cell).split()) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", header_style="bold")
    for header in headers:
        table.add_column(header, overflow="fold")
    for row in rows:
        # as Text: brackets in data would be read as markup
        table.add_row(*(Text(str(cell)) for cell in row))
    Console().print(table)


def write_csv(path: Path, headers: Sequence[str], rows: Rows) -> None:
    """Write a table to a CSV file; ``files.check`` comes first."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([headers, *rows])
    files.write(path, text.getvalue())
