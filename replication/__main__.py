"""The command line: `python -m replication run | list | report | compare | verify | records | pilot | sweep`."""

import os
import sys

from replication.extras import MissingExtra

INTERRUPTED, PIPE_CLOSED = 128 + 2, 128 + 13  # as shells say it of SIGINT and SIGPIPE


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code, or 130 if it was interrupted, 141 if nobody reads its output any more."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 must not break a long run off
    try:
        from replication.reporting.commands import run_command  # takes seconds, in which one may change one's mind

        code = run_command(arguments)
        sys.stdout.flush()
        return code
    except MissingExtra as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; results of earlier runs are as they were", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # as `head` does when it has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
        return PIPE_CLOSED


if __name__ == "__main__":
    sys.exit(main())
