"""The demo's knobs: market.yaml, read once and validated, so that a typo is an error and not a strange
population.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

ROOM = Path(__file__).parent
CONTRACT_KEYS = ("aco", "medicaid", "advantage", "commercial")
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
        "shared_savings", "shared_risk", "capitation", "bundle", "pay_for_performance", "care_management_fee"
    ]
    ed_visits: Positive
    paid_share: Share
    price: Positive
    ambulatory_use: Positive
    charge: Annotated[float, Field(gt=1)]
    open_end: str
    arrival_hour: bool
    leave_per_month: Share
    gap_share: Share
    format: Literal["parquet", "csv"]
    member_prefix: str


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


class Shift(_Strict):
    market: str
    mature_months: Annotated[int, Field(ge=1, le=23)]
    factor: Positive


class EmergencyDepartment(_Strict):
    shift: Shift
    frailty_shape: Positive
    frequent_share: Share
    frequent_visits: Positive
    season: Annotated[list[Positive], Field(min_length=12, max_length=12)]
    weekday: Annotated[list[Positive], Field(min_length=7, max_length=7)]
    hour: Annotated[list[Positive], Field(min_length=24, max_length=24)]
    admit_factor: dict[str, Positive]
    admitted_on_own_claim: Share
    follow_up_7d: Share
    month_to_month: Share
    unmatched_professional: Share
    patient_favours_one_hospital: Share


class Enrolment(_Strict):
    joins: Share
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

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        if tuple(contract.key for contract in self.contracts) != CONTRACT_KEYS:
            raise ValueError(f"contracts must be {', '.join(CONTRACT_KEYS)}, in this order")
        _sums_to_one("payment_lag", self.payment_lag)
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
        named: list[Practice | Hospital | UrgentCare | Shift] = [
            *self.practices,
            *self.hospitals,
            *self.urgent_cares,
            self.ed.shift,
        ]
        for item in named:
            if item.market not in known:
                raise ValueError(f"market {item.market!r} is not one of {', '.join(sorted(known))}")
        return self


def _sums_to_one(what: str, shares: list[float]) -> None:
    if abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f"{what} must sum to 1, not {sum(shares):.4f}")


def load_settings(path: Path = ROOM / "market.yaml") -> Settings:
    """The validated settings; ValueError naming the file and every wrong key if it does not hold together."""
    try:
        return Settings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'file'}: {item['msg']}"
            for item in error.errors()
        )
        raise ValueError(f"{path}: {wrong}") from error
