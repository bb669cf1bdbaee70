"""What a training raises that the rest of its grid has ended."""


class Stopped(RuntimeError):
    """The grid is over, as another training failed or its time has run out, so this one ended at its last checkpoint."""
