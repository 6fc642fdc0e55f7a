"""Standard streams as they may be: closed, a pipe whose reader left, a full disk, plain ASCII.

A command goes on when nobody takes what it prints, so that its files are written all the same.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
import unicodedata
from contextlib import suppress
from typing import Any

_SPELT = {
    "µ": "u", "μ": "u", "−": "-", "–": "-", "—": "-", "‑": "-", "×": "x", "·": "*", "→": "->",
    "←": "<-", "↔": "<->", "↑": "up", "↓": "down", "≤": "<=", "≥": ">=", "≈": "~", "±": "+/-",
    "≠": "!=", "∞": "inf", "√": "sqrt", "°": " deg", "“": '"', "”": '"', "‘": "'", "’": "'",
    "•": "*", "ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "ł": "l", "Ł": "L", "đ": "d",
    "ı": "i", "∂": "d", "Σ": "sum", "⁻": "-",
}  # fmt: skip


def spelt(letter: str) -> str:
    """A letter in ASCII: ``u`` for µ, ``beta`` for β, ``e`` for é; else its number."""
    if letter in _SPELT:
        return _SPELT[letter]
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    name = unicodedata.name(letter, "")
    if plain or unicodedata.combining(letter):
        return plain
    if name.startswith("GREEK ") and " LETTER " in name:
        word = name.partition(" LETTER ")[2].partition(" ")[0]
        return word.capitalize() if "CAPITAL" in name else word.lower()
    return letter.encode("ascii", "backslashreplace").decode()


def _spell(error: UnicodeError) -> tuple[str, int]:
    """Error handler of an encoding: what it does not have is spelt in ASCII."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(spelt, error.object[error.start : error.end])), error.end


class _Encoder(codecs.IncrementalEncoder):
    def encode(self, text: str, final: bool = False) -> bytes:
        return text.encode("ascii", "spell")


def _codec(name: str) -> codecs.CodecInfo | None:
    """ASCII under another name: what libraries take for ASCII, they replace by UTF-8."""
    if name.replace("_", "-") != SPELT_ASCII:
        return None
    ascii_ = codecs.lookup("ascii")
    return codecs.CodecInfo(
        lambda text, errors="": ascii_.encode(text, "spell"),
        ascii_.decode,
        incrementalencoder=_Encoder,
        incrementaldecoder=ascii_.incrementaldecoder,
        name=SPELT_ASCII,
    )


SPELT_ASCII = "spelt-ascii"
codecs.register_error("spell", _spell)
codecs.register(_codec)


class _Sink(io.FileIO):
    """A file that takes everything: what cannot be written is dropped, and the first fault kept."""

    fault: OSError | None = None

    def write(self, data: Any) -> int:
        """Write, or drop."""
        if self.fault is None:
            try:
                return super().write(data)
            except BlockingIOError:
                raise
            except OSError as error:
                self.fault = error
        return memoryview(data).nbytes


_sinks: dict[str, _Sink] = {}


def open_streams() -> list[str]:
    """Make all three streams usable; return the words of those that were closed."""
    closed = [name for fd, name in enumerate(("input", "output", "error")) if _opened(fd)]
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
    for fd, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is not getattr(sys, f"__{name}__"):
            continue  # somebody catches what is printed
        if os.name == "nt" and stream is not None:  # a console there is no file
            stream.reconfigure(errors="spell")
        else:
            setattr(sys, name, _wrapped(stream, fd, name))
    return closed


def _opened(fd: int) -> bool:
    """Open the null device where a standard stream is closed: else the next file would be it."""
    try:
        os.fstat(fd)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR)
        if null != fd:
            os.dup2(null, fd)
            os.close(null)
        return True
    return False


def _wrapped(stream: Any, fd: int, name: str) -> io.TextIOWrapper:
    if stream is not None:
        with suppress(OSError):
            stream.flush()
    _sinks[name] = _Sink(fd, "w", closefd=False)
    lines = fd == 2 or getattr(stream, "line_buffering", False)
    unbuffered = getattr(stream, "write_through", False)
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return io.TextIOWrapper(
        io.BufferedWriter(_sinks[name]),
        encoding=SPELT_ASCII if codecs.lookup(encoding).name == "ascii" else encoding,
        errors="spell",
        line_buffering=lines or unbuffered,
    )


def lost() -> str:
    """Why what was printed did not arrive; empty if it did, or if its reader left on purpose."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    fault = _sinks["stdout"].fault if "stdout" in _sinks else None
    if fault is None or fault.errno in (errno.EPIPE, errno.EINVAL):
        return ""
    return str(fault.strerror or fault)
