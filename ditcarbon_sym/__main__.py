"""The command line's front door: ``ditcarbon``, and ``python -m ditcarbon_sym``."""

import signal


def main() -> None:
    """Run one command. Ctrl-C while the command line itself loads ends it without a traceback, if it may end it at all:
    what was started in the background ignores it.
    """
    asked = signal.getsignal(signal.SIGINT)
    if asked is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from .cli import app

    signal.signal(signal.SIGINT, asked)
    app.main()


if __name__ == "__main__":
    main()
