"""Part A: claim headers (CCLF1), their revenue centre lines (2), procedures (3), diagnoses (4) and what the
beneficiary owed (A), put together delivery by delivery.

A line of CCLF2 becomes a claim line with what its header says of the claim; a header without lines becomes
a line itself, so that its payment is not lost. The payment of a Part A claim is that of its header: what
the revenue centre lines say of payment is used only where it adds up to the header, otherwise the header's
payment stands on the claim's first line (Information Packet, section 3.5). CCLF has no allowed amount for
Part A: it is the payment and what the beneficiary owed (deductible, coinsurance, blood) and sequestration
withheld, of CCLFA.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.sources.adapter import FileCount, Refusal, StagedFiles
from data.sources.cms_cclf.netting import DENIED_HEADER, redelivered, superseded_claims
from data.sources.cms_cclf.part_b import icd
from data.sources.cms_cclf.records import Records
from data.sources.files import literal
from data.sources.loading import set_aside

if TYPE_CHECKING:
    from data.feeds import FeedFile
    from data.sources.cms_cclf import CclfReading

LINE_WITHOUT_HEADER = "line without claim header"

HEADER_FIELDS = (
    "CUR_CLM_UNIQ_ID", "PRVDR_OSCAR_NUM", "BENE_MBI_ID", "CLM_TYPE_CD", "CLM_FROM_DT", "CLM_THRU_DT",
    "CLM_BILL_FAC_TYPE_CD", "CLM_BILL_CLSFCTN_CD", "PRNCPL_DGNS_CD", "CLM_MDCR_NPMT_RSN_CD", "CLM_PMT_AMT",
    "BENE_PTNT_STUS_CD", "DGNS_DRG_CD", "FAC_PRVDR_NPI_NUM", "ATNDG_PRVDR_NPI_NUM", "CLM_ADJSMT_TYPE_CD",
    "CLM_EFCTV_DT", "CLM_ADMSN_TYPE_CD", "CLM_ADMSN_SRC_CD", "CLM_BILL_FREQ_CD", "DGNS_PRCDR_ICD_IND",
    "CLM_MDCR_INSTNL_TOT_CHRG_AMT", "CLM_BLG_PRVDR_OSCAR_NUM", "CLM_BLG_PRVDR_NPI_NUM",
)  # fmt: skip
LINE_FIELDS = (
    "CUR_CLM_UNIQ_ID", "CLM_LINE_NUM", "BENE_MBI_ID", "CLM_LINE_FROM_DT", "CLM_LINE_THRU_DT",
    "CLM_LINE_PROD_REV_CTR_CD", "CLM_LINE_HCPCS_CD", "CLM_LINE_SRVC_UNIT_QTY", "CLM_LINE_CVRD_PD_AMT",
    "HCPCS_1_MDFR_CD", "HCPCS_2_MDFR_CD", "HCPCS_3_MDFR_CD", "HCPCS_4_MDFR_CD", "HCPCS_5_MDFR_CD",
)  # fmt: skip
PROCEDURE_FIELDS = ("CUR_CLM_UNIQ_ID", "CLM_VAL_SQNC_NUM", "CLM_PRCDR_CD")
DIAGNOSIS_FIELDS = ("CUR_CLM_UNIQ_ID", "CLM_PROD_TYPE_CD", "CLM_VAL_SQNC_NUM", "CLM_DGNS_CD")
OWED_FIELDS = (
    "CUR_CLM_UNIQ_ID", "CLM_ACTV_CARE_FROM_DT", "CLM_MDCR_IP_BENE_DDCTBL_AMT", "CLM_MDCR_DDCTBL_AMT",
    "CLM_MDCR_COINSRNC_AMT", "CLM_BLOOD_LBLTY_AMT", "CLM_SQSTRTN_RDCTN_AMT",
)  # fmt: skip

ADMITTING_TYPES = ("20", "30", "50", "60", "61")
"""CLM_TYPE_CD of claims somebody is admitted for: skilled nursing (20, swing bed 30), hospice, inpatient (60,
61); the others are home health (10) and outpatient (40)."""

STILL_A_PATIENT = "30"
"""BENE_PTNT_STUS_CD of a patient who had not left when the bill was written."""

COLUMNS: dict[str, str] = {
    "claim_id": "CUR_CLM_UNIQ_ID",
    "claim_line_number": "CLM_LINE_NUM",
    "person_id": "BENE_MBI_ID",
    "claim_start_date": "CLM_FROM_DT",
    "claim_end_date": "CLM_THRU_DT",
    "claim_line_start_date": "CLM_LINE_FROM_DT",
    "claim_line_end_date": "CLM_LINE_THRU_DT",
    "admission_date": "CLM_ACTV_CARE_FROM_DT",
    "discharge_date": "CLM_THRU_DT",
    "admit_source_code": "CLM_ADMSN_SRC_CD",
    "admit_type_code": "CLM_ADMSN_TYPE_CD",
    "discharge_disposition_code": "BENE_PTNT_STUS_CD",
    "bill_type_code": "CLM_BILL_FAC_TYPE_CD",
    "drg_code": "DGNS_DRG_CD",
    "revenue_center_code": "CLM_LINE_PROD_REV_CTR_CD",
    "service_unit_quantity": "CLM_LINE_SRVC_UNIT_QTY",
    "hcpcs_code": "CLM_LINE_HCPCS_CD",
    **{f"hcpcs_modifier_{n}": f"HCPCS_{n}_MDFR_CD" for n in range(1, 6)},
    "rendering_npi": "ATNDG_PRVDR_NPI_NUM",
    "billing_npi": "CLM_BLG_PRVDR_NPI_NUM",
    "facility_npi": "FAC_PRVDR_NPI_NUM",
    "paid_date": "CLM_EFCTV_DT",
    "paid_amount": "CLM_PMT_AMT",
    "allowed_amount": "CLM_PMT_AMT",
    "charge_amount": "CLM_MDCR_INSTNL_TOT_CHRG_AMT",
    "diagnosis_code_type": "DGNS_PRCDR_ICD_IND",
}
"""The text columns of ``LINES`` and the CMS field each comes from."""

LINES = "stage.cclf_part_a"
CLAIMS = "stage.cclf_part_a_claim"
SUPERSEDED = "stage.cclf_part_a_superseded"
AGAIN = "stage.cclf_part_a_again"
AT_ONCE = 1 << 29
"""How many bytes of CCLF2 text are put together at once."""

_PIECES = ("header", "line", "procedure", "diagnosis", "owed", "claim")


def stage(reading: CclfReading) -> list[StagedFiles]:
    """The lines of every delivery's Part A claims, and the headers that have no lines."""
    connection = reading.connection
    texts = ", ".join(f"{name} varchar" for name in COLUMNS)
    connection.execute(
        f"create table {LINES} (is_header boolean, file_number integer, row_number bigint, delivery integer, "
        f"has_header boolean, is_copy boolean, is_denied boolean, {texts}, "
        "diagnoses varchar[], procedures varchar[])"
    )
    connection.execute(
        f"create table {CLAIMS} (claim_id varchar, related_set varchar, amount decimal(18, 2), "
        "adjustment varchar, effective varchar, delivery integer, is_denied boolean)"
    )
    headers, lines = reading.files("cclf1"), reading.files("cclf2")
    header_records: dict[int, Records] = {}
    line_records: dict[int, Records] = {}
    for deliveries in _batches(reading, lines):
        _put_together(reading, deliveries, headers, lines, header_records, line_records)
    connection.execute(
        f"create table {AGAIN} as "
        + redelivered(f"(select distinct claim_id, delivery from {CLAIMS}) as delivered_claims")
    )
    last = f"""(
        select * from {CLAIMS}
        where (claim_id, delivery) not in (select claim_id, delivery from {AGAIN})
        qualify row_number() over (partition by claim_id order by effective) = 1
    ) as claims"""
    connection.execute(f"create table {SUPERSEDED} as select claim_id from ({superseded_claims(last)})")
    staged = [_staged(reading, tuple(lines), line_records, is_header=False)]
    alone = _staged(reading, tuple(headers), header_records, is_header=True)
    _count_headers(reading, headers, header_records, alone)
    if any(alone.rows):
        staged.append(alone)
    return staged


def _batches(reading: CclfReading, lines: list[FeedFile]) -> list[range]:
    """The deliveries to put together at once: as many as memory bears, one at least."""
    sizes = [0] * len(reading.deliveries)
    for file in lines:
        # A packed file is about a tenth of its text.
        sizes[reading.delivery(file)] += file.path.stat().st_size * (10 if file.path.suffix == ".gz" else 1)
    batches, first, size = [], 0, 0
    for number, more in enumerate(sizes):
        if number > first and size + more > AT_ONCE:
            batches.append(range(first, number))
            first, size = number, 0
        size += more
    return [*batches, range(first, len(sizes))]


def _put_together(
    reading: CclfReading,
    deliveries: range,
    headers: list[FeedFile],
    lines: list[FeedFile],
    header_records: dict[int, Records],
    line_records: dict[int, Records],
) -> None:
    """Read the Part A files of some deliveries and add their claim lines to ``LINES``."""
    names = {piece: f"stage.cclf_part_a_{piece}_piece" for piece in _PIECES}
    rows: dict[str, str] = {}

    def read(letter: str, fields: tuple[str, ...], piece: str) -> dict[int, Records]:
        files = reading.files(f"cclf{letter.lower()}")
        delivery_of = [reading.delivery(file) for file in files]
        chosen = {n: file for n, file in enumerate(files) if delivery_of[n] in deliveries}
        found = reading.read(letter, fields, names[piece], chosen)
        offsets = [found[n].offset if n in found else 0 for n in range(len(files))]
        rows[piece] = (
            f"(select * exclude (line), rowid + 1 - ({offsets or [0]})[file_number + 1] as row_number, "
            f"({delivery_of or [0]})[file_number + 1] as delivery from {names[piece]} where line is null)"
        )
        return found

    try:
        of_headers = read("1", HEADER_FIELDS, "header")
        of_lines = read("2", LINE_FIELDS, "line")
        described = {reading.delivery(one.file) for one in of_headers.values()}
        reading.problems += [
            f"{one.file.path}: its claim headers are missing: the delivery has no CCLF1 file; add it"
            for one in of_lines.values()
            if reading.delivery(one.file) not in described
        ]
        others = {
            piece: read(letter, fields, piece)
            for letter, piece, fields in (
                ("3", "procedure", PROCEDURE_FIELDS),
                ("4", "diagnosis", DIAGNOSIS_FIELDS),
                ("A", "owed", OWED_FIELDS),
            )
        }
        header_records |= of_headers
        line_records |= of_lines
        _describe_claims(reading, names["claim"], rows)
        _add_lines(reading, names["claim"], rows)
        for piece, records in others.items():
            orphans = _without_header(reading, names["claim"], rows[piece], piece)
            for number, one in records.items():
                reading.count(one, orphans.get(number, []))
    finally:
        for name in names.values():
            reading.connection.execute(f"drop table if exists {name}")


def _describe_claims(reading: CclfReading, claim: str, rows: dict[str, str]) -> None:
    """One row per header with everything its lines need of the claim. ``rows`` are the pieces' good rows."""
    money = "try_cast({} as decimal(18, 2))".format
    owed = " + ".join(
        f"coalesce({value}, 0)"
        for value in (
            # The inpatient deductible may be written in both fields.
            f"greatest({money('CLM_MDCR_IP_BENE_DDCTBL_AMT')}, {money('CLM_MDCR_DDCTBL_AMT')})",
            money("CLM_MDCR_COINSRNC_AMT"),
            money("CLM_BLOOD_LBLTY_AMT"),
            money("CLM_SQSTRTN_RDCTN_AMT"),
        )
    )
    reading.connection.execute(
        f"""
        create table {claim} as
        with detail as (
            select
                delivery,
                CUR_CLM_UNIQ_ID,
                min(try_cast(CLM_LINE_NUM as integer)) as first_line,
                sum({money("CLM_LINE_CVRD_PD_AMT")}) as lines_payment
            from {rows["line"]} as line
            group by delivery, CUR_CLM_UNIQ_ID
        ),
        diagnosis as (
            select
                delivery,
                CUR_CLM_UNIQ_ID,
                list(
                    CLM_DGNS_CD
                    order by
                        CLM_PROD_TYPE_CD in ('E', '1'), try_cast(CLM_VAL_SQNC_NUM as integer), CLM_DGNS_CD
                ) as codes
            from (
                select distinct delivery, CUR_CLM_UNIQ_ID, CLM_PROD_TYPE_CD, CLM_VAL_SQNC_NUM, CLM_DGNS_CD
                from {rows["diagnosis"]} as diagnosis_row
                where CLM_DGNS_CD is not null
            )
            group by delivery, CUR_CLM_UNIQ_ID
        ),
        procedure as (
            select
                delivery,
                CUR_CLM_UNIQ_ID,
                list(CLM_PRCDR_CD order by try_cast(CLM_VAL_SQNC_NUM as integer), CLM_PRCDR_CD) as codes
            from (
                select distinct delivery, CUR_CLM_UNIQ_ID, CLM_VAL_SQNC_NUM, CLM_PRCDR_CD
                from {rows["procedure"]} as procedure_row
                where CLM_PRCDR_CD is not null
            )
            group by delivery, CUR_CLM_UNIQ_ID
        ),
        owed as (
            -- A claim has one row for each related condition, all with the same amounts.
            select
                delivery,
                CUR_CLM_UNIQ_ID,
                min(CLM_ACTV_CARE_FROM_DT) as admitted_on,
                max({owed}) as amount
            from {rows["owed"]} as owed_row
            group by delivery, CUR_CLM_UNIQ_ID
        ),
        header as (
            select
                *,
                row_number() over (
                    partition by delivery, CUR_CLM_UNIQ_ID order by file_number, row_number
                ) as copy
            from {rows["header"]} as header_row
        )
        select
            h.*,
            detail.CUR_CLM_UNIQ_ID is not null as has_lines,
            detail.first_line,
            {money("h.CLM_PMT_AMT")} as payment,
            coalesce(detail.lines_payment = {money("h.CLM_PMT_AMT")}, false) as lines_add_up,
            coalesce(x.current_mbi, h.BENE_MBI_ID) as mbi,
            case
                when h.CLM_TYPE_CD in ({", ".join(map(literal, ADMITTING_TYPES))})
                    then coalesce(owed.admitted_on, h.CLM_FROM_DT)
            end as admitted_on,
            coalesce(owed.amount, 0) as owed,
            case
                when h.PRNCPL_DGNS_CD is null then diagnosis.codes
                else list_prepend(
                    h.PRNCPL_DGNS_CD,
                    list_filter(coalesce(diagnosis.codes, []), lambda code: code <> h.PRNCPL_DGNS_CD)
                )
            end as diagnoses,
            procedure.codes as procedures
        from header as h
        left join detail using (delivery, CUR_CLM_UNIQ_ID)
        left join diagnosis using (delivery, CUR_CLM_UNIQ_ID)
        left join procedure using (delivery, CUR_CLM_UNIQ_ID)
        left join owed using (delivery, CUR_CLM_UNIQ_ID)
        left join stage.cclf_crosswalk as x on x.previous_mbi = h.BENE_MBI_ID
        """
    )


def _add_lines(reading: CclfReading, claim: str, rows: dict[str, str]) -> None:
    """Add the lines of the claims, and the headers without lines, to ``LINES``, the claims to ``CLAIMS``."""
    connection = reading.connection
    sign = "case when h.CLM_ADJSMT_TYPE_CD = '1' then -1 else 1 end"
    # A text that is no amount is passed on as it is, so that the row is set aside with it.
    line_payment = (
        f"coalesce(cast({sign} * try_cast(l.CLM_LINE_CVRD_PD_AMT as decimal(18, 2)) as varchar), "
        "l.CLM_LINE_CVRD_PD_AMT, '0.00')"
    )
    header_payment = f"coalesce(cast({sign} * h.payment as varchar), h.CLM_PMT_AMT)"
    is_first = "l.CLM_LINE_NUM is null or try_cast(l.CLM_LINE_NUM as integer) = h.first_line"
    paid = (
        f"case when h.lines_add_up then {line_payment} when {is_first} then {header_payment} else '0.00' end"
    )
    owed = f"case when {is_first} then {sign} * h.owed else 0 end"
    values = {
        "claim_id": "coalesce(l.CUR_CLM_UNIQ_ID, h.CUR_CLM_UNIQ_ID)",
        "claim_line_number": "coalesce(l.CLM_LINE_NUM, '1')",
        "person_id": "coalesce(h.mbi, l.mbi)",
        "claim_start_date": "h.CLM_FROM_DT",
        "claim_end_date": "h.CLM_THRU_DT",
        "claim_line_start_date": "l.CLM_LINE_FROM_DT",
        "claim_line_end_date": "l.CLM_LINE_THRU_DT",
        "admission_date": "h.admitted_on",
        "discharge_date": "case when h.admitted_on is not null "
        f"and coalesce(h.BENE_PTNT_STUS_CD, '') <> {literal(STILL_A_PATIENT)} then h.CLM_THRU_DT end",
        "admit_source_code": "h.CLM_ADMSN_SRC_CD",
        "admit_type_code": "h.CLM_ADMSN_TYPE_CD",
        "discharge_disposition_code": "h.BENE_PTNT_STUS_CD",
        "bill_type_code": "h.CLM_BILL_FAC_TYPE_CD || h.CLM_BILL_CLSFCTN_CD "
        "|| coalesce(h.CLM_BILL_FREQ_CD, '')",
        # CMS writes four characters for the three of a DRG.
        "drg_code": "case when length(h.DGNS_DRG_CD) = 4 "
        "then ltrim(h.DGNS_DRG_CD[1], '0') || h.DGNS_DRG_CD[2:] else h.DGNS_DRG_CD end",
        "revenue_center_code": "l.CLM_LINE_PROD_REV_CTR_CD",
        "service_unit_quantity": "l.CLM_LINE_SRVC_UNIT_QTY",
        "hcpcs_code": "l.CLM_LINE_HCPCS_CD",
        **{f"hcpcs_modifier_{n}": f"l.HCPCS_{n}_MDFR_CD" for n in range(1, 6)},
        "rendering_npi": "h.ATNDG_PRVDR_NPI_NUM",
        "billing_npi": "coalesce(h.CLM_BLG_PRVDR_NPI_NUM, h.FAC_PRVDR_NPI_NUM)",
        "facility_npi": "h.FAC_PRVDR_NPI_NUM",
        "paid_date": "h.CLM_EFCTV_DT",
        "paid_amount": paid,
        "allowed_amount": f"coalesce(cast(try_cast({paid} as decimal(18, 2)) + {owed} as varchar), {paid})",
        "charge_amount": f"case when {is_first} then coalesce(cast({sign} * "
        "try_cast(h.CLM_MDCR_INSTNL_TOT_CHRG_AMT as decimal(18, 2)) as varchar), "
        "h.CLM_MDCR_INSTNL_TOT_CHRG_AMT) end",
        "diagnosis_code_type": icd("h.DGNS_PRCDR_ICD_IND"),
    }
    columns = ", ".join(values[name] for name in COLUMNS)
    denied = f"coalesce(h.{DENIED_HEADER}, false)"
    connection.execute(
        f"""
        insert into {LINES}
        select
            false, l.file_number, l.row_number, l.delivery, h.CUR_CLM_UNIQ_ID is not null, false,
            {denied}, {columns}, h.diagnoses, h.procedures
        from (
            select r.*, coalesce(x.current_mbi, r.BENE_MBI_ID) as mbi
            from {rows["line"]} as r
            left join stage.cclf_crosswalk as x on x.previous_mbi = r.BENE_MBI_ID
        ) as l
        left join (select * from {claim} where copy = 1) as h using (delivery, CUR_CLM_UNIQ_ID)
        """
    )
    nothing = ", ".join(f"cast(null as varchar) as {name}" for name in (*LINE_FIELDS, "mbi"))
    connection.execute(
        f"""
        insert into {LINES}
        select
            true, h.file_number, h.row_number, h.delivery, true, h.copy > 1,
            {denied}, {columns}, h.diagnoses, h.procedures
        from {claim} as h
        cross join (select {nothing}) as l
        where h.copy > 1 or not h.has_lines
        """
    )
    connection.execute(
        f"""
        insert into {CLAIMS}
        select
            CUR_CLM_UNIQ_ID,
            coalesce(CLM_BLG_PRVDR_OSCAR_NUM, PRVDR_OSCAR_NUM, '') || '|' || coalesce(CLM_FROM_DT, '')
                || '|' || coalesce(CLM_THRU_DT, '') || '|' || coalesce(mbi, ''),
            payment,
            CLM_ADJSMT_TYPE_CD,
            CLM_EFCTV_DT,
            delivery,
            coalesce({DENIED_HEADER}, false)
        from {claim}
        where copy = 1 and CUR_CLM_UNIQ_ID is not null
        """
    )


def _staged(
    reading: CclfReading, files: tuple[FeedFile, ...], records: dict[int, Records], *, is_header: bool
) -> StagedFiles:
    rows = f"(select *, person_id as mbi from {LINES} where is_header = {is_header})"
    texts = {name: name for name in COLUMNS} | {
        "member_id": "person_id",
        "claim_type": "'institutional'",
        "payer": literal("medicare"),
        "plan": literal("medicare"),
        "drg_code_type": "case when drg_code is not null then 'ms-drg' end",
        "procedure_code_type": "case when procedures is not null then 'icd-10-pcs' end",
        **{f"diagnosis_code_{n}": f"diagnoses[{n}]" for n in range(1, 26)},
        **{f"procedure_code_{n}": f"procedures[{n}]" for n in range(1, 26)},
    }
    origins = COLUMNS | {"member_id": "BENE_MBI_ID", "diagnosis_code_1": "PRNCPL_DGNS_CD"}
    if is_header:
        found = dict(
            reading.connection.execute(
                f"select file_number, count(*) from {LINES} where is_header group by file_number"
            ).fetchall()
        )
        counted = tuple(found.get(number, 0) for number in range(len(files)))
    else:
        counted = tuple(records[number].rows for number in range(len(files)))
    return StagedFiles(
        files=files,
        relation=f"(select * from {rows} as lines "
        "anti join stage.cclf_excluded as e on e.mbi = lines.mbi) as part_a",
        texts=texts,
        row_number="row_number",
        file_number="file_number",
        rows=counted,
        broken=() if is_header else tuple(line for one in records.values() for line in one.broken),
        filtered=reading.filtered(f"{rows} as lines", len(files)),
        superseded=f"is_denied or claim_id in (select claim_id from {SUPERSEDED}) "
        f"or (claim_id, delivery) in (select claim_id, delivery from {AGAIN})",
        refusals=(
            Refusal(LINE_WITHOUT_HEADER, "CUR_CLM_UNIQ_ID", "not has_header and claim_id is not null"),
            # A header that comes twice in a delivery would pay its claim twice.
            Refusal("duplicate key", "CUR_CLM_UNIQ_ID", "is_copy and claim_id is not null"),
        ),
        origins=origins,
        as_written={COLUMNS[name]: name for name in COLUMNS},
    )


def _count_headers(
    reading: CclfReading, files: list[FeedFile], records: dict[int, Records], alone: StagedFiles
) -> None:
    """Count the headers that completed their lines; those without lines are counted as rows of their own."""
    for number, file in enumerate(files):
        one = records[number]
        set_aside(
            reading.connection,
            reading.feed.name,
            file.kind,
            [(file.name, line.row_number, None, line.reason, {"line": line.text}) for line in one.broken],
        )
        rows_in = one.rows - alone.rows[number]
        reading.counts.append(
            FileCount(file, rows_in, rows_in - len(one.broken), len(one.broken), None, file.kind)
        )


def _without_header(
    reading: CclfReading, claim: str, rows: str, piece: str
) -> dict[int, list[tuple[int, str | None, str, str]]]:
    """Rows, by file, that only complete claims and whose claim has no header in the delivery."""
    fields = {"procedure": PROCEDURE_FIELDS, "diagnosis": DIAGNOSIS_FIELDS, "owed": OWED_FIELDS}[piece]
    values = ", ".join(f"{name} := {name}" for name in fields)
    found: dict[int, list[tuple[int, str | None, str, str]]] = {}
    for number, row, text in reading.connection.execute(
        f"""
        select file_number, row_number, cast(to_json(struct_pack({values})) as varchar)
        from {rows} as part
        anti join {claim} as h using (delivery, CUR_CLM_UNIQ_ID)
        order by 1, 2
        """
    ).fetchall():
        found.setdefault(number, []).append((row, "CUR_CLM_UNIQ_ID", LINE_WITHOUT_HEADER, text))
    return found
