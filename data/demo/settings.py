"""The demo's knobs: market.yaml, read once and validated, so that a typo is an error and not a strange
population.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

ROOM = Path(__file__).parent
CONTRACT_KEYS = ("aco", "medicaid", "advantage", "commercial", "dual")
ACO, MEDICAID, ADVANTAGE, COMMERCIAL, DUAL = range(len(CONTRACT_KEYS))
# Calibration is over so many months, which end as many before the last one.
CALIBRATED, SETTLED = 24, 3
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Market(_Strict):
    market_id: str
    market_name: str
    share: Share
    area_codes: list[str]
    cities: list[str]
    zip_codes: list[str]
    contracts: dict[str, Share]
    ed_factor: Positive


class Control(_Strict):
    """A payer's members outside the contract, to compare with: told apart by their plan."""

    contract_id: str
    contract_name: str
    plan: str
    share: Share  # of the payer's members


class Contract(_Strict):
    key: str
    feed: str
    contract_id: str
    contract_name: str
    payer: str
    plan: str
    payer_type: str
    line_of_business: Literal["medicare", "medicaid", "commercial", "dual"]
    model: Literal[
        "shared_savings",
        "shared_risk",
        "risk_corridor",
        "capitation",
        "bundle",
        "pay_for_performance",
        "care_management_fee",
    ]
    ed_visits: Positive  # per 1,000 a year, any disposition
    ed_admitted: Positive  # of them, admitted
    readmission: Share
    a1c: Share  # people with diabetes tested in a year
    mammogram: Share  # women of 50 to 74 screened in 27 months
    paid_share: Share
    price: Positive
    charge: Annotated[float, Field(gt=1)]
    open_end: str
    arrival_hour: bool
    leave_per_month: Share
    gap_share: Share
    format: Literal["parquet", "csv"]
    member_prefix: str
    payment_lag: list[Share] = []  # instead of the usual one
    control: Control | None = None
    carve_outs: list[Literal["behavioral_health", "transport"]] = []  # paid elsewhere: no claims come
    truncation_cap: Positive | None = None  # dollars per member and year that count
    large_claimant_threshold: Positive = 100_000  # dollars per member and year
    network_list: bool = False  # the claims carry no flag; network.csv says who is in the network
    hospitals_outside: list[str] = []  # of that list


class Practice(_Strict):
    name: str
    market: str
    size: Positive
    ed_factor: Positive


class Hospital(_Strict):
    name: str
    market: str
    weight: Positive
    avoidable_tilt: float
    follow_up_factor: Positive
    critical_access: bool = False  # bills 85x instead of 13x


class UrgentCare(_Strict):
    name: str
    market: str


Ago = Annotated[int, Field(ge=0, le=35)]  # months before the month of `through`


class ClinicClosed(_Strict):
    """A practice closes; its members go to an ED instead, most of them to one facility."""

    practice: str
    facility: str
    ago: Ago  # first month without the practice
    factor: Positive  # of its members' ED visits
    to_facility: Share  # of the visits they make from then on


class PriceJump(_Strict):
    """A hospital's outpatient prices rise from a month on."""

    facility: str
    ago: Ago
    factor: Positive


class OutsideGroup(_Strict):
    """A group of specialists outside a contract's network, whom members of one market use all the same."""

    name: str
    market: str
    contract: str
    share: Share  # of that contract's specialist visits in that market
    price: Positive  # against the network's


class ManyVisits(_Strict):
    """One member with a great many ED visits in one calendar month."""

    ago: Ago
    visits: Annotated[int, Field(ge=1, le=18)]


class RetroactiveEnds(_Strict):
    """A delivery month in which a payer ends spans that were over months before."""

    contract: str
    ago: Ago  # the delivery month
    share: Share  # of the spans then open
    back: tuple[Ago, Ago]  # months before the delivery month, from and to


class DrugJump(_Strict):
    """A drug whose price rises from a month on."""

    ndc: str
    ago: Ago
    factor: Positive


class CodingRise(_Strict):
    """A contract whose members' diagnoses are written down more completely every calendar year."""

    contract: str
    last_year: Share  # of what people have, in the calendar year before that of `through`
    yearly: Share  # more every year


class Truths(_Strict):
    """What a good analyst should find in the claims, with its true place, time and size."""

    clinic_closed: ClinicClosed
    price_jump: PriceJump
    outside_group: OutsideGroup
    many_visits: ManyVisits
    retroactive_ends: RetroactiveEnds
    coding_rise: CodingRise
    drug_jump: DrugJump
    slow_payment: str  # the contract whose payment_lag is slow
    small_facility: str


class Fitted(_Strict):
    """A contract's factors on what the code would give, fitted by `python -m data.demo.calibrate`."""

    ed: Positive = 1.0
    admitted: Positive = 1.0
    direct: Positive = 1.0
    readmission: Positive = 1.0
    follow_up: Positive = 1.0
    inpatient: Positive = 1.0
    outpatient: Positive = 1.0
    office_based: Positive = 1.0
    ancillary: Positive = 1.0
    pharmacy: Positive = 1.0
    brand: Positive = 1.0
    a1c: Positive = 1.0
    mammogram: Positive = 1.0


class EmergencyDepartment(_Strict):
    frailty_shape: Positive
    frequent_share: Share
    frequent_visits: Positive
    season: Annotated[list[Positive], Field(min_length=12, max_length=12)]
    weekday: Annotated[list[Positive], Field(min_length=7, max_length=7)]
    hour: Annotated[list[Positive], Field(min_length=24, max_length=24)]
    admitted_on_own_claim: Share
    follow_up_7d: Share
    month_to_month: Share
    unmatched_professional: Share
    patient_favours_one_hospital: Share


class Enrolment(_Strict):
    joins: dict[str, Share]  # of members, those who join within history
    switches_contract: Share
    switch_mid_month: Share
    retroactive_end: Share
    repeated_span: Share
    span_per_year: Share
    out_of_area: Share
    plan_not_in_contract: Share
    changes_pcp: Share
    no_care_team: Share


class Claims(_Strict):
    cancelled: Share
    replaced: Share
    out_of_network: dict[str, Share]
    dirty_rows: Annotated[int, Field(ge=0)]


class Staffing(_Strict):
    panelled: Share
    community_health_partner: Positive
    nurse: Positive
    nurse_practitioner: Positive
    social_worker: Positive
    behavioral_health: Positive
    pharmacist: Positive


class Settings(_Strict):
    """Everything market.yaml says. `contracts` come in the order of CONTRACT_KEYS, which is their number."""

    state: str
    history_months: Annotated[int, Field(ge=24, le=60)]
    chunk_members: Annotated[int, Field(ge=100)]
    payment_lag: list[Share]
    price_trend: Annotated[float, Field(ge=0, le=0.2)]
    markets: list[Market]
    contracts: list[Contract]
    practices: list[Practice]
    hospitals: list[Hospital]
    urgent_cares: list[UrgentCare]
    care_teams: dict[str, list[str]]
    ed: EmergencyDepartment
    enrolment: Enrolment
    claims: Claims
    staffing: Staffing
    truths: Truths
    fitted: dict[str, Fitted] = {}

    def fit(self, name: str) -> np.ndarray:
        """A fitted factor by contract."""
        return np.array([getattr(self.fitted.get(key, Fitted()), name) for key in CONTRACT_KEYS])

    def price_in(self, month: np.ndarray) -> np.ndarray:
        """Prices in months of history against those in the middle of the time that is calibrated."""
        middle = self.history_months - 1 - SETTLED - (CALIBRATED - 1) / 2
        return (1 + self.price_trend) ** ((np.asarray(month) - middle) / 12)

    def lag(self, contract: int) -> list[float]:
        """Share of a contract's service month paid in the month itself, the next one, and so on."""
        return self.contracts[contract].payment_lag or self.payment_lag

    def hospital(self, name: str) -> int:
        return next(number for number, item in enumerate(self.hospitals) if item.name == name)

    def market(self, market_id: str) -> int:
        return next(number for number, item in enumerate(self.markets) if item.market_id == market_id)

    def practice(self, name: str) -> int:
        return next(number for number, item in enumerate(self.practices) if item.name == name)

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        if tuple(contract.key for contract in self.contracts) != CONTRACT_KEYS:
            raise ValueError(f"contracts must be {', '.join(CONTRACT_KEYS)}, in this order")
        _sums_to_one("payment_lag", self.payment_lag)
        for contract in self.contracts:
            if contract.payment_lag:
                _sums_to_one(f"contracts: {contract.key}: payment_lag", contract.payment_lag)
        hospitals = {item.name for item in self.hospitals}
        truths = self.truths
        for name in (truths.clinic_closed.facility, truths.price_jump.facility, truths.small_facility):
            if name not in hospitals:
                raise ValueError(f"truths: {name!r} is not one of the hospitals")
        for contract in self.contracts:
            for name in contract.hospitals_outside:
                if name not in hospitals:
                    raise ValueError(f"contracts: {contract.key}: {name!r} is not one of the hospitals")
        if truths.clinic_closed.practice not in {item.name for item in self.practices}:
            raise ValueError(f"truths: clinic_closed: {truths.clinic_closed.practice!r} is not a practice")
        _sums_to_one("markets: share", [market.share for market in self.markets])
        known = {market.market_id for market in self.markets}
        for market in self.markets:
            _sums_to_one(f"markets: {market.market_id}: contracts", list(market.contracts.values()))
            if set(market.contracts) != set(CONTRACT_KEYS):
                raise ValueError(
                    f"markets: {market.market_id}: contracts must name {', '.join(CONTRACT_KEYS)}"
                )
            located: list[Sequence[Practice | Hospital | UrgentCare]]
            located = [self.practices, self.hospitals, self.urgent_cares]
            for places in located:
                if not any(item.market == market.market_id for item in places):
                    raise ValueError(f"market {market.market_id} lacks a practice, hospital or urgent care")
            if not self.care_teams.get(market.market_id):
                raise ValueError(f"care_teams: {market.market_id} has no team")
        named: list[Practice | Hospital | UrgentCare] = [
            *self.practices,
            *self.hospitals,
            *self.urgent_cares,
        ]
        for item in named:
            if item.market not in known:
                raise ValueError(f"market {item.market!r} is not one of {', '.join(sorted(known))}")
        return self


def _sums_to_one(what: str, shares: list[float]) -> None:
    if abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f"{what} must sum to 1, not {sum(shares):.4f}")


def load_settings(path: Path = ROOM / "market.yaml", fitted: Path = ROOM / "fitted.yaml") -> Settings:
    """The validated settings with the fitted factors, where there are any.

    ValueError naming the file and every wrong key if it does not hold together.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if fitted.exists():
        content["fitted"] = yaml.safe_load(fitted.read_text(encoding="utf-8"))
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'file'}: {item['msg']}"
            for item in error.errors()
        )
        raise ValueError(f"{path}: {wrong}") from error
