"""Payers with files of their own: delimited text in their words and codes, and the mapping that reads them.

`HeaderDetailWriter`: pipe-delimited; claim headers and claim lines in files apart, dates MM/DD/YYYY, all
diagnoses in one column, members as a file of changes. `FlatWriter`: one semicolon-delimited file of claim
lines, dates YYYYMMDD, amounts in whole cents, the full roster each month as an Excel workbook.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from data.demo.formats.deliveries import cents, changes_of, day_column, days
from data.demo.formats.payer import PayerWriter, coded, damaged, text
from data.demo.formats.tuva import ROSTERS
from data.demo.formats.workbook import workbook

DIAGNOSES = 12
WORKBOOK_ROWS = 50_000  # a roster longer than this comes as CSV

_US = "%m/%d/%Y"
_COMPACT = "%Y%m%d"


def _if_there(table: pa.Table, name: str) -> pa.ChunkedArray | pa.Array:
    return table[name] if name in table.column_names else pa.nulls(table.num_rows, pa.string())


def _day(table: pa.Table, name: str, form: str) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(table.num_rows, pa.string())
    return day_column(days(table[name]), form)


def _diagnosis_names(table: pa.Table) -> list[str]:
    names = [f"diagnosis_code_{n}" for n in range(1, DIAGNOSES + 1)]
    return [name for name in names if name in table.column_names]


@dataclass
class HeaderDetailWriter(PayerWriter):
    """`hdr_*.txt` and `dtl_*.txt` for claims, `rx_*.txt` for pharmacy, `mbr_*.txt` for changes of members."""

    roster: ClassVar[str] = "changed"
    tables: ClassVar[tuple[str, ...]] = ("eligibility", "medical_claim", "pharmacy_claim", "payer_gap")
    _gaps: bool = False
    damages: ClassVar[tuple[str, ...]] = (
        "unparseable date", "unknown code", "letters in an amount", "line without header", "no member",
    )  # fmt: skip

    def write_roster(self, month: int, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        made = {
            "MBR_ID": text(rows["member_id"]),
            "SEX_CD": coded(rows["gender"], {"male": "1", "female": "2", "unknown": "9"}),
            "DOB": _day(rows, "birth_date", _US),
            "DOD": _day(rows, "death_date", _US),
            "EFF_DT": _day(rows, "enrollment_start_date", _US),
            "TERM_DT": _day(rows, "enrollment_end_date", _US),
            "PROGRAM": rows["plan"],
            "PAYER_NM": rows["payer"],
            "LOB": rows["payer_type"],
            "RACE": rows["race"],
            "ETHNICITY": rows["ethnicity"],
            "FIRST_NM": rows["first_name"],
            "LAST_NM": rows["last_name"],
            "ADDR": rows["address"],
            "CITY": rows["city"],
            "ST": rows["state"],
            "ZIP": rows["zip_code"],
            "PHONE": rows["phone"],
            "EMAIL": rows["email"],
            "LANG": rows["preferred_language"],
        }
        self._add(month, "mbr", made)

    def write_month(self, month: int, table_name: str, rows: pa.Table) -> None:
        if table_name == "pharmacy_claim":
            self._add(month, "rx", _pharmacy(rows))
            return
        head = rows.take(pa.array(changes_of(rows["claim_id"])))
        self._add(month, "hdr", _header(head))
        self._add(month, "dtl", _detail(rows))

    def write_damaged(self, month: int, rows: pa.Table) -> int:
        # Claims of one line each, under numbers of their own.
        names = pa.array([f"{claim}C{index}" for index, claim in enumerate(rows["claim_id"].to_pylist())])
        rows = rows.set_column(rows.column_names.index("claim_id"), "claim_id", names)
        headers = damaged(
            _header(rows),
            [
                lambda row: row.update(FROM_DT="02/30/2026"),
                lambda row: row.update(CLM_TYP="H"),
                lambda row: None,
                lambda row: row.update(CLM_NO=f"{row['CLM_NO']}X"),
                lambda row: row.update(MBR_ID=None),
            ],
        )
        details = damaged(
            _detail(rows),
            [
                lambda row: None,
                lambda row: None,
                lambda row: row.update(PAID=f"{row['PAID'][:-1]}O"),
                lambda row: None,
                lambda row: None,
            ],
        )
        self._add(month, "hdr", {name: headers[name] for name in headers.column_names})
        self._add(month, "dtl", {name: details[name] for name in details.column_names})
        return details.num_rows

    def write(self, table_name: str, table: pa.Table) -> None:
        if table_name != "payer_gap":
            super().write(table_name, table)
            return
        self._gaps = True
        self._add(len(self.payer.calendar) - 1, "gaps", _gap_columns(table))

    def _add(self, month: int, kind: str, columns: dict[str, Any]) -> None:
        rows = pa.table(columns)
        name = f"{kind}_{self.payer.calendar.month(month):%Y%m}.txt.gz"
        self.append_csv(month, name, rows, "|")

    def declare(self) -> dict[str, Any]:
        return {
            "format": "mapped",
            "mapping": "mapping.yaml",
            "person_ids": self.person_ids,
            "options": {"eligibility": ROSTERS["changed"]},
            "expected": ["claim_header", "claim_detail", "pharmacy", "member_changes"],
        }

    def mapping(self) -> dict[str, Any]:
        form = {"delimiter": "|"}
        gaps = {"gap_list": {"files": "*/gaps_*.txt.gz", **form}} if self._gaps else {}
        us = {"date": _US}
        header = "claim_header."
        return {
            "inputs": {
                "claim_header": {"files": "*/hdr_*.txt.gz", **form},
                "claim_detail": {"files": "*/dtl_*.txt.gz", **form},
                "pharmacy": {"files": "*/rx_*.txt.gz", **form},
                "member_changes": {"files": "*/mbr_*.txt.gz", **form},
                **gaps,
            },
            "tables": {
                "eligibility": {
                    "from": "member_changes",
                    "columns": {
                        "person_id": "MBR_ID",
                        "member_id": "MBR_ID",
                        "gender": {"column": "SEX_CD", "codes": {"1": "male", "2": "female", "9": "unknown"}},
                        "birth_date": {"column": "DOB", **us},
                        "death_date": {"column": "DOD", **us},
                        "enrollment_start_date": {"column": "EFF_DT", **us},
                        "enrollment_end_date": {"column": "TERM_DT", **us},
                        "plan": "PROGRAM",
                        "payer": "PAYER_NM",
                        "payer_type": "LOB",
                        "race": "RACE",
                        "ethnicity": "ETHNICITY",
                        "first_name": "FIRST_NM",
                        "last_name": "LAST_NM",
                        "address": "ADDR",
                        "city": "CITY",
                        "state": "ST",
                        "zip_code": "ZIP",
                        "phone": "PHONE",
                        "email": "EMAIL",
                        "preferred_language": "LANG",
                    },
                },
                "medical_claim": {
                    "from": "claim_detail",
                    "join": {"claim_header": {"on": {"CLM_NO": "CLM_NO"}, "many": False}},
                    "columns": {
                        "claim_id": "CLM_NO",
                        "claim_line_number": "LN_NO",
                        "claim_type": {
                            "column": f"{header}CLM_TYP",
                            "codes": {"U": "institutional", "P": "professional"},
                        },
                        "person_id": f"{header}MBR_ID",
                        "member_id": f"{header}MBR_ID",
                        "payer": f"{header}PAYER_NM",
                        "plan": f"{header}PROGRAM",
                        "claim_start_date": {"column": f"{header}FROM_DT", **us},
                        "claim_end_date": {"column": f"{header}THRU_DT", **us},
                        "claim_line_start_date": {"column": "SVC_FROM", **us},
                        "claim_line_end_date": {"column": "SVC_THRU", **us},
                        "admission_date": {"column": f"{header}ADM_DT", **us},
                        "discharge_date": {"column": f"{header}DSCH_DT", **us},
                        "admission_hour": f"{header}ADM_HR",
                        "admit_source_code": f"{header}ADM_SRC",
                        "admit_type_code": f"{header}ADM_TYP",
                        "discharge_disposition_code": f"{header}DSCH_STS",
                        "place_of_service_code": "POS",
                        "bill_type_code": f"{header}TOB",
                        "drg_code": f"{header}DRG",
                        "revenue_center_code": "REV_CD",
                        "service_unit_quantity": "UNITS",
                        "hcpcs_code": "PROC_CD",
                        "rendering_npi": "RNDR_NPI",
                        "billing_npi": f"{header}BILL_NPI",
                        "facility_npi": f"{header}FAC_NPI",
                        "paid_date": {"column": f"{header}PAID_DT", **us},
                        "paid_amount": "PAID",
                        "allowed_amount": "ALLOWED",
                        "charge_amount": "BILLED",
                        "in_network_flag": {"column": "PAR", "codes": {"Y": "1", "N": "0"}},
                        "diagnosis_code_type": {"value": "icd-10-cm"},
                        f"diagnosis_code_1..{DIAGNOSES}": {"split": f"{header}DX_LIST", "on": ","},
                    },
                },
                "pharmacy_claim": _pharmacy_mapping("pharmacy"),
                **({"payer_gap": _GAP_MAPPING} if self._gaps else {}),
            },
        }


def _header(head: pa.Table) -> dict[str, Any]:
    diagnoses = pc.binary_join_element_wise(
        *(text(head[name]) for name in _diagnosis_names(head)), ",", null_handling="skip"
    )
    return {
        "CLM_NO": text(head["claim_id"]),
        "MBR_ID": text(head["member_id"]),
        "CLM_TYP": coded(head["claim_type"], {"institutional": "U", "professional": "P"}),
        "FROM_DT": _day(head, "claim_start_date", _US),
        "THRU_DT": _day(head, "claim_end_date", _US),
        "ADM_DT": _day(head, "admission_date", _US),
        "DSCH_DT": _day(head, "discharge_date", _US),
        "ADM_HR": _if_there(head, "admission_hour"),
        "ADM_SRC": head["admit_source_code"],
        "ADM_TYP": head["admit_type_code"],
        "DSCH_STS": head["discharge_disposition_code"],
        "TOB": head["bill_type_code"],
        "DRG": head["drg_code"],
        "BILL_NPI": head["billing_npi"],
        "FAC_NPI": head["facility_npi"],
        "DX_LIST": diagnoses,
        "PAID_DT": _day(head, "paid_date", _US),
        "PROGRAM": head["plan"],
        "PAYER_NM": head["payer"],
    }


def _detail(rows: pa.Table) -> dict[str, Any]:
    return {
        "CLM_NO": text(rows["claim_id"]),
        "LN_NO": rows["claim_line_number"],
        "REV_CD": rows["revenue_center_code"],
        "PROC_CD": rows["hcpcs_code"],
        "UNITS": rows["service_unit_quantity"],
        "POS": rows["place_of_service_code"],
        "SVC_FROM": _day(rows, "claim_line_start_date", _US),
        "SVC_THRU": _day(rows, "claim_line_end_date", _US),
        "RNDR_NPI": rows["rendering_npi"],
        "BILLED": rows["charge_amount"],
        "ALLOWED": rows["allowed_amount"],
        "PAID": rows["paid_amount"],
        "PAR": coded(rows["in_network_flag"], {"1": "Y", "0": "N"}),
    }


def _pharmacy(rows: pa.Table) -> dict[str, Any]:
    return {
        "RX_NO": text(rows["claim_id"]),
        "MBR_ID": text(rows["member_id"]),
        "FILL_DT": _day(rows, "dispensing_date", _US),
        "NDC": rows["ndc_code"],
        "QTY": rows["quantity"],
        "DAYS": rows["days_supply"],
        "REFILL": rows["refills"],
        "PRSC_NPI": rows["prescribing_provider_npi"],
        "PHRM_NPI": rows["dispensing_provider_npi"],
        "PAID_DT": _day(rows, "paid_date", _US),
        "BILLED": rows["charge_amount"],
        "ALLOWED": rows["allowed_amount"],
        "PAID": rows["paid_amount"],
        "PROGRAM": rows["plan"],
        "PAYER_NM": rows["payer"],
    }


def _gap_columns(rows: pa.Table) -> dict[str, Any]:
    return {
        "MBR_ID": rows["member_id"],
        "MEASURE": rows["measure_id"],
        "MEASURE_NM": rows["measure_name"],
        "YEAR": rows["measurement_year"],
        "STATUS": coded(rows["status"], {"open": "O", "closed": "C", "excluded": "X"}),
        "DUE_DT": _day(rows, "due_date", _US),
        "CLOSED_DT": _day(rows, "closed_date", _US),
        "AS_OF": _day(rows, "reported_on", _US),
    }


_GAP_MAPPING = {
    "from": "gap_list",
    "columns": {
        "person_id": "MBR_ID",
        "measure_id": "MEASURE",
        "measure_name": "MEASURE_NM",
        "measurement_year": "YEAR",
        "status": {"column": "STATUS", "codes": {"O": "open", "C": "closed", "X": "excluded"}},
        "due_date": {"column": "DUE_DT", "date": _US},
        "closed_date": {"column": "CLOSED_DT", "date": _US},
        "reported_on": {"column": "AS_OF", "date": _US},
    },
}


def _pharmacy_mapping(kind: str) -> dict[str, Any]:
    return {
        "from": kind,
        "columns": {
            "claim_id": "RX_NO",
            "claim_line_number": {"value": "1"},
            "person_id": "MBR_ID",
            "member_id": "MBR_ID",
            "payer": "PAYER_NM",
            "plan": "PROGRAM",
            "prescribing_provider_npi": "PRSC_NPI",
            "dispensing_provider_npi": "PHRM_NPI",
            "dispensing_date": {"column": "FILL_DT", "date": _US},
            "ndc_code": "NDC",
            "quantity": "QTY",
            "days_supply": "DAYS",
            "refills": "REFILL",
            "paid_date": {"column": "PAID_DT", "date": _US},
            "paid_amount": "PAID",
            "allowed_amount": "ALLOWED",
            "charge_amount": "BILLED",
            "in_network_flag": {"value": "1"},
        },
    }


# The flat file's columns and what they hold; dates and cents are made from the columns of the same name.
_FLAT_COLUMNS = {
    "CLAIM": "claim_id",
    "LINE": "claim_line_number",
    "FORM": "claim_type",
    "SUBSCRIBER": "member_id",
    "CARRIER": "payer",
    "PRODUCT": "plan",
    "FIRST_DATE": "claim_start_date",
    "LAST_DATE": "claim_end_date",
    "LINE_FIRST_DATE": "claim_line_start_date",
    "LINE_LAST_DATE": "claim_line_end_date",
    "ADMIT_DATE": "admission_date",
    "DISCHARGE_DATE": "discharge_date",
    "ADMIT_HOUR": "admission_hour",
    "ADMIT_SOURCE": "admit_source_code",
    "ADMIT_TYPE": "admit_type_code",
    "DISPOSITION": "discharge_disposition_code",
    "PLACE": "place_of_service_code",
    "BILL_TYPE": "bill_type_code",
    "DRG": "drg_code",
    "REVENUE": "revenue_center_code",
    "UNITS": "service_unit_quantity",
    "CPT": "hcpcs_code",
    "RENDERING": "rendering_npi",
    "BILLING": "billing_npi",
    "FACILITY": "facility_npi",
    "PAID_DATE": "paid_date",
    "PAID_CENTS": "paid_amount",
    "ALLOWED_CENTS": "allowed_amount",
    "BILLED_CENTS": "charge_amount",
    "NETWORK": "in_network_flag",
}
_FLAT_PHARMACY = {
    "RX": "claim_id",
    "SUBSCRIBER": "member_id",
    "CARRIER": "payer",
    "PRODUCT": "plan",
    "FILL_DATE": "dispensing_date",
    "NDC": "ndc_code",
    "QUANTITY": "quantity",
    "DAYS": "days_supply",
    "REFILLS": "refills",
    "PRESCRIBER": "prescribing_provider_npi",
    "PHARMACY": "dispensing_provider_npi",
    "PAID_DATE": "paid_date",
    "PAID_CENTS": "paid_amount",
    "ALLOWED_CENTS": "allowed_amount",
    "BILLED_CENTS": "charge_amount",
    "NETWORK": "in_network_flag",
}
_ROSTER = {
    "Subscriber": "member_id",
    "First name": "first_name",
    "Last name": "last_name",
    "Sex": "gender",
    "Born": "birth_date",
    "Died": "death_date",
    "Effective": "enrollment_start_date",
    "Terminated": "enrollment_end_date",
    "Carrier": "payer",
    "Product": "plan",
    "Line": "payer_type",
    "Group": "group_id",
    "Race": "race",
    "Ethnicity": "ethnicity",
    "Language": "preferred_language",
    "Address": "address",
    "City": "city",
    "State": "state",
    "ZIP": "zip_code",
    "Phone": "phone",
    "E-mail": "email",
}
_FORM = {"institutional": "UB", "professional": "HCFA"}
_SEX = {"male": "M", "female": "F", "unknown": "U"}


def _flat(rows: pa.Table, columns: dict[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, source in columns.items():
        if source.endswith("_date"):
            made[name] = _day(rows, source, _COMPACT)
        elif source.endswith("_amount"):
            made[name] = cents(rows[source])
        elif source == "claim_type":
            made[name] = coded(rows[source], _FORM)
        else:
            made[name] = _if_there(rows, source)
    return made


def _flat_mapping(columns: dict[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, source in columns.items():
        if source.endswith("_date"):
            made[source] = {"column": name, "date": _COMPACT}
        elif source.endswith("_amount"):
            made[source] = {"column": name, "divide": 100}
        elif source == "claim_type":
            made[source] = {"column": name, "codes": {code: word for word, code in _FORM.items()}}
        elif source == "gender":
            made[source] = {"column": name, "codes": {code: word for word, code in _SEX.items()}}
        else:
            made[source] = name
        if source == "member_id":
            made["person_id"] = name
    return made


@dataclass
class FlatWriter(PayerWriter):
    """`claims_*.csv` with a row a line, `rx_*.csv`, and the roster as `roster_*.xlsx` (long ones as CSV)."""

    roster: ClassVar[str] = "full"
    damages: ClassVar[tuple[str, ...]] = (
        "unparseable date", "unknown code", "letters in an amount", "repeated line", "no member",
    )  # fmt: skip
    _rosters: dict[int, list[pa.Table]] = field(default_factory=dict)
    _as_csv: bool = False
    _diagnoses: int = 1

    def write_roster(self, month: int, rows: pa.Table) -> None:
        """Kept until the end while a workbook may hold it; the payer decides once, for all months."""
        columns = _flat(rows, _ROSTER) | {"Sex": coded(rows["gender"], _SEX)}
        made = pa.table(columns)
        kept = self._rosters.setdefault(month, [])
        kept.append(made)
        if not self._as_csv and sum(table.num_rows for table in kept) > WORKBOOK_ROWS:
            self._as_csv = True
        if self._as_csv:
            self._write_kept()

    def _write_kept(self) -> None:
        for month, tables in sorted(self._rosters.items()):
            for table in tables:
                name = f"roster_{self.payer.calendar.month(month):%Y%m}.csv.gz"
                self.append_csv(month, name, table, ";")
        self._rosters.clear()

    def write_month(self, month: int, table_name: str, rows: pa.Table) -> None:
        if table_name == "pharmacy_claim":
            self._add(month, "rx", pa.table(_flat(rows, _FLAT_PHARMACY)))
        else:
            self._add(month, "claims", pa.table(self._claim_columns(rows)))

    def _claim_columns(self, rows: pa.Table) -> dict[str, Any]:
        diagnoses = {name: rows[name] for name in _diagnosis_names(rows)}
        self._diagnoses = max(self._diagnoses, len(diagnoses))
        columns = _flat(rows, _FLAT_COLUMNS)
        return columns | {f"DX{name.rsplit('_', 1)[1]}": value for name, value in diagnoses.items()}

    def write_damaged(self, month: int, rows: pa.Table) -> int:
        def own_claim(**change: str | None) -> Callable[[dict[str, Any]], None]:
            return lambda row: row.update({"CLAIM": f"{row['CLAIM']}C", **change})

        spoiled = damaged(
            self._claim_columns(rows),
            [
                own_claim(FIRST_DATE="20260230"),
                own_claim(FORM="DENTIST"),
                own_claim(PAID_CENTS="12,50"),
                lambda row: None,
                own_claim(SUBSCRIBER=None),
            ],
        )
        self._add(month, "claims", spoiled)
        return spoiled.num_rows

    def _add(self, month: int, name: str, made: pa.Table) -> None:
        path = f"{name}_{self.payer.calendar.month(month):%Y%m}.csv.gz"
        self.append_csv(month, path, made, ";")

    def close(self) -> None:
        for month, tables in sorted(self._rosters.items()):
            when = self.payer.calendar.month(month)
            title = f"Member roster, {when:%B %Y} (synthetic demo data)"
            content = workbook(pa.concat_tables(tables), title, "Roster")
            self.append(month, f"roster_{when:%Y%m}.xlsx", content)
        self._rosters.clear()
        super().close()

    def declare(self) -> dict[str, Any]:
        return {
            "format": "mapped",
            "mapping": "mapping.yaml",
            "person_ids": self.person_ids,
            "options": {"eligibility": ROSTERS["full"]},
            "expected": ["claims", "pharmacy", "roster"],
        }

    def mapping(self) -> dict[str, Any]:
        form = {"delimiter": ";"}
        roster: dict[str, Any] = {"files": "*/roster_*.xlsx", "sheet": "Roster", "skip_rows": 2}
        if self._as_csv:
            roster = {"files": "*/roster_*.csv.gz", **form}
        diagnoses: dict[str, Any] = {f"diagnosis_code_{n}": f"DX{n}" for n in range(1, self._diagnoses + 1)}
        return {
            "inputs": {
                "claims": {"files": "*/claims_*.csv.gz", **form},
                "pharmacy": {"files": "*/rx_*.csv.gz", **form},
                "roster": roster,
            },
            "tables": {
                "eligibility": {"from": "roster", "columns": _flat_mapping(_ROSTER)},
                "medical_claim": {
                    "from": "claims",
                    "columns": _flat_mapping(_FLAT_COLUMNS) | {"diagnosis_code_type": {"value": "icd-10-cm"}}
                    | diagnoses,
                },
                "pharmacy_claim": {
                    "from": "pharmacy",
                    "columns": _flat_mapping(_FLAT_PHARMACY) | {"claim_line_number": {"value": "1"}},
                },
            },
        }  # fmt: skip
