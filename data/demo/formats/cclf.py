"""CMS's Claim and Claim Line Feed: eleven fixed-width files a month, a summary of them, and the exclusions.

Positions are those of the layouts the reader has (`data.sources.cms_cclf.layouts`). What CCLF does not carry
is not written: submitted charges of physicians, what Part D plans paid, diagnoses of suppliers. Amounts of a
cancellation are positive, as CMS sends them; its adjustment type says what it is.

Medicare Beneficiary Identifiers have an S in second place, which CMS never assigns. A few beneficiaries are
given a new identifier in the middle of history, and a few decline to have their claims shared.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.demo.codes import dictionary_column
from data.demo.formats.deliveries import NO_DAY, cents, changes_of, days, distinct, whole
from data.demo.formats.fixed import Value, records
from data.demo.formats.payer import PayerWriter, coded, runs, text
from data.demo.formats.tuva import ROSTERS
from data.sources.cms_cclf.layouts import FILES, SUMMARY_HEADER, layout, record_length, summary_line

VERSION = "v36"
ACO = "A9901"
_RENUMBERED = 67  # one beneficiary in so many is given a new identifier
_DECLINES = 400  # one in so many declines data sharing, some time in history
_ALPHABET = np.frombuffer(b"ACDEFGHJKMNPQRTUVWXY", np.uint8)  # the letters an MBI may have

# CLM_TYPE_CD by the first two digits of the bill type; everything else is an outpatient claim (40).
_CLAIM_TYPE = {"11": "60", "41": "60", "18": "30", "21": "20", "32": "10", "33": "10", "34": "10", "81": "50",
               "82": "50"}  # fmt: skip
_STAYED = ("20", "30", "50", "60")
_SUPPLIES = ("E", "K0", "L", "A4", "A7", "B4")  # HCPCS of durable equipment, in the file of their own
_RACE = {"white": "1", "black or african american": "2", "asian": "4", "other race": "3",
         "american indian or alaska native": "6"}  # fmt: skip


def mbi(number: np.ndarray, *, former: bool = False) -> pa.Array:
    """The synthetic Medicare Beneficiary Identifier of each person number, current or former."""
    left = number.astype(np.int64)
    cells = np.zeros((len(left), 11), np.uint8)
    cells[:, 0] = ord("2" if former else "1")
    cells[:, 1] = ord("S")
    for place in (10, 9, 6, 5, 3, 2):
        cells[:, place] = ord("0") + left % 10
        left = left // 10
    for place in (8, 7, 4):
        cells[:, place] = _ALPHABET[left % len(_ALPHABET)]
        left = left // len(_ALPHABET)
    offsets = np.arange(len(number) + 1, dtype=np.int32) * 11
    return pa.Array.from_buffers(pa.string(), len(number), [None, pa.py_buffer(offsets), pa.py_buffer(cells)])


@dataclass
class CclfWriter(PayerWriter):
    """Medicare's monthly files of one ACO."""

    roster: ClassVar[str] = "covered"
    damages: ClassVar[tuple[str, ...]] = (
        "unparseable date", "letters in an amount", "repeated line", "no beneficiary",
    )  # fmt: skip
    declines: int = _DECLINES
    _count: dict[tuple[int, str], int] = field(default_factory=dict)
    _renumbered: list[np.ndarray] = field(default_factory=list)
    _covered: list[tuple[int, pa.Table]] = field(default_factory=list)
    # Records of file 5 that are wanted as bytes, not written.
    _captured: list[bytes] | None = None
    _declined: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)

    # Who is who

    def _renumbered_in(self, number: np.ndarray) -> np.ndarray:
        """The month from which a person's new identifier holds; 0 where it has always held."""
        span = len(self.payer.calendar) - 2
        chosen = (number % _RENUMBERED == 5) & (span > 0)
        return np.where(chosen, 1 + number // _RENUMBERED % max(span, 1), 0)

    def _declined_in(self, number: np.ndarray) -> np.ndarray:
        """The month from which a person's data are no longer shared; past the end where they always are."""
        length = len(self.payer.calendar)
        if not self.declines:
            return np.full(len(number), length)
        chosen = number % self.declines == 7
        return np.where(chosen, length // 3 + number // self.declines % max(length // 2, 1), length)

    def _identify(self, table: pa.Table, months: np.ndarray) -> tuple[pa.Table, _Whose]:
        """The rows of people who share their data, with the identifiers they had in the month of each row."""
        people = whole(table["person_id"]).dictionary_encode()
        number = person_number(people.dictionary)
        index = people.indices.to_numpy()
        shared = self._declined_in(number)[index] > months
        if not shared.all():
            table, months, index = table.filter(pa.array(shared)), months[shared], index[shared]
        former = self._renumbered_in(number)[index] > months
        known = pa.concat_arrays([mbi(number), mbi(number, former=True)])
        equitable = pc.utf8_lpad(pc.cast(pa.array(number), pa.string()), 11, "0")
        return table, _Whose(
            months,
            pa.DictionaryArray.from_arrays(pa.array(index + former * len(number), pa.int32()), known),
            pa.DictionaryArray.from_arrays(pa.array(index, pa.int32()), equitable),
        )

    def note_members(self, table: pa.Table) -> None:
        pairs = table.group_by(["person_id"], use_threads=False).aggregate([])
        number = person_number(whole(pairs["person_id"]))
        self.members.append(pa.table({"member_id": mbi(number), "person_id": pairs["person_id"]}))
        self._renumbered.append(number[self._renumbered_in(number) > 0])
        for row in np.flatnonzero(self._declined_in(number) < len(self.payer.calendar)):
            self._note_decline(table, number[row])

    def _note_decline(self, table: pa.Table, number: int) -> None:
        wanted = f"P{number:08d}"
        row = table.filter(pc.equal(table["person_id"], wanted)).slice(0, 1).to_pylist()[0]
        one = np.array([number])
        self._declined[mbi(one)[0].as_py()] = (int(self._declined_in(one)[0]), row)

    # Beneficiaries

    def write_roster(self, month: int, rows: pa.Table) -> None:
        """Kept until the chunk's months are all there: records are made for many rows at once."""
        self._covered.append((month, rows))
        if month == len(self.payer.calendar) - 1:
            months = np.concatenate([np.full(part.num_rows, at) for at, part in self._covered])
            self._beneficiaries(pa.concat_tables([part for _, part in self._covered]), months)
            self._covered.clear()

    def count_roster(self, month: int, rows: pa.Table) -> None:
        shared = self._declined_in(person_number(pc.cast(whole(rows["person_id"]), pa.string()))) > month
        self.totals.add(month, "eligibility", int(shared.sum()), int(shared.sum()))

    def _beneficiaries(self, rows: pa.Table, months: np.ndarray) -> None:
        rows, people = self._identify(rows, months)
        spanish = pc.fill_null(pc.equal(rows["ethnicity"], "hispanic or latino"), False)
        birth = days(rows["birth_date"])
        started = np.maximum(days(rows["enrollment_start_date"]), birth)
        age = (self.payer.calendar.last[people.month] - birth) / 365.2425
        self._file(
            people.month, "8",
            BENE_MBI_ID=people.mbi,
            BENE_FIPS_STATE_CD="17",
            BENE_FIPS_CNTY_CD="999",
            BENE_ZIP_CD=text(rows["zip_code"]),
            BENE_DOB=birth,
            BENE_SEX_CD=coded(rows["gender"], {"male": "1", "female": "2", "unknown": "0"}),
            BENE_RACE_CD=pc.if_else(spanish, "5", coded(rows["race"], _RACE)),
            BENE_AGE=np.maximum(age, 0).astype(np.int64),
            BENE_MDCR_STUS_CD=text(rows["medicare_status_code"]),
            BENE_DUAL_STUS_CD=text(rows["dual_status_code"]),
            BENE_DEATH_DT=days(rows["death_date"]),
            BENE_1ST_NAME=text(rows["first_name"]),
            BENE_LAST_NAME=text(rows["last_name"]),
            BENE_ORGNL_ENTLMT_RSN_CD=pc.if_else(pa.array(age >= 65), "0", "1"),
            BENE_ENTLMT_BUYIN_IND="3",
            BENE_PART_A_ENRLMT_BGN_DT=started,
            BENE_PART_B_ENRLMT_BGN_DT=started,
            BENE_LINE_1_ADR=text(rows["address"]),
            GEO_ZIP_PLC_NAME=text(rows["city"]),
            GEO_USPS_STATE_CD=text(rows["state"]),
            GEO_ZIP5_CD=text(rows["zip_code"]),
        )  # fmt: skip

    # Claims

    def write_claims(self, table_name: str, rows: pa.Table, months: np.ndarray) -> None:
        rows, people = self._identify(rows, months)
        if not rows.num_rows:
            return
        if table_name == "pharmacy_claim":
            self._part_d(rows, people)
            return
        hospital = pc.equal(text(rows["claim_type"]), "institutional")
        chosen = np.asarray(hospital.combine_chunks())
        for part, write in ((chosen, self._part_a), (~chosen, self._part_b)):
            at = np.flatnonzero(part)
            if len(at):
                write(rows.take(pa.array(at)), people.take(at))

    def _part_a(self, rows: pa.Table, people: _Whose) -> None:
        head = changes_of(rows["claim_id"])
        lines = np.diff(np.append(head, rows.num_rows))
        claims = rows.take(pa.array(head))
        whose = people.take(head)
        bill = text(claims["bill_type_code"])
        claim_type = dictionary_words(pc.utf8_slice_codeunits(bill, 0, 2), _CLAIM_TYPE, "40")
        sign = np.where(np.add.reduceat(cents(rows["charge_amount"]), head) < 0, -1, 1)
        frequency = pc.utf8_slice_codeunits(bill, 2, 3)
        sign = np.where(np.asarray(pc.equal(frequency, "8").combine_chunks()), -1, sign)
        paid, allowed, charge = (
            np.add.reduceat(cents(rows[name]), head) * sign
            for name in ("paid_amount", "allowed_amount", "charge_amount")
        )
        start, end = days(claims["claim_start_date"]), days(claims["claim_end_date"])
        number = digits(claims["claim_id"], "1")
        oscar = place_number(claims["facility_npi"])
        adjustment = dictionary_words(frequency, {"8": "1", "7": "2"}, "0")
        effective = days(claims["paid_date"])
        drg = pc.utf8_lpad(text(claims["drg_code"]), 4, "0")
        self._file(
            whose.month, "1",
            CUR_CLM_UNIQ_ID=number, PRVDR_OSCAR_NUM=oscar, BENE_MBI_ID=whose.mbi, CLM_TYPE_CD=claim_type,
            CLM_FROM_DT=start, CLM_THRU_DT=end,
            CLM_BILL_FAC_TYPE_CD=pc.utf8_slice_codeunits(bill, 0, 1),
            CLM_BILL_CLSFCTN_CD=pc.utf8_slice_codeunits(bill, 1, 2),
            CLM_BILL_FREQ_CD=frequency,
            PRNCPL_DGNS_CD=text(claims["diagnosis_code_1"]), ADMTG_DGNS_CD=text(claims["diagnosis_code_1"]),
            CLM_PMT_AMT=paid,
            BENE_PTNT_STUS_CD=text(claims["discharge_disposition_code"]), DGNS_DRG_CD=drg,
            FAC_PRVDR_NPI_NUM=text(claims["facility_npi"]),
            ATNDG_PRVDR_NPI_NUM=text(claims["rendering_npi"]),
            CLM_ADJSMT_TYPE_CD=adjustment, CLM_EFCTV_DT=effective, CLM_IDR_LD_DT=effective + 1,
            BENE_EQTBL_BIC_HICN_NUM=whose.equitable,
            CLM_ADMSN_TYPE_CD=text(claims["admit_type_code"]),
            CLM_ADMSN_SRC_CD=text(claims["admit_source_code"]),
            DGNS_PRCDR_ICD_IND="0", CLM_MDCR_INSTNL_TOT_CHRG_AMT=charge,
            CLM_BLG_PRVDR_OSCAR_NUM=oscar, CLM_BLG_PRVDR_NPI_NUM=text(claims["billing_npi"]),
            CLM_ATNDG_PRVDR_NPI_NUM=text(claims["rendering_npi"]),
            CLM_CNTL_NUM=text(claims["claim_id"]), CLM_CNTRCTR_NUM="99901",
        )  # fmt: skip
        of_claim = np.repeat(np.arange(len(head)), lines)
        revenue_day = days(rows["claim_line_start_date"])
        self._file(
            people.month, "2",
            CUR_CLM_UNIQ_ID=number.take(pa.array(of_claim)),
            CLM_LINE_NUM=np.asarray(rows["claim_line_number"]),
            BENE_MBI_ID=people.mbi, CLM_TYPE_CD=whole(claim_type).take(pa.array(of_claim)),
            CLM_LINE_FROM_DT=revenue_day, CLM_LINE_THRU_DT=days(rows["claim_line_end_date"]),
            CLM_LINE_PROD_REV_CTR_CD=text(rows["revenue_center_code"]),
            CLM_LINE_INSTNL_REV_CTR_DT=revenue_day,
            CLM_LINE_HCPCS_CD=text(rows["hcpcs_code"]),
            BENE_EQTBL_BIC_HICN_NUM=people.equitable,
            PRVDR_OSCAR_NUM=oscar.take(pa.array(of_claim)), CLM_FROM_DT=start[of_claim],
            CLM_THRU_DT=end[of_claim],
            CLM_LINE_SRVC_UNIT_QTY=np.asarray(rows["service_unit_quantity"]),
            CLM_LINE_CVRD_PD_AMT=cents(rows["paid_amount"]) * sign[of_claim],
            CLM_FAC_PRVDR_OSCAR_NUM=oscar.take(pa.array(of_claim)),
        )  # fmt: skip
        same = {
            "CUR_CLM_UNIQ_ID": number, "BENE_MBI_ID": whose.mbi, "CLM_TYPE_CD": claim_type,
            "BENE_EQTBL_BIC_HICN_NUM": whose.equitable, "PRVDR_OSCAR_NUM": oscar, "CLM_FROM_DT": start,
            "CLM_THRU_DT": end,
        }  # fmt: skip
        for file, field_name, column, extra in (
            ("3", "CLM_PRCDR_CD", "procedure_code", {"CLM_PRCDR_PRFRM_DT": start}),
            ("4", "CLM_DGNS_CD", "diagnosis_code", {"CLM_PROD_TYPE_CD": "D"}),
        ):
            self._codes(whose.month, file, claims, field_name, column, {**same, **extra})
        stayed = pc.is_in(whole(claim_type), pa.array(_STAYED))
        admitted = days(claims["admission_date"]) if "admission_date" in claims.column_names else start
        inpatient = np.asarray(pc.equal(claim_type, "60"))
        shared = allowed - paid
        self._file(
            whose.month, "A",
            CUR_CLM_UNIQ_ID=number, BENE_MBI_ID=whose.mbi, CLM_TYPE_CD=claim_type,
            CLM_ACTV_CARE_FROM_DT=np.where(np.asarray(stayed), admitted, NO_DAY),
            CLM_MDCR_IP_BENE_DDCTBL_AMT=np.where(inpatient, shared, 0),
            CLM_MDCR_COINSRNC_AMT=np.where(inpatient, 0, shared),
        )  # fmt: skip

    def _codes(
        self,
        months: np.ndarray,
        file: str,
        claims: pa.Table,
        field_name: str,
        column: str,
        same: dict[str, Value],
    ) -> None:
        """One record for each diagnosis or procedure of each claim, in order."""
        names = [f"{column}_{n}" for n in range(1, 26) if f"{column}_{n}" in claims.column_names]
        if not names:
            return
        present = np.stack([np.asarray(claims[name].is_valid()) for name in names], axis=1)
        claim, place = np.nonzero(present)
        stacked = pa.chunked_array([text(claims[name]).combine_chunks() for name in names]).combine_chunks()
        chosen = stacked.take(pa.array(place * claims.num_rows + claim))
        rows = {
            name: value
            if isinstance(value, str)
            else (value[claim] if isinstance(value, np.ndarray) else whole(value).take(pa.array(claim)))
            for name, value in same.items()
        }
        rows |= {"CLM_VAL_SQNC_NUM": place + 1, field_name: chosen, "DGNS_PRCDR_ICD_IND": "0"}
        self._file(months[claim], file, **rows)

    def _part_b(self, rows: pa.Table, people: _Whose) -> None:
        hcpcs = text(rows["hcpcs_code"])
        supplies = np.zeros(rows.num_rows, bool)
        for prefix in _SUPPLIES:
            supplies |= np.asarray(pc.fill_null(pc.starts_with(hcpcs, prefix), False).combine_chunks())
        # A claim goes to one file whole: to the suppliers' if its first line does.
        head = changes_of(rows["claim_id"])
        supplies = np.repeat(supplies[head], np.diff(np.append(head, rows.num_rows)))
        for part, file in ((~supplies, "5"), (supplies, "6")):
            at = np.flatnonzero(part)
            if len(at):
                self._lines(file, rows.take(pa.array(at)), people.take(at))

    def _lines(self, file: str, rows: pa.Table, people: _Whose) -> None:
        head = changes_of(rows["claim_id"])
        lines = np.diff(np.append(head, rows.num_rows))
        cancelled = np.repeat(np.add.reduceat(cents(rows["allowed_amount"]), head) < 0, lines)
        sign = np.where(cancelled, -1, 1)
        number = digits(rows["claim_id"], "1")
        effective = days(rows["paid_date"])
        original = rows["original_claim_id"] if "original_claim_id" in rows.column_names else None
        control = text(rows["claim_id"])
        if original is not None:
            control = pc.coalesce(text(original), control)
        both: dict[str, Value] = {
            "CUR_CLM_UNIQ_ID": number, "CLM_LINE_NUM": np.asarray(rows["claim_line_number"]),
            "BENE_MBI_ID": people.mbi,
            "CLM_TYPE_CD": "71" if file == "5" else "82",
            "CLM_FROM_DT": days(rows["claim_start_date"]), "CLM_THRU_DT": days(rows["claim_end_date"]),
            "CLM_POS_CD": text(rows["place_of_service_code"]),
            "CLM_LINE_FROM_DT": days(rows["claim_line_start_date"]),
            "CLM_LINE_THRU_DT": days(rows["claim_line_end_date"]),
            "CLM_LINE_HCPCS_CD": text(rows["hcpcs_code"]),
            "CLM_LINE_CVRD_PD_AMT": cents(rows["paid_amount"]) * sign,
            "CLM_LINE_ALOWD_CHRG_AMT": cents(rows["allowed_amount"]) * sign,
            "CLM_CARR_PMT_DNL_CD": "1", "CLM_PRCSG_IND_CD": "A",
            "CLM_ADJSMT_TYPE_CD": dictionary_column(cancelled.astype(np.int32), pa.array(["0", "1"])),
            "CLM_EFCTV_DT": effective, "CLM_IDR_LD_DT": effective + 1, "CLM_CNTL_NUM": control,
            "BENE_EQTBL_BIC_HICN_NUM": people.equitable, "CLM_DISP_CD": "01",
        }  # fmt: skip
        if file == "6":
            biller = text(rows["billing_npi"])
            self._file(
                people.month, "6", **both, PAYTO_PRVDR_NPI_NUM=biller, CLM_BLG_PRVDR_NPI_NUM=biller,
                ORDRG_PRVDR_NPI_NUM=text(rows["rendering_npi"]),
            )  # fmt: skip
        else:
            diagnoses: dict[str, Value] = {
                f"CLM_DGNS_{n}_CD": text(rows[f"diagnosis_code_{n}"])
                for n in range(1, 13)
                if f"diagnosis_code_{n}" in rows.column_names
            }
            rendering = text(rows["rendering_npi"])
            self._file(
                people.month, "5", **both, **diagnoses,
                RNDRG_PRVDR_NPI_NUM=rendering, CLM_RNDRG_PRVDR_NPI_NUM=rendering,
                CLM_LINE_DGNS_CD=text(rows["diagnosis_code_1"]), DGNS_PRCDR_ICD_IND="0",
                CLM_LINE_SRVC_UNIT_QTY=np.asarray(rows["service_unit_quantity"]), CLM_CNTRCTR_NUM="99901",
            )  # fmt: skip
        at = pa.array(head)
        first = people.take(head)
        self._file(
            first.month, "B", CUR_CLM_UNIQ_ID=number.take(at), CLM_LINE_NUM=np.ones(len(head), np.int64),
            BENE_MBI_ID=first.mbi, CLM_TYPE_CD="71" if file == "5" else "82",
        )  # fmt: skip

    def _part_d(self, rows: pa.Table, people: _Whose) -> None:
        effective = days(rows["paid_date"])
        number = digits(rows["claim_id"], "7")
        self._file(
            people.month, "7",
            CUR_CLM_UNIQ_ID=number, BENE_MBI_ID=people.mbi, CLM_LINE_NDC_CD=text(rows["ndc_code"]),
            CLM_TYPE_CD="02", CLM_LINE_FROM_DT=days(rows["dispensing_date"]), PRVDR_SRVC_ID_QLFYR_CD="01",
            CLM_SRVC_PRVDR_GNRC_ID_NUM=text(rows["dispensing_provider_npi"]), CLM_DSPNSNG_STUS_CD="C",
            CLM_DAW_PROD_SLCTN_CD="0", CLM_LINE_SRVC_UNIT_QTY=np.asarray(rows["quantity"]),
            CLM_LINE_DAYS_SUPLY_QTY=np.asarray(rows["days_supply"]), PRVDR_PRSBNG_ID_QLFYR_CD="01",
            CLM_PRSBNG_PRVDR_GNRC_ID_NUM=text(rows["prescribing_provider_npi"]),
            CLM_LINE_BENE_PMT_AMT=cents(rows["allowed_amount"]) - cents(rows["paid_amount"]),
            CLM_ADJSMT_TYPE_CD="0", CLM_EFCTV_DT=effective, CLM_IDR_LD_DT=effective + 1,
            CLM_LINE_RX_SRVC_RFRNC_NUM=number, CLM_LINE_RX_FILL_NUM=np.asarray(rows["refills"]),
            CLM_PHRMCY_SRVC_TYPE_CD="01",
        )  # fmt: skip

    def write_damaged(self, month: int, rows: pa.Table) -> int:
        """Damage lines of physicians by their positions in the record."""
        rows = rows.filter(pc.equal(text(rows["claim_type"]), "professional"))
        before = self._captured
        self._captured = []
        rows, people = self._identify(rows, np.full(rows.num_rows, month))
        if rows.num_rows:
            self._lines("5", rows, people)
        lines, self._captured = b"".join(self._captured).splitlines(), before
        places = {item.name: item for item in layout(VERSION, "5")}

        def put(line: bytes, name: str, value: str) -> bytes:
            item = places[name]
            width = item.end - item.start + 1
            return line[: item.start - 1] + value.rjust(width).encode()[:width] + line[item.end :]

        spoiled = []
        for index, line in enumerate(lines):
            kind = self.damages[index % len(self.damages)]
            if kind != "repeated line":
                line = put(line, "CUR_CLM_UNIQ_ID", f"9{index:012d}")
            if kind == "unparseable date":
                line = put(line, "CLM_FROM_DT", "2026-02-30")
            elif kind == "letters in an amount":
                line = put(line, "CLM_LINE_CVRD_PD_AMT", "12O.50")
            elif kind == "no beneficiary":
                line = put(line, "BENE_MBI_ID", "")
            spoiled.append(line + b"\n")
        key = (month, "5")
        self._count[key] = self._count.get(key, 0) + len(spoiled)
        self.append(month, self._name(month, "C5"), b"".join(spoiled))
        return len(spoiled)

    def _count_claims(self, month: int, table_name: str, rows: pa.Table) -> None:
        """Records and payments of those who share their data; CCLF has no other amounts of Part D."""
        number = person_number(whole(rows["person_id"]).dictionary_encode().dictionary)
        if (self._declined_in(number) <= month).any():
            rows, _ = self._identify(rows, np.full(rows.num_rows, month))
        if not rows.num_rows:
            return
        paid = int(cents(rows["paid_amount"]).sum()) if table_name == "medical_claim" else None
        self.totals.add(
            month, table_name, rows.num_rows, distinct(rows["person_id"]), distinct(rows["claim_id"]),
            (None, None, paid),
        )  # fmt: skip

    # The summary, the crosswalk and the exclusions are known at the end.

    def _name(self, month: int, what: str) -> str:
        received = self.payer.received[month]
        return f"P.{ACO}.ACO.Z{what}Y{self.payer.calendar.month(month):%y}.D{received:%y%m%d}.T0700000.txt.gz"

    def _file(self, months: np.ndarray, file: str, /, **values: Value) -> None:
        """Records of a file, ordered by the month they are sent in."""
        if self._captured is not None:
            if file == "5":
                self._captured.append(records(layout(VERSION, file), values, len(months)).tobytes())
            return
        block = records(layout(VERSION, file), values, len(months))
        for month, start, stop in runs(months):
            key = (month, file)
            self._count[key] = self._count.get(key, 0) + stop - start
            self.append(month, self._name(month, f"C{file}"), block[start:stop].tobytes())

    def close(self) -> None:
        changed = np.sort(np.concatenate([np.zeros(0, np.int64), *self._renumbered]))
        since = self._renumbered_in(changed)
        calendar = self.payer.calendar
        for month in range(len(calendar)):
            now = changed[since <= month]
            self._file(
                np.full(len(now), month), "9",
                HICN_MBI_XREF_IND="M", CRNT_NUM=mbi(now), PRVS_NUM=mbi(now, former=True),
                PRVS_ID_EFCTV_DT=np.full(len(now), int(calendar.first[0])),
                PRVS_ID_OBSLT_DT=calendar.first[since[since <= month]] - 1,
            )  # fmt: skip
            lines = [
                summary_line(file, self._count.get((month, file), 0), record_length(VERSION, file))
                for file in FILES
            ]
            summary = "\n".join([SUMMARY_HEADER, *lines, ""]).encode()
            self.append(month, self._name(month, "C0"), summary)
            self._exclusions(month)
        super().close()

    def _exclusions(self, month: int) -> None:
        left = sorted(item for item in self._declined.items() if item[1][0] <= month)
        if not left:
            return
        received = self.payer.received[month]
        root = ET.Element("PFDCACOBeneData")
        _children(
            ET.SubElement(root, "Header"),
            HeaderCode="HDR_BNEXC", FileCreationDate=f"{received:%Y%m%d}",
            PerformanceYear=f"{self.payer.calendar.month(month):%Y}", ReportMonth=f"{received:%m}",
        )  # fmt: skip
        listed = ET.SubElement(root, "Beneficiarys")
        for number, (_, row) in left:
            one = ET.SubElement(listed, "Beneficiary")
            _children(
                one, MBI=number, HICN="", FirstName=row["first_name"], MiddleName="",
                LastName=row["last_name"], DOB=row["birth_date"].replace("-", ""),
                Gender=row["gender"][:1].upper(),
            )  # fmt: skip
            _children(ET.SubElement(one, "BeneExcReasons"), BeneExcReason="BD")
        _children(
            ET.SubElement(root, "Trailer"),
            TrailerCode="TRL_BNEXC", FileCreationDate=f"{received:%Y%m%d}", RecordCount=str(len(left)),
        )  # fmt: skip
        name = f"P.{ACO}.BNEX.Y{received:%y}.D{received:%y%m%d}.T0700000.xml"
        content = ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
        self.append(month, name, content)

    def declare(self) -> dict[str, Any]:
        return {
            "format": "cms_cclf",
            "person_ids": self.person_ids,
            "options": {"eligibility": ROSTERS["covered"]},
            "expected": [f"cclf{file}" for file in "0124578"],
        }


@dataclass(frozen=True)
class _Whose:
    """The delivery month of each row, and the identifiers of its person."""

    month: np.ndarray
    mbi: pa.DictionaryArray
    equitable: pa.DictionaryArray

    def take(self, rows: np.ndarray) -> _Whose:
        at = pa.array(rows)
        return _Whose(self.month[rows], self.mbi.take(at), self.equitable.take(at))


def person_number(person_id: pa.Array) -> np.ndarray:
    """The number in a person id such as P00000123."""
    return pc.cast(pc.utf8_slice_codeunits(person_id, 1), pa.int64()).to_numpy(zero_copy_only=False)


def digits(claim_id: pa.ChunkedArray, prefix: str) -> pa.DictionaryArray:
    """A claim's number without its letters, after a digit of its kind."""
    array = whole(claim_id)
    array = pc.cast(array, pa.string()).dictionary_encode()
    words = pc.replace_substring_regex(array.dictionary, "^[A-Z]+", prefix)
    return pa.DictionaryArray.from_arrays(array.indices, words)


@cache
def _oscar(npi: str | None) -> str:
    # Provider numbers of state 99, which does not exist.
    if npi is None:
        return ""
    number, text_of = int(npi[:9]), ""
    for _ in range(4):
        number, digit = divmod(number, 36)
        text_of = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + text_of
    return f"99{text_of}"


def place_number(npi: pa.ChunkedArray) -> pa.DictionaryArray:
    """The CMS certification number (OSCAR) of each facility."""
    array = pc.cast(whole(npi), pa.string()).dictionary_encode()
    return pa.DictionaryArray.from_arrays(
        array.indices, pa.array([_oscar(word) for word in array.dictionary.to_pylist()], pa.string())
    )


def dictionary_words(column: pa.Array | pa.ChunkedArray, words: dict[str, str], other: str) -> pa.Array:
    """The word for each value, `other` where there is none."""
    array = whole(column).dictionary_encode()
    chosen = [words.get(word, other) for word in array.dictionary.to_pylist()]
    return pc.take(pa.array(chosen, pa.string()), array.indices)


def _children(parent: ET.Element, **texts: str) -> None:
    for name, value in texts.items():
        ET.SubElement(parent, name).text = value or None
