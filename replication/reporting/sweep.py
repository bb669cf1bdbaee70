"""`python -m replication sweep`: run a notebook with settings that TS-RSR proposes, random search beside it.

The first settings are random, for both. Then each rule adds as many as the other: TS-RSR learns from all finished settings,
whoever chose them, with the noise of their seeds. What is best so far is said for the first settings with those of either rule.
A call ends when another round would not fit into its minutes; the next call goes on from what lies on the disk.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from replication.files import project_root, shown, whole
from replication.reporting.folder_lock import FolderLock
from replication.reporting.notebooks import UsageError
from replication.reporting.runner import NotebookError
from replication.reporting.sweep_description import Description, read_description
from replication.reporting.sweep_records import (
    FIRST,
    LEARNING,
    RANDOM,
    Tried,
    in_words,
    read_result,
    read_tried,
    tabulate,
    write_plan,
)
from replication.seeding import derived_seed
from replication.tuning import mean_and_noise, propose

UNKNOWN_NOISE = 0.01  # of the variance of all values, where no setting has two seeds

Start = Callable[[list[list[str]], list[Path]], list[int]]


def sweep(
    experiment: str, profile: str, minutes: float, parallel: int = 1, space: str = "", start: Start | None = None
) -> pd.DataFrame:
    """Run settings until the minutes are over; print what is done, write settings.csv, and return it as a table.

    Args:
        experiment, profile: what is run; the profile gives all parameters that are not varied.
        minutes: no round begins that would probably end later. The first round of a call begins in any case.
        parallel: settings that are run side by side, and a round.
        space: a file that says what is varied, see `sweep_description`; "": notebooks/sweeps/<experiment>.yaml.
        start: runs commands side by side, each with its output in a file, and returns their exit codes; see `side_by_side`.

    Raises:
        UsageError: an argument or a file that cannot work; another sweep writes into the same folder.
        NotebookError: all runs of a round failed.
    """
    root, begin = project_root(), time.monotonic()
    file = root / space if space else root / "notebooks" / "sweeps" / f"{experiment}.yaml"
    description = read_description(experiment, profile, file)
    folder = root / "results" / "local" / experiment / f"sweep-{profile}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = FolderLock(folder)
    except BlockingIOError as error:
        raise UsageError(f"{shown(folder)} is being written by {error}; wait for it") from None
    try:
        return _sweep(description, folder, begin + 60 * minutes, parallel, start or side_by_side)
    finally:
        lock.release()


def _sweep(description: Description, folder: Path, deadline: float, parallel: int, start: Start) -> pd.DataFrame:
    tried, others, last = read_tried(folder, description)
    if others:
        print(f"left aside: {len(others)} settings of other parameters or another space in {shown(folder)}")
    longest = 0.0
    while not longest or time.monotonic() + longest < deadline:
        waiting = [each for each in tried if not each.finished and not each.failed]  # an earlier call was broken off
        chosen = waiting[:parallel] or next_settings(description, tried, parallel, last + 1)
        if not chosen:
            print("no settings are left")
            break
        last = max(last, *(each.number for each in chosen))
        begin = time.monotonic()
        _run(description, folder, chosen, start)
        longest = max(longest, time.monotonic() - begin)
        tried = [*tried, *(each for each in chosen if each not in waiting)]
        if all(each.failed for each in chosen):
            raise NotebookError(f"all {len(chosen)} runs of a round failed; the first: {chosen[0].failed}")
        with whole(folder / "settings.csv") as temporary:
            tabulate(description, tried).to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")
    table = tabulate(description, tried)
    print("\n".join(in_words(description, table)), f"all settings: {shown(folder / 'settings.csv')}", sep="\n")
    return table


def next_settings(description: Description, tried: list[Tried], parallel: int, number: int) -> list[Tried]:
    """Return the next `parallel` settings, numbered from `number` on; fewer where the space has no more.

    The first ones, at least as many as a round and one more than parameters are varied, are random. Later the rule is next
    that has fewer; of equals TS-RSR. Equal records give equal proposals.
    """
    space, finished = description.space, [each for each in tried if each.finished]
    first = max(parallel, len(space.names) + 1)
    room = parallel if space.size is None else min(parallel, space.size - len(tried))
    rules, counts = [], {rule: sum(each.rule == rule for each in tried) for rule in (FIRST, LEARNING, RANDOM)}
    for _ in range(room):
        rule = FIRST if counts[FIRST] < first or not finished else min((LEARNING, RANDOM), key=counts.get)
        counts[rule] += 1
        rules.append(rule)
    generator = torch.Generator().manual_seed(derived_seed(number, "sweep"))
    known, chosen = [each.setting for each in tried], []
    learned = rules.count(LEARNING)
    if learned:
        sign = 1 if description.goal == "largest" else -1
        means, noise = means_and_noise(finished)
        values, noise = torch.from_numpy(sign * means), torch.from_numpy(noise)
        settings = [each.setting for each in finished]
        open_ = [setting for setting in known if setting not in settings]
        found = propose(LEARNING, space, settings, values, noise, learned, generator, avoid=open_)
        chosen += [(LEARNING, setting) for setting in found]
    rest = [rule for rule in rules if rule != LEARNING]
    if rest:
        drawn = space.settings(space.draw(len(rest), generator, known + [setting for _, setting in chosen]))
        chosen += list(zip(rest, drawn, strict=False))
    return [Tried(number + place, rule, setting) for place, (rule, setting) in enumerate(chosen)]


def means_and_noise(finished: list[Tried]) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean over the seeds of each setting, and the variance of its error; see `mean_and_noise`."""
    means, noise = mean_and_noise([each.values for each in finished])
    if noise is None:
        print(f"each setting has one seed, so the noise is unknown; taken for {UNKNOWN_NOISE:g} of the variance of the values")
        noise = np.full(len(means), UNKNOWN_NOISE * means.var())
    return means, noise


def _run(description: Description, folder: Path, chosen: list[Tried], start: Start) -> None:
    """Run settings side by side and read what came out; a failed one is noted and not tried again."""
    commands, logs = [], []
    for each in chosen:
        write_plan(folder, each)
        print(f"{each.number:03d} {each.rule}: {_setting(each)}", flush=True)
        overrides = description.overrides(each.setting) | {"results_dir": str(folder / f"{each.number:03d}")}
        texts = [f"{name}={_text(value)}" for name, value in overrides.items()]
        command = [sys.executable, "-m", "replication", "run", description.experiment, "--profile", description.profile]
        commands.append([*command, *(part for text in texts for part in ("--set", text))])
        logs.append(folder / f"{each.number:03d}.log")
    codes = start(commands, logs)
    for each, code, log in zip(chosen, codes, logs, strict=True):
        if code == 0:
            read_result(folder, description, each)
        if each.finished:
            print(f"{each.number:03d}: {description.column} {np.mean(each.values):.4g}, n={len(each.values)}", flush=True)
            continue
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.is_file() else []
        each.failed = lines[-1] if lines else f"exit code {code}"
        write_plan(folder, each)
        print(f"{each.number:03d}: failed, and will not be tried again: {each.failed}", flush=True)


def side_by_side(commands: list[list[str]], logs: list[Path]) -> list[int]:
    """Run commands at once, the output of each in its file, and return their exit codes; end them if this is interrupted."""
    running: list[subprocess.Popen] = []
    try:
        for command, log in zip(commands, logs, strict=True):
            with open(log, "wb") as output:
                running.append(subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT))
        return [process.wait() for process in running]
    finally:
        for process in running:
            if process.poll() is None:
                process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
        for process in running:
            process.wait()


def _setting(each: Tried) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in each.setting.items())


def _text(value) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
