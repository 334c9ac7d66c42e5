"""What every experiment is told: who takes part, how many rounds, in which precision."""

from .peers import FLOOR, KEYS, NAMES, OURS, load


class Session:
    """Attributes: rounds, dtype, keys (of the contestants asked for; ours and the floor always),
    modules (a dict from those that are installed), missing (one from the others to the reason).
    """

    def __init__(self, rounds, dtype, keys=KEYS):
        self.rounds, self.dtype = rounds, dtype
        self.keys = [key for key in KEYS if key in {OURS, FLOOR, *keys}]
        self.modules, self.missing = load(self.keys)

    def few(self, divisor):
        """Fewer rounds, for experiments whose single steps are long."""
        return max(1, self.rounds // divisor)

    def plain(self):
        """The session as JSON can hold it."""
        versions = {NAMES[key]: module.VERSION for key, module in self.modules.items()}
        missing = {NAMES[key]: reason for key, reason in self.missing.items()}
        return {
            "rounds": self.rounds, "dtype": self.dtype, "versions": versions, "missing": missing,
        }  # fmt: skip

    def __str__(self):
        lines = [f"{NAMES[key]} {module.VERSION}" for key, module in self.modules.items()]
        lines += [f"{NAMES[key]}: {reason}" for key, reason in self.missing.items()]
        return "\n".join([*lines, f"{self.dtype}, {self.rounds} rounds"])
