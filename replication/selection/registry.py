"""A way to choose batches, written in one line: "SwapSearch", "SwapSearch, k 10, hardness 0.25", "neighbours, skip 32",
"JointExamples, filter 0.8", "METIS, skip 30, communities 4".

Notebooks, profiles, `--set`, tables and figures all name selectors so. A line is a name, then words of its own or arguments of
the selector's constructor, each with its value, and `hardness`, the share of its batches among shuffled ones.
"""

import difflib
import inspect
import types
import typing
from dataclasses import dataclass, field

from replication.selection.all_batches import AllBatches
from replication.selection.balanced_kmeans import BalancedKMeans
from replication.selection.base import BatchSelector
from replication.selection.fixed import FixedBatches
from replication.selection.full import FullBatch
from replication.selection.gcbs import GCBS
from replication.selection.graph_partition import GraphPartition
from replication.selection.joint_examples import JointExamples
from replication.selection.mixed import MixedBatches
from replication.selection.nearest_neighbour import NearestNeighbour
from replication.selection.ordered_sgd import OrderedSGD
from replication.selection.random_walk import RandomWalk
from replication.selection.shuffled import ShuffledBatches
from replication.selection.spectral_clustering import SpectralClustering
from replication.selection.swap_search import SwapSearch
from replication.validation import check_count, check_num_samples

# The short names of papers and of tables; each class is known by its own name too.
SHORT = {
    "SGD": ShuffledBatches,
    "OSGD": OrderedSGD,
    "SC": SpectralClustering,
    "neighbours": NearestNeighbour,
    "METIS": GraphPartition,
    "balanced k-means": BalancedKMeans,
    "JEST": JointExamples,
    "random walk": RandomWalk,
    "all batches": AllBatches,
    "full batch": FullBatch,
    "fixed": FixedBatches,
}
CLASSES = SHORT | {kind.__name__: kind for kind in (*SHORT.values(), SwapSearch, GCBS)}
# Words without a value, by class.
WORDS: dict[type, dict[str, dict]] = {
    SwapSearch: {"whole set": {"k": None}},
    SpectralClustering: {"whole set": {"k": None}, "exp": {"affinity": "exp"}},
    # The paper ranks by its loss, eq. (1); the released code by the loss that it trains with, and the hardest comes last.
    OrderedSGD: {"as released": {"hardest_first": False, "loss": "nt_xent"}},
    RandomWalk: {"as released": {"overlap": True}},
}
# What else people call some of them: the line to write instead.
SAID = {
    "shuffled": "SGD",
    "shuffle": "SGD",
    "random": "SGD",
    "BatchSampler": "random walk",
    "B3": "METIS, skip 30, communities 4",
    "NGAME": "balanced k-means",
    "MixedBatches": "SwapSearch, hardness 0.5",
}
# How earlier tables wrote what the rules above would write otherwise.
EARLIER = {
    "SC (exp)": "SC, exp",
    "nearest neighbours": "neighbours",
    "SwapSearch by loss, whole set": "SwapSearch, whole set, objective loss",
    "half SwapSearch, half shuffled": "SwapSearch, whole set, hardness 0.5",
    "METIS, then SwapSearch": "SwapSearch, whole set, refine METIS",
}
NOT_IN_A_LINE = ("self", "batch_size", "batches", "workers", "max_batches", "reference", "reference_temperature")
# The batch sizes with which a line is tried when it is read. It must suit one of them: what `communities` may be grows with B.
TRIED = (32, 2**15)


@dataclass(frozen=True)
class Method:
    """One way to choose batches: its name as tables show it, the selector's class, and what the line says of it."""

    name: str
    kind: type[BatchSelector]
    arguments: dict = field(default_factory=dict)
    hardness: float | None = None

    def make(
        self, num_samples: int, batch_size: int, temperature: float, k: int | None = 40, candidates: int | None = 1500
    ) -> BatchSelector:
        """Return the selector.

        Args:
            num_samples: size of the training set, N, to which `k` and `candidates` are clipped.
            batch_size: B.
            temperature: of the loss by which hardness is judged.
            k: batches in a chunk of spectral clustering and SwapSearch where the line does not say it (the paper: 40).
            candidates: batches of which OSGD keeps a tenth where the line does not say it (the paper: 1500).

        Raises:
            ValueError, TypeError: an argument out of range, or too few samples for neighbours after those to skip.
        """
        check_count("batch_size", batch_size, 1)
        whole = max(1, check_num_samples(num_samples, 1) // batch_size)
        for name, value in (("k", k), ("candidates", candidates)):
            if value is not None:
                check_count(name, value, 1)
        known = inspect.signature(self.kind).parameters
        arguments = {"temperature": temperature, "k": candidates if self.kind is OrderedSGD else k}
        arguments = {name: value for name, value in (arguments | self.arguments).items() if name in known}
        if arguments.get("k") is not None and arguments.get("candidates") != "independent":  # these may hold a batch twice
            arguments["k"] = min(arguments["k"], whole)
        if isinstance(arguments.get("refine"), Method):
            arguments["refine"] = arguments["refine"].make(num_samples, batch_size, temperature, None)
        if "batch_size" in known:
            arguments["batch_size"] = batch_size
        selector = self.kind(**arguments)
        if isinstance(selector, NearestNeighbour | GraphPartition) and selector.skip + batch_size > num_samples:
            needed = f"{selector.skip + batch_size} samples (batch_size={batch_size} and {selector.skip} to skip)"
            raise ValueError(f"method={self.name!r} needs >= {needed}; there are {num_samples}")
        return selector if self.hardness is None else MixedBatches(selector, self.hardness)


def parse_method(line: str) -> Method:
    """Return the way to choose batches that a line describes; see the module's docstring.

    Raises:
        TypeError: `line` is no text.
        ValueError: an unknown name or argument, with the nearest known one; or a value that the selector does not take.
    """
    if not isinstance(line, str):
        raise TypeError(f"method={line!r} must be a text, such as 'SwapSearch, k 10'")
    name = ", ".join(" ".join(part.split()) for part in line.split(","))
    first, *rest = _in_todays_words(name).split(", ")
    if first not in CLASSES:
        raise ValueError(f"method={line!r}: {_unknown(first, 'name', CLASSES)}")
    kind = CLASSES[first]
    arguments, hardness = {}, None
    for part in rest:
        if part in WORDS.get(kind, {}):
            for key in WORDS[kind][part]:
                if key in arguments:
                    raise ValueError(f"method={line!r}: {part!r} says {key}, which is given already")
            arguments |= WORDS[kind][part]
            continue
        key, _, value = part.replace("=", " ").partition(" ")
        types_ = argument_types(kind)
        if key not in types_:
            raise ValueError(f"method={line!r}: {_unknown(key, f'argument of {first}', [*WORDS.get(kind, {}), *types_])}")
        if key in arguments or (key == "hardness" and hardness is not None):
            raise ValueError(f"method={line!r}: {key} is given twice")
        parsed = _value(line, key, value.strip(), types_[key])
        if key == "hardness":
            hardness = parsed
        else:
            arguments[key] = parsed
    method = Method(name, kind, arguments, hardness)
    errors = [_error(method, batch_size) for batch_size in TRIED]
    if all(errors):
        raise ValueError(f"method={line!r}: {errors[0]}")
    return method


def _error(method: Method, batch_size: int) -> Exception | None:
    """Return what is wrong with a method for this batch size, in a set of any size."""
    try:
        method.make(10**9, batch_size, 1.0)
    except (ValueError, TypeError) as error:
        return error
    return None


def check_methods(methods: list[str], name: str = "methods") -> list[str]:
    """Return the methods' names, spaces put right, after checking that each can be read and that none comes twice.

    Raises:
        ValueError: no list of texts, one that cannot be read, or two that mean the same.
    """
    if not isinstance(methods, list | tuple) or not methods:
        raise ValueError(f"{name}={methods!r} must be a list of one or more ways to choose batches")
    try:
        parsed = [parse_method(line) for line in methods]
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name}: {error}") from None
    for position, method in enumerate(parsed):
        for other in parsed[:position]:
            if (method.kind, method.arguments, method.hardness) == (other.kind, other.arguments, other.hardness):
                raise ValueError(f"{name}={methods!r} must not hold a way to choose batches twice: {method.name!r}")
    return [method.name for method in parsed]


def make_selector(
    method: str, num_samples: int, batch_size: int, temperature: float, k: int = 40, candidates: int = 1500
) -> BatchSelector:
    """Return the selector that a line stands for: `parse_method`, then `Method.make`, which see.

    Example:
        >>> make_selector("SwapSearch, k 10, hardness 0.25", num_samples=50_000, batch_size=32, temperature=0.1)
        MixedBatches(SwapSearch(32, k=10, temperature=0.1), 0.25)
    """
    return parse_method(method).make(num_samples, batch_size, temperature, k, candidates)


def argument_types(kind: type[BatchSelector]) -> dict[str, object]:
    """Return the arguments that a line may give for a selector, with their types; `hardness` among them."""
    hints = typing.get_type_hints(kind.__init__)
    names = [name for name in inspect.signature(kind.__init__).parameters if name in hints and name not in NOT_IN_A_LINE]
    return {name: hints[name] for name in names} | {"hardness": float}


def _in_todays_words(name: str) -> str:
    for earlier, today in EARLIER.items():
        if name == earlier or name.startswith(f"{earlier}, "):
            return today + name[len(earlier) :]
    return name


def _unknown(word: str, what: str, known) -> str:
    said = {name.lower(): line for name, line in (SAID if what == "name" else {}).items()} | {
        name.lower(): name for name in known
    }
    near = [said[word.lower()]] if word.lower() in said else difflib.get_close_matches(word, known, 1, 0.5)
    return f"{word!r} is no {what}{f'; did you mean {near[0]!r}?' if near else ''} (known: {', '.join(known)})"


def _value(line: str, key: str, text: str, kind):
    """Return a value's text as the type that the constructor names."""
    kinds = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if type(None) in kinds and text.lower() in ("none", "null"):
        return None
    if BatchSelector in kinds:
        return parse_method(text)
    if bool in kinds:
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise ValueError(f"method={line!r}: {key}={text!r} must be true or false")
    for number, words in ((int, "an integer"), (float, "a number")):
        if number in kinds:
            try:
                return number(text)
            except ValueError:
                raise ValueError(f"method={line!r}: {key}={text!r} must be {words}") from None
    return text
