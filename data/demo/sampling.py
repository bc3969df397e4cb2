"""Even draws: random, but with totals that stray from their expectation by far less than chance would.

A demo of a few thousand people must show the rates it was made for. Who is drawn stays a matter of chance;
how many are drawn is nearly fixed (systematic sampling: Särndal, Swensson and Wretman 1992, section 3.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np

NOISE_FROM = 4.0  # expected events below which a total gets no noise of its own beyond rounding


def even_uniforms(count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` numbers in 0..1 in random order, one in each of `count` equal intervals."""
    if not count:
        return np.zeros(0)
    return (rng.permutation(count) + rng.random(count)) / count


def uniforms_along(order: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Numbers in 0..1, evenly spread over every stretch of `order` (positions), by the golden ratio.

    Along an order of size, large and small items get high and low numbers alike: their product is even too.
    """
    result = np.empty(len(order))
    result[order] = (rng.random() + np.arange(len(order)) * 0.618_033_988_749_895) % 1
    return result


def even_choice(weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Positions in `weights`, each as often as its weight says to within one."""
    steps = np.cumsum(np.asarray(weights, float))
    drawn = np.searchsorted(steps, even_uniforms(count, rng) * steps[-1], side="right")
    return np.minimum(drawn, len(steps) - 1)


def even_normals(count: int, rng: np.random.Generator) -> np.ndarray:
    """Standard normal numbers from even uniforms."""
    at, value = _normal_quantiles()
    return np.interp(even_uniforms(count, rng), at, value)


@cache
def _normal_quantiles() -> tuple[np.ndarray, np.ndarray]:
    at = np.concatenate([np.geomspace(1e-6, 0.02, 120), np.linspace(0.0205, 0.9795, 1_500)])
    at = np.concatenate([at, 1 - np.geomspace(1e-6, 0.02, 120)[::-1]])
    inverse = NormalDist().inv_cdf
    return at, np.array([inverse(float(item)) for item in at])


def even_lognormals(
    spread: float, count: int, rng: np.random.Generator, order: np.ndarray | None = None
) -> np.ndarray:
    """Factors with mean 1: log-normal, `spread` the logarithm's deviation; even along `order` if given."""
    if order is None:
        normal = even_normals(count, rng)
    else:
        at, value = _normal_quantiles()
        normal = np.interp(uniforms_along(order, rng), at, value)
    return np.exp(spread * normal - spread * spread / 2)


def even_bernoulli(
    chance: np.ndarray, group: np.ndarray, rng: np.random.Generator, size: np.ndarray | None = None
) -> np.ndarray:
    """True with each chance (0..1); the number of successes in each group is its sum, rounded at random.

    With `size` the successes are spread over sizes as well, so that their total size is even too.
    """
    if not len(chance):
        return np.zeros(0, bool)
    order = np.lexsort((rng.random(len(chance)) if size is None else size, group))
    sums = np.cumsum(np.clip(chance, 0, 1)[order]) + rng.random()
    hit = np.floor(sums) > np.floor(np.concatenate([[sums[0] - np.clip(chance, 0, 1)[order[0]]], sums[:-1]]))
    result = np.zeros(len(chance), bool)
    result[order] = hit
    return result


@dataclass(frozen=True)
class Frame:
    """Every covered person-month of a chunk, in the order of contract, month, market, practice and person.

    Events are drawn from it: a total for each contract and month, then members one by one along the frame.
    """

    person: np.ndarray
    month: np.ndarray
    contract: np.ndarray
    starts: np.ndarray  # where each contract and month begins

    def __len__(self) -> int:
        return len(self.person)

    @staticmethod
    def of(covered_by: np.ndarray, market: np.ndarray, practice: np.ndarray) -> Frame:
        """`covered_by`: people x months, the contract's position or -1."""
        person, month = np.nonzero(covered_by >= 0)
        contract = covered_by[person, month].astype(np.int64)
        order = np.lexsort((person, practice[person], market[person], month, contract))
        person, month, contract = person[order], month[order], contract[order]
        key = contract * covered_by.shape[1] + month
        changes = key[1:] != key[:-1]
        starts = np.flatnonzero(np.concatenate([[True], changes])) if len(key) else np.zeros(0, np.int64)
        return Frame(person, month, contract, starts)

    def level(self, factor: np.ndarray, contracts: int) -> np.ndarray:
        """Per cell, `factor` divided by its mean over the contract's cells."""
        total = np.bincount(self.contract, factor, contracts)
        cells = np.bincount(self.contract, minlength=contracts)
        mean = total / np.maximum(cells, 1)
        return factor / np.where(mean > 0, mean, 1.0)[self.contract]

    def draw(
        self, rate: np.ndarray, rng: np.random.Generator, noise: float = 0.6
    ) -> tuple[np.ndarray, np.ndarray]:
        """The person and month of each event; `rate` is the expected number in each cell.

        A contract's total in a month strays by `noise` times what chance would (1 is a Poisson total).
        """
        if not len(self):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        total = np.add.reduceat(rate, self.starts)
        stray = np.where(total > NOISE_FROM, noise * np.sqrt(total), 0) * rng.standard_normal(len(total))
        count = np.floor(np.maximum(total + stray, 0) + rng.random(len(total)))
        count = np.where(total > 0, count, 0)
        length = np.diff(np.append(self.starts, len(self)))
        scale = count / np.where(total > 0, total, 1)
        steps = np.cumsum(rate * np.repeat(scale, length))
        whole = count.astype(np.int64)
        begin = np.repeat(np.cumsum(whole) - whole, whole)
        within = np.arange(int(whole.sum())) - begin
        offset = np.repeat(rng.uniform(0.001, 0.999, len(total)), whole)
        cell = np.searchsorted(steps, begin + within + offset, side="right")
        cell = np.minimum(cell, len(self) - 1)
        return self.person[cell], self.month[cell]
