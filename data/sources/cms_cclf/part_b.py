"""Part B: physicians (CCLF5) and equipment (CCLF6), whose lines carry everything a claim line needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.sources.adapter import StagedFiles
from data.sources.cms_cclf.netting import DENIED_LINE, redelivered, superseded_claims
from data.sources.files import literal

if TYPE_CHECKING:
    from data.feeds import FeedFile
    from data.sources.cms_cclf import CclfReading

_SHARED = (
    "CUR_CLM_UNIQ_ID", "CLM_LINE_NUM", "BENE_MBI_ID", "CLM_FROM_DT", "CLM_THRU_DT", "CLM_POS_CD",
    "CLM_LINE_FROM_DT", "CLM_LINE_THRU_DT", "CLM_LINE_HCPCS_CD", "CLM_LINE_CVRD_PD_AMT",
    "CLM_CARR_PMT_DNL_CD", "CLM_PRCSG_IND_CD", "CLM_ADJSMT_TYPE_CD", "CLM_EFCTV_DT", "CLM_CNTL_NUM",
    "CLM_LINE_ALOWD_CHRG_AMT",
)  # fmt: skip

FIELDS = {
    "5": (
        *_SHARED, "CLM_LINE_DGNS_CD", "RNDRG_PRVDR_NPI_NUM", "CLM_RNDRG_PRVDR_NPI_NUM",
        "CLM_LINE_SRVC_UNIT_QTY",
        *(f"HCPCS_{n}_MDFR_CD" for n in range(1, 6)), *(f"CLM_DGNS_{n}_CD" for n in range(1, 13)),
        "DGNS_PRCDR_ICD_IND",
    ),
    "6": (*_SHARED, "PAYTO_PRVDR_NPI_NUM", "ORDRG_PRVDR_NPI_NUM", "CLM_BLG_PRVDR_NPI_NUM"),
}  # fmt: skip


def signed(amount: str) -> str:
    """SQL for the text of an amount, negative on a cancellation (Information Packet, section 5.3.1)."""
    return (
        f"case when CLM_ADJSMT_TYPE_CD = '1' then "
        f"coalesce(cast(-abs(try_cast({amount} as decimal(18, 2))) as varchar), {amount}) else {amount} end"
    )


def icd(indicator: str) -> str:
    """SQL for the type of diagnosis codes: CMS writes 0 for ICD-10 and 9 for ICD-9."""
    return f"case {indicator} when '9' then 'icd-9-cm' else 'icd-10-cm' end"


def stage(reading: CclfReading, letter: str) -> StagedFiles:
    """The lines of CCLF5 or CCLF6 as professional claim lines."""
    texts = {
        "claim_id": ("CUR_CLM_UNIQ_ID", "CUR_CLM_UNIQ_ID"),
        "claim_line_number": ("CLM_LINE_NUM", "CLM_LINE_NUM"),
        "claim_type": ("", "'professional'"),
        "person_id": ("BENE_MBI_ID", "mbi"),
        "member_id": ("BENE_MBI_ID", "mbi"),
        "payer": ("", literal("medicare")),
        "plan": ("", literal("medicare")),
        "claim_start_date": ("CLM_FROM_DT", "CLM_FROM_DT"),
        "claim_end_date": ("CLM_THRU_DT", "CLM_THRU_DT"),
        "claim_line_start_date": ("CLM_LINE_FROM_DT", "CLM_LINE_FROM_DT"),
        "claim_line_end_date": ("CLM_LINE_THRU_DT", "CLM_LINE_THRU_DT"),
        "place_of_service_code": ("CLM_POS_CD", "CLM_POS_CD"),
        "hcpcs_code": ("CLM_LINE_HCPCS_CD", "CLM_LINE_HCPCS_CD"),
        "paid_date": ("CLM_EFCTV_DT", "CLM_EFCTV_DT"),
        "paid_amount": ("CLM_LINE_CVRD_PD_AMT", signed("CLM_LINE_CVRD_PD_AMT")),
        "allowed_amount": ("CLM_LINE_ALOWD_CHRG_AMT", signed("CLM_LINE_ALOWD_CHRG_AMT")),
    }
    if letter == "5":
        texts |= {
            "service_unit_quantity": ("CLM_LINE_SRVC_UNIT_QTY", "CLM_LINE_SRVC_UNIT_QTY"),
            "rendering_npi": (
                "RNDRG_PRVDR_NPI_NUM",
                "coalesce(RNDRG_PRVDR_NPI_NUM, CLM_RNDRG_PRVDR_NPI_NUM)",
            ),
            "diagnosis_code_type": ("DGNS_PRCDR_ICD_IND", icd("DGNS_PRCDR_ICD_IND")),
            "diagnosis_code_1": ("CLM_DGNS_1_CD", "coalesce(CLM_DGNS_1_CD, CLM_LINE_DGNS_CD)"),
            **{f"hcpcs_modifier_{n}": (f"HCPCS_{n}_MDFR_CD", f"HCPCS_{n}_MDFR_CD") for n in range(1, 6)},
            **{f"diagnosis_code_{n}": (f"CLM_DGNS_{n}_CD", f"CLM_DGNS_{n}_CD") for n in range(2, 13)},
        }
    else:
        texts |= {
            "rendering_npi": ("ORDRG_PRVDR_NPI_NUM", "ORDRG_PRVDR_NPI_NUM"),
            "billing_npi": ("PAYTO_PRVDR_NPI_NUM", "coalesce(PAYTO_PRVDR_NPI_NUM, CLM_BLG_PRVDR_NPI_NUM)"),
        }

    def prepare(lines: str, files: tuple[FeedFile, ...]) -> str:
        return _superseded(reading, letter, lines)

    return reading.staged_lines(letter, FIELDS[letter], texts, prepare=prepare)


def _superseded(reading: CclfReading, letter: str, lines: str) -> str:
    """Find the claims that are not final; returns SQL that says so of a line.

    The natural key of Part B is the control number and the most recent MBI; claims of one key are compared by
    their total, so that a cancellation takes back the claim it is a copy of with all its lines.
    """
    again, superseded = f"stage.cclf_again_{letter}", f"stage.cclf_superseded_{letter}"
    reading.connection.execute(
        f"create table {again} as "
        + redelivered(
            f"(select CUR_CLM_UNIQ_ID as claim_id, delivery from {lines} as lines) as delivered_rows"
        )
    )
    reading.connection.execute(
        f"""
        create temp table cancelled_sets as
        select distinct CLM_CNTL_NUM from {lines} as lines where CLM_ADJSMT_TYPE_CD = '1'
        """
    )
    claims = f"""(
        select
            CUR_CLM_UNIQ_ID as claim_id,
            any_value(coalesce(CLM_CNTL_NUM, '') || '|' || coalesce(mbi, '')) as related_set,
            sum(try_cast(CLM_LINE_CVRD_PD_AMT as decimal(18, 2))) as amount,
            any_value(CLM_ADJSMT_TYPE_CD) as adjustment,
            any_value(CLM_EFCTV_DT) as effective,
            any_value(delivery) as delivery,
            false as is_denied
        from {lines} as lines
        where
            CLM_CNTL_NUM in (select CLM_CNTL_NUM from temp.cancelled_sets)
            and (CUR_CLM_UNIQ_ID, delivery) not in (select claim_id, delivery from {again})
        group by CUR_CLM_UNIQ_ID
    ) as claims"""
    try:
        reading.connection.execute(
            f"create table {superseded} as select claim_id from ({superseded_claims(claims)})"
        )
    finally:
        reading.connection.execute("drop table temp.cancelled_sets")
    return (
        f"({DENIED_LINE}) or CUR_CLM_UNIQ_ID in (select claim_id from {superseded}) "
        f"or (CUR_CLM_UNIQ_ID, delivery) in (select claim_id, delivery from {again})"
    )
