"""Chain ladder: a published example to the dollar, and what its rules do with months that are not like others."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import chain_ladder
from analytics.chain_ladder import Array

# Taylor GC, Ashe FR. Second moments of estimates of outstanding claims. Journal of Econometrics 1983;23:37-61:
# cumulative payments by year, as in Mack 1993, table 1.
TAYLOR_ASHE = [
    [
        357_848,
        1_124_788,
        1_735_330,
        2_218_270,
        2_745_596,
        3_319_994,
        3_466_336,
        3_606_286,
        3_833_515,
        3_901_463,
    ],
    [352_118, 1_236_139, 2_170_033, 3_353_322, 3_799_067, 4_120_063, 4_647_867, 4_914_039, 5_339_085],
    [290_507, 1_292_306, 2_218_525, 3_235_179, 3_985_995, 4_132_918, 4_628_910, 4_909_315],
    [310_608, 1_418_858, 2_195_047, 3_757_447, 4_029_929, 4_381_982, 4_588_268],
    [443_160, 1_136_350, 2_128_333, 2_897_821, 3_402_672, 3_873_311],
    [396_132, 1_333_217, 2_180_715, 2_985_752, 3_691_712],
    [440_832, 1_288_463, 2_419_861, 3_483_130],
    [359_480, 1_421_128, 2_864_498],
    [376_686, 1_363_294],
    [344_014],
]


def triangle(rows: list[list[float]]) -> Array:
    """Cumulative rows as a stack of one triangle of increments."""
    size = len(rows)
    found = np.full((1, size, size), np.nan)
    for i, row in enumerate(rows):
        found[0, i, : len(row)] = np.diff(row, prepend=0)
    return found


def develops(months: Array, pattern: Array) -> Array:
    """A triangle in which every month comes to its dollars, paid by lag as `pattern` says."""
    size = len(months)
    known = np.add.outer(np.arange(size), np.arange(size)) < size
    shares = np.zeros(size)
    shares[: len(pattern)] = pattern[:size]
    return np.where(known, np.outer(months, shares), np.nan)[None]


@pytest.fixture(scope="module")
def taylor_ashe() -> Array:
    return triangle([list(map(float, row)) for row in TAYLOR_ASHE])


def test_the_published_example_gives_the_published_factors_and_reserves(taylor_ashe: Array) -> None:
    """Mack T. ASTIN Bulletin 1993;23:213-225: link ratios and chain ladder reserves."""
    link = chain_ladder.develop(taylor_ashe).link
    assert link[0].round(4).tolist() == [
        3.4906,
        1.7473,
        1.4574,
        1.1739,
        1.1038,
        1.0863,
        1.0539,
        1.0766,
        1.0177,
    ]
    latest = np.array([row[-1] for row in TAYLOR_ASHE])
    reserve = latest / chain_ladder.completion(link)[0][::-1] - latest
    assert reserve[1:].round().tolist() == [
        94_634, 469_511, 709_638, 984_889, 1_419_459, 2_177_641, 3_920_301, 4_278_972, 4_625_811,
    ]  # fmt: skip
    assert round(reserve.sum()) == 18_680_856


def test_the_published_example_gives_macks_standard_errors(taylor_ashe: Array) -> None:
    """Mack 1993 prints them in thousands (76, 122, 134, 261, 411, 558, 875, 971, 1,363)."""
    assert chain_ladder.develop(taylor_ashe).mack[0, 1:].round().tolist() == [
        75_535, 121_699, 133_549, 261_406, 411_010, 558_317, 875_328, 971_258, 1_363_155,
    ]  # fmt: skip


def test_the_published_example_gives_the_published_dispersion(taylor_ashe: Array) -> None:
    """England & Verrall, British Actuarial Journal 2002;8:443-518: φ = 52,601 for the over-dispersed Poisson."""
    link = chain_ladder.develop(taylor_ashe).link
    assert chain_ladder.bootstrap(taylor_ashe, link, [1], 10).dispersion[0] == pytest.approx(52_601, abs=1)


def test_the_bootstrap_is_that_of_the_package(taylor_ashe: Array) -> None:
    import chainladder

    link = chain_ladder.develop(taylor_ashe).link
    ours = chain_ladder.bootstrap(taylor_ashe, link, [1], 4000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = chainladder.BootstrapODPSample(n_sims=4000, random_state=1)
        model.fit(chainladder.load_sample("genins"))
        theirs = chainladder.Development().fit(model.resampled_triangles_).ldf_.values[:, 0, 0]
    assert ours.dispersion[0] == pytest.approx(model.scale_)
    assert ours.link[0].mean(axis=0) == pytest.approx(theirs.mean(axis=0), rel=0.02)
    assert ours.link[0].std(axis=0) == pytest.approx(theirs.std(axis=0), rel=0.08)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(1, 1e7), min_size=4, max_size=8))
def test_a_fully_developed_triangle_is_complete(months: list[float]) -> None:
    """All is paid in the month of service: at every lag nothing is missing."""
    paid = develops(np.array(months), np.array([1.0]))
    link = chain_ladder.develop(paid, chain_ladder.outliers(paid)).link
    assert chain_ladder.completion(link) == pytest.approx(1)
    assert chain_ladder.tail_factors(paid, link).tolist() == [1]


def test_every_month_of_one_pattern_is_completed_to_what_it_comes_to() -> None:
    months = np.random.default_rng(1).uniform(1, 9, 12) * 1e5
    paid = develops(months, np.array([0.2, 0.5, 0.2, 0.1]))
    share = chain_ladder.completion(chain_ladder.develop(paid).link)[0]
    assert share[:4] == pytest.approx([0.2, 0.7, 0.9, 1])
    to_date = np.nansum(paid[0], axis=1)
    assert to_date / share[::-1] == pytest.approx(months)


def test_a_month_with_nothing_paid_yet_counts_in_both_sums() -> None:
    paid = triangle([[0, 80, 100], [50, 90], [40]])
    found = chain_ladder.develop(paid)
    assert found.link[0] == pytest.approx([(80 + 90) / (0 + 50), 100 / 80], rel=1e-3)
    assert found.months[0].tolist() == [2, 1]
    # Mack's model divides by what has been paid: there it says nothing.
    assert np.isnan(found.standard_error[0, 0]) and np.isnan(found.mack[0, 2])


def test_where_nothing_is_paid_in_the_first_month_its_completion_is_nothing() -> None:
    paid = triangle([[0, 80, 100], [0, 90], [0]])
    assert chain_ladder.completion(chain_ladder.develop(paid).link)[0].tolist() == pytest.approx([0, 0.8, 1])


def test_money_taken_back_makes_a_month_more_than_complete() -> None:
    paid = triangle([[100, 95, 95], [100, 95], [100]])
    assert chain_ladder.completion(chain_ladder.develop(paid).link)[0] == pytest.approx([100 / 95, 1, 1])


def test_short_histories_develop_as_they_do_alone(taylor_ashe: Array) -> None:
    """Triangles of different lengths are fitted together: each is what it is by itself."""
    both = np.full((2, 14, 14), np.nan)
    both[0, 4:, :10] = taylor_ashe[0]
    both[1] = develops(np.full(14, 1e6) + np.arange(14) ** 2 * 1e4, np.array([0.5, 0.3, 0.2]))[0]
    together, alone = chain_ladder.develop(both), chain_ladder.develop(taylor_ashe)
    assert together.link[0, :9] == pytest.approx(alone.link[0])
    assert together.link[0, 9:].tolist() == [1, 1, 1, 1]
    assert together.mack[0, 5:] == pytest.approx(alone.mack[0, 1:])


def noisy(seed: int, size: int = 24) -> Array:
    chance = np.random.default_rng(seed)
    pattern = np.array([0.25, 0.4, 0.2, 0.1, 0.05])
    paid = develops(chance.uniform(0.9, 1.1, size) * 1e6, pattern)
    return paid * chance.gamma(400, 1 / 400, paid.shape)


def test_a_month_unlike_all_others_is_left_out_and_no_other() -> None:
    paid = noisy(3)
    usual = chain_ladder.develop(paid).link[0, 0]
    # A backlog: of one month nearly nothing was paid at first.
    paid[0, 10, 1] += 0.9 * paid[0, 10, 0]
    paid[0, 10, 0] *= 0.1
    found = chain_ladder.outliers(paid)
    assert np.argwhere(found).tolist() == [[0, 10, 0]]
    assert chain_ladder.develop(paid).link[0, 0] > usual * 1.03
    assert chain_ladder.develop(paid, found).link[0, 0] == pytest.approx(usual, rel=0.01)
    assert chain_ladder.develop(paid, found).months[0, 0] == 22


@pytest.mark.parametrize("seed", range(5))
def test_ordinary_months_are_not_left_out(seed: int) -> None:
    assert not chain_ladder.outliers(noisy(seed)).any()


def test_with_few_months_none_is_left_out() -> None:
    paid = noisy(3, size=8)
    paid[0, 2, 1] *= 30
    assert not chain_ladder.outliers(paid).any()


def test_late_payments_that_are_rare_by_nature_are_not_left_out() -> None:
    """At a lag at which most months get nothing more, the month that does is what the lag is made of."""
    paid = noisy(3)
    paid[0, 5, 8] = 2e5
    assert not chain_ladder.outliers(paid).any()


def test_a_tail_is_fitted_only_where_development_has_not_stopped() -> None:
    halves = 0.5 ** np.arange(1, 30)
    young = develops(np.full(8, 1e6), halves)
    link = chain_ladder.develop(young).link
    # Of what halves every month, 1/256 is left after eight.
    assert chain_ladder.tail_factors(young, link)[0] == pytest.approx(1 / (1 - 0.5**8), rel=0.005)
    old = develops(np.full(24, 1e6), halves[:6] / halves[:6].sum())
    assert chain_ladder.tail_factors(old, chain_ladder.develop(old).link)[0] == 1


def test_a_tail_is_never_more_than_its_limit() -> None:
    slow = develops(np.full(7, 1e6), 1 / np.arange(1, 20) ** 1.05 / 8)
    assert chain_ladder.tail_factors(slow, chain_ladder.develop(slow).link)[0] <= chain_ladder.TAIL_LIMIT


def test_payments_that_speed_up_and_slow_down_together_are_seen() -> None:
    steady = noisy(4, size=36)
    paid = steady.copy()
    speed = np.random.default_rng(5).uniform(0.6, 1, 36)
    for month in range(36):
        for lag in range(min(36 - month, 5) - 1):
            held = paid[0, month, lag] * (1 - speed[month + lag])
            paid[0, month, lag] -= held
            if lag + 1 < 36 - month:
                paid[0, month, lag + 1] += held
    spread = []
    for one in (steady, paid):
        share = chain_ladder.completion(chain_ladder.develop(one).link)[0]
        spread.append(np.sqrt((chain_ladder.payment_speed(one[0], share) ** 2).sum(axis=0))[0])
    assert spread[1] > 2 * spread[0]
