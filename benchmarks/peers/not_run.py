"""How a contestant declines."""


class NotRun(Exception):
    """A contestant cannot take this problem; the message is the reason."""
