"""What the settings of every kind of training have in common."""

from dataclasses import asdict, fields


class RunSettings:
    """Base of the frozen dataclasses that decide a run; they have fields `objective`, `method` and `seed`, among others."""

    @property
    def name(self) -> str:
        """What tells this run from others of one grid, fit for a folder."""
        text = f"{self.objective}-{self.method}-{self.seed}"
        return "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in text)

    def plain(self) -> dict:
        """Return the settings as plain values."""
        return asdict(self)

    @classmethod
    def common(cls, parameters: dict) -> dict:
        """Return those of a notebook's parameters that are settings: what all runs of a grid share."""
        names = {field.name for field in fields(cls)}
        return {name: value for name, value in parameters.items() if name in names}
