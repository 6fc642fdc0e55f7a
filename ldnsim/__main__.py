"""``python -m ldnsim`` is the same as ``ldnsim``."""

from ldnsim.cli import main

if __name__ == "__main__":
    main()
