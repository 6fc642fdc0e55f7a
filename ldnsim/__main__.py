"""``python -m ldnsim`` and the ``ldnsim`` script."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; Ctrl-C while it is still being loaded ends it quietly too."""
    try:
        from ldnsim.cli import main as run

        run()
    except KeyboardInterrupt:
        print("ldnsim: stopped", file=sys.stderr)
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
