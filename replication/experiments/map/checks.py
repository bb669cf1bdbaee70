"""What the parameters of 07_map may be."""

from pathlib import Path

from replication.experiments.checks import check_names
from replication.experiments.map.agreement import FULL
from replication.experiments.map.design import BASELINE, Design
from replication.features.sources import TEXT, VIEWS, Towers
from replication.files import within_project
from replication.heads import HeadSettings
from replication.heads.settings import KINDS
from replication.selection.registry import check_methods
from replication.validation import (
    check_choice,
    check_count,
    check_distinct,
    check_each,
    check_not_negative,
    check_positive,
    check_text,
)

MAP = Path("tables") / "map.csv"


def check_parameters(parameters: dict) -> dict:
    """Return the parameters after checking each.

    Raises:
        TypeError, ValueError: one line for the first that cannot work.
        FileNotFoundError: `rule_from` holds no map, or `full_training` no fine-tuning.
    """
    p = parameters
    check_names(p)
    for name in ("source", "rule_from", "full_training"):
        check_text(name, p[name])
    check_count("items", p["items"], 0)
    for name in ("left", "right", "workers"):
        check_count(name, p[name], 0)
    for name in ("tuning_seeds", "seeds"):
        check_count(name, p[name], 1)
    if check_count("first_seed", p["first_seed"], 0) < p["tuning_seeds"]:
        raise ValueError(f"first_seed={p['first_seed']} must be >= tuning_seeds={p['tuning_seeds']}: none may do both")
    check_choice("heads", p["heads"], KINDS)
    check_positive("margin", p["margin"])
    if check_not_negative("longer", p["longer"]) and p["longer"] <= 1:
        raise ValueError(f"longer={p['longer']} must be > 1 (times the epochs), or 0: not tried")
    for name, low in (("batch_sizes", 2), ("epochs", 1)):
        check_each(name, p[name], check_count, low)
    check_distinct("batch_sizes", [str(b) for b in p["batch_sizes"]])
    if len(p["epochs"]) != len(p["batch_sizes"]):
        raise ValueError(f"epochs={p['epochs']!r} must be as many as batch_sizes={p['batch_sizes']!r}, one for each")
    check_each("rates", p["rates"], check_positive)
    check_distinct("rates", [str(float(rate)) for rate in p["rates"]])
    if BASELINE not in check_methods(p["methods"]):
        raise ValueError(f"methods={p['methods']!r} must contain {BASELINE!r}, shuffled batches")
    if not isinstance(p["left_out"], list | tuple):
        raise ValueError(f"left_out={p['left_out']!r} must be a list of lines such as 'SC from 64'")
    left_out_of(p)
    towers_of(p)
    design_of(p)
    if p["rule_from"] and not (within_project(p["rule_from"]) / MAP).is_file():
        raise FileNotFoundError(f"rule_from={p['rule_from']!r} must be the folder of a map's results; it has no {MAP}")
    if p["full_training"] and not (within_project(p["full_training"]) / FULL).is_file():
        raise FileNotFoundError(
            f"full_training={p['full_training']!r} must be the folder of results of 06_clip; it has no {FULL}"
        )
    return parameters


def towers_of(parameters: dict) -> Towers:
    """Return the frozen towers that the parameters name."""
    return Towers(size=parameters["size"], views=parameters["views"], crop_min=parameters["crop_min"])


def left_out_of(parameters: dict) -> dict[str, int]:
    """Return the batch size from which on a method is left out, by method, from lines such as "SC from 64".

    Raises:
        ValueError: a line that cannot be read, or does not name one of the methods.
    """
    methods, found = check_methods(parameters["methods"]), {}
    for line in parameters["left_out"]:
        method, middle, size = str(line).rpartition(" from ")
        if not middle or not size.isdecimal() or method not in methods or method == BASELINE:
            raise ValueError(
                f"left_out: {line!r} must be '<method> from <batch size>', with one of methods other than {BASELINE}"
            )
        found[method] = int(size)
    return found


def design_of(parameters: dict) -> Design:
    """Return the map that the parameters describe."""
    p = parameters
    settings = HeadSettings(kind=p["heads"], hidden=p["hidden"], out=p["out"], k=p["k"], candidates=p["candidates"])
    return Design(
        **{name: tuple(p[name]) for name in ("batch_sizes", "epochs", "rates")},
        methods=tuple(check_methods(p["methods"])),
        left_out=left_out_of(p),
        **{name: p[name] for name in ("tuning_seeds", "first_seed", "seeds", "longer")},
        settings=settings,
    )


def kind_of(source: str) -> str:
    """Return what the pairs of a source are: "captions", "texts", "views", or "digits", which speaks for nothing else."""
    if source == "digits":
        return "digits"
    return "texts" if source.endswith(TEXT) else "views" if source.endswith(VIEWS) else "captions"
