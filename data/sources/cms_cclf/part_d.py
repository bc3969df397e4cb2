"""Part D (CCLF7): prescription fills. What the plan paid is not in CCLF, only what the beneficiary paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.sources.adapter import StagedFiles
from data.sources.cms_cclf.netting import superseded_fills
from data.sources.files import literal

if TYPE_CHECKING:
    from data.feeds import FeedFile
    from data.sources.cms_cclf import CclfReading

NATURAL_KEY = (
    "CLM_LINE_FROM_DT", "PRVDR_SRVC_ID_QLFYR_CD", "CLM_SRVC_PRVDR_GNRC_ID_NUM", "CLM_DSPNSNG_STUS_CD",
    "CLM_LINE_RX_SRVC_RFRNC_NUM", "CLM_LINE_RX_FILL_NUM",
)  # fmt: skip
"""Information Packet, section 5.1.2; the most recent MBI is added, so that no two people share a fill."""

FIELDS = (
    "CUR_CLM_UNIQ_ID", "BENE_MBI_ID", "CLM_LINE_NDC_CD", *NATURAL_KEY, "CLM_LINE_SRVC_UNIT_QTY",
    "CLM_LINE_DAYS_SUPLY_QTY", "PRVDR_PRSBNG_ID_QLFYR_CD", "CLM_PRSBNG_PRVDR_GNRC_ID_NUM",
    "CLM_ADJSMT_TYPE_CD", "CLM_EFCTV_DT", "CLM_IDR_LD_DT",
)  # fmt: skip

_IS_NPI = "in ('1', '01')"


def stage(reading: CclfReading) -> StagedFiles:
    """The rows of CCLF7 as pharmacy claim lines, without amounts: the plan's payment is not in the feed."""
    texts = {
        "claim_id": ("CUR_CLM_UNIQ_ID", "CUR_CLM_UNIQ_ID"),
        "claim_line_number": ("", "'1'"),
        "person_id": ("BENE_MBI_ID", "mbi"),
        "member_id": ("BENE_MBI_ID", "mbi"),
        "payer": ("", literal("medicare")),
        "plan": ("", literal("medicare")),
        "prescribing_provider_npi": (
            "CLM_PRSBNG_PRVDR_GNRC_ID_NUM",
            f"case when PRVDR_PRSBNG_ID_QLFYR_CD {_IS_NPI} then CLM_PRSBNG_PRVDR_GNRC_ID_NUM end",
        ),
        "dispensing_provider_npi": (
            "CLM_SRVC_PRVDR_GNRC_ID_NUM",
            f"case when PRVDR_SRVC_ID_QLFYR_CD {_IS_NPI} then CLM_SRVC_PRVDR_GNRC_ID_NUM end",
        ),
        "dispensing_date": ("CLM_LINE_FROM_DT", "CLM_LINE_FROM_DT"),
        "ndc_code": ("CLM_LINE_NDC_CD", "CLM_LINE_NDC_CD"),
        "quantity": ("CLM_LINE_SRVC_UNIT_QTY", "CLM_LINE_SRVC_UNIT_QTY"),
        "days_supply": ("CLM_LINE_DAYS_SUPLY_QTY", "CLM_LINE_DAYS_SUPLY_QTY"),
        "refills": ("CLM_LINE_RX_FILL_NUM", "CLM_LINE_RX_FILL_NUM"),
        "paid_date": ("CLM_EFCTV_DT", "CLM_EFCTV_DT"),
    }

    def prepare(lines: str, files: tuple[FeedFile, ...]) -> str:
        related_set = " || '|' || ".join(f"coalesce({name}, '')" for name in ("mbi", *NATURAL_KEY))
        fills = f"""(
            select
                file_number, row_number, CUR_CLM_UNIQ_ID as claim_id, {related_set} as related_set,
                CLM_ADJSMT_TYPE_CD as adjustment, CLM_EFCTV_DT as effective, CLM_IDR_LD_DT as loaded_on,
                delivery
            from {lines} as lines
        ) as fills"""
        reading.connection.execute(f"create table stage.cclf_superseded_7 as {superseded_fills(fills)}")
        return "(file_number, row_number) in (select file_number, row_number from stage.cclf_superseded_7)"

    return reading.staged_lines("7", FIELDS, texts, prepare=prepare)
