"""The first thing that runs: it looks at the arguments before anything heavy is imported."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs what the arguments ask for; the exit code."""
    arguments = sys.argv[1:]
    if not arguments:
        from domonitor import app

        return app.main()
    if len(arguments) == 2 and arguments[0] == "explain" and not arguments[1].startswith("--"):
        from domonitor import explain

        return explain.main(arguments[1])
    if arguments == ["--version"]:
        from domonitor import __version__

        sys.stdout.write(f"domonitor {__version__}\n")
        return 0
    from domonitor import cli

    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
