"""Synthea's CSV export, as the generator writes it: a medical record with bills, of people who do not
exist.

``mapping.yaml`` says what becomes of enrolment, medications, observations, immunizations and providers.
What needs several files at once is here: encounters become medical claims, with the diagnoses of their own
claim and the totals of the encounter; conditions keep their SNOMED code and get the ICD-10 code of
``snomed_icd10.csv`` where it has one; codes without a translation (SNOMED problems and procedures, RxNorm
drugs) are counted.

Synthea writes a claim for every encounter and one for every prescription, with the same encounter on both.
An encounter's own claim is the one with a charge for the encounter itself. A charge is not always listed,
so the amounts of a claim are those of the encounter: ``TOTAL_CLAIM_COST`` and ``PAYER_COVERAGE``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from data.sources.adapter import FileCount, Input, StagedFiles
from data.sources.files import Written, literal, stage_files
from data.sources.layout import Table
from data.sources.loading import set_aside
from data.sources.mapped import MappedAdapter
from data.sources.mapped.reading import MappedReading
from data.sources.synthea_csv.tables import CONDITION, UNMAPPED_CODE
from data.sources.tuva_input_layer import ELIGIBILITY, MEDICAL_CLAIM

if TYPE_CHECKING:
    from data.feeds import FeedFile

FOLDER = Path(__file__).parent
SNOMED_ICD10 = FOLDER / "snomed_icd10.csv"

OWN: dict[str, tuple[str, ...]] = {
    "encounters": (
        "Id", "START", "STOP", "PATIENT", "ORGANIZATION", "PROVIDER", "PAYER", "ENCOUNTERCLASS", "CODE",
        "DESCRIPTION", "TOTAL_CLAIM_COST", "PAYER_COVERAGE", "REASONCODE", "REASONDESCRIPTION",
    ),
    "conditions": ("START", "STOP", "PATIENT", "ENCOUNTER", "CODE", "DESCRIPTION"),
    "claims": ("Id", "APPOINTMENTID", *(f"DIAGNOSIS{n}" for n in range(1, 9))),
    "claims_transactions": ("CLAIMID", "TYPE", "PROCEDURECODE"),
    "procedures": ("PATIENT", "ENCOUNTER", "CODE", "DESCRIPTION"),
    "payers": ("Id", "NAME"),
    "medications": ("CODE", "DESCRIPTION"),
}  # fmt: skip
"""The columns read of each file that is read here."""

REQUIRED = ("encounters", "conditions")
END = "enrollment_end_date"

CLASSES: dict[str, tuple[str, str | None, str | None, str | None]] = {
    # encounter class: claim type, bill type, revenue centre, place of service
    "emergency": ("institutional", "131", "0450", None),
    "inpatient": ("institutional", "111", "0120", None),
    "snf": ("institutional", "211", "0120", None),
    "hospice": ("institutional", "811", "0651", None),
    "outpatient": ("institutional", "131", "0510", None),
    "ambulatory": ("professional", None, "0510", "11"),
    "wellness": ("professional", None, "0510", "11"),
    "urgentcare": ("professional", None, "0516", "20"),
    "home": ("professional", None, None, "12"),
    "virtual": ("professional", None, "0780", "10"),
}
"""What a claim says so that it is counted as what ENCOUNTERCLASS says it was: this is the adapter's
translation, Synthea writes no bill type, revenue centre or place of service. An emergency encounter is an
outpatient hospital bill (131) with the emergency department's revenue centre; an inpatient one an admission
to discharge bill (111) with room and board; visits in an office or clinic have the clinic's revenue centre,
because Synthea's procedure codes are SNOMED and no evaluation-and-management code could be found on them.
Source of the codes: NUBC UB-04 manual (form locators 4 and 42), CMS place of service codes."""


class SyntheaAdapter(MappedAdapter):
    def __init__(self) -> None:
        super().__init__("synthea_csv", FOLDER / "mapping.yaml", reading=SyntheaReading)

    @cached_property
    def tables(self) -> tuple[Table, ...]:  # type: ignore[override]
        eligibility, *others = super().tables
        return (eligibility, MEDICAL_CLAIM, *others, CONDITION, UNMAPPED_CODE)

    @cached_property
    def inputs(self) -> Mapping[str, Input]:  # type: ignore[override]
        own = {
            kind: Input(kind, (f"{kind}.csv", f"{kind}.csv.gz"), required=kind in REQUIRED)
            for kind in OWN
            if kind not in self.mapping.inputs
        }
        return {**super().inputs, **own}

    @cached_property
    def sha256(self) -> str:  # type: ignore[override]
        return super().sha256 + SNOMED_ICD10.read_text(encoding="utf-8")


class SyntheaReading(MappedReading):
    """One export: the mapped tables, and the ones made of several files."""

    def kinds(self, table: Table) -> tuple[str, ...]:
        own = {"medical_claim": ("encounters",), "condition": ("conditions",), "unmapped_code": ()}
        return own[table.name] if table.name in own else super().kinds(table)

    def stage(self, table: Table) -> list[StagedFiles]:
        if table is MEDICAL_CLAIM:
            return self._medical_claims()
        if table is CONDITION:
            return self._conditions()
        if table is UNMAPPED_CODE:
            return self._unmapped_codes()
        staged = super().stage(table)
        if table is ELIGIBILITY:
            # Where an export gives a year only, its last year is enrolled to the end.
            staged = [replace(one, texts={**one.texts, END: _end_of_year(one.texts[END])}) for one in staged]
        return staged

    def secondary(self) -> list[FileCount]:
        counts = super().secondary()
        for kind in ("claims", "claims_transactions", "procedures"):
            for one in self._own(kind):
                set_aside(
                    self.connection,
                    self.feed.name,
                    kind,
                    [
                        (
                            one.files[line.file_number].name,
                            line.row_number,
                            None,
                            line.reason,
                            {"line": line.text},
                        )
                        for line in one.broken
                    ],
                )
                for number, file in enumerate(one.files):
                    broken = sum(1 for line in one.broken if line.file_number == number)
                    counts.append(FileCount(file, one.rows[number], one.rows[number] - broken, broken))
        return counts

    def close(self) -> None:
        super().close()
        for staged in self._staged_own.values():
            for one in staged:
                one.remove(self.connection)

    # -- files -----------------------------------------------------------------------------------------------

    @cached_property
    def _staged_own(self) -> dict[str, list[StagedFiles]]:
        return {}

    def _own(self, kind: str) -> list[StagedFiles]:
        """The files of a kind with the columns needed here, by name in lower case."""
        if kind not in self._staged_own:
            wanted = frozenset(name.lower() for name in OWN[kind])
            self._staged_own[kind] = stage_files(
                self.connection,
                self.feed.name,
                self.files(kind),
                written=Written(encoding=self.feed.source.options.encoding),
                wanted=wanted,
                required=wanted,
                scratch=self.scratch,
                on_file=self.on_file,
            )
        return self._staged_own[kind]

    def _rows(self, kind: str) -> str:
        """SQL for all rows of a kind: file_number (among the kind's files), row_number and the columns."""
        selects, before = [], 0
        for one in self._own(kind):
            columns = ", ".join(f'{text} as "{name}"' for name, text in one.texts.items())
            selects.append(
                f"select {one.file_number} + {before} as file_number, {one.row_number} as row_number, "
                f"{columns} from {one.relation}"
            )
            before += len(one.files)
        if not selects:
            columns = ", ".join(f'cast(null as varchar) as "{name.lower()}"' for name in OWN[kind])
            return f"(select 0 as file_number, cast(null as bigint) as row_number, {columns} where false)"
        return f"({' union all '.join(selects)})"

    def _icd10(self) -> str:
        """SQL for the project's own mapping: snomed_code, icd10_code."""
        return (
            f"(select snomed_code, icd10_code from read_csv({literal(str(SNOMED_ICD10))}, header=true, "
            "auto_detect=false, columns={'snomed_code': 'VARCHAR', 'description': 'VARCHAR', "
            "'icd10_code': 'VARCHAR'}))"
        )

    def _stage_own(self, kind: str, relation: str, texts: dict[str, tuple[str, str]]) -> list[StagedFiles]:
        one = self._own(kind)
        if not one:
            return []
        files: tuple[FeedFile, ...] = tuple(file for part in one for file in part.files)
        broken, before = [], 0
        for part in one:
            broken += [
                type(line)(
                    line.row_number, line.reason, line.text, line.column_name, line.file_number + before
                )
                for line in part.broken
            ]
            before += len(part.files)
        return [
            StagedFiles(
                files=files,
                relation=relation,
                texts={name: text for name, (_, text) in texts.items()},
                row_number="row_number",
                file_number="file_number",
                rows=tuple(rows for part in one for rows in part.rows),
                broken=tuple(broken),
                origins={name: origin for name, (origin, _) in texts.items() if origin},
                as_written={origin: text for origin, text in texts.values() if origin},
                date_formats={name: ("%Y-%m-%d",) for name in texts if name.endswith("_date")},
            )
        ]

    # -- tables ----------------------------------------------------------------------------------------------

    def _medical_claims(self) -> list[StagedFiles]:
        """One claim of one line per encounter."""
        places = " ".join(
            "when {} then {{{}}}".format(
                literal(name),
                ", ".join(
                    f"'{key}': {'null' if value is None else literal(value)}"
                    for key, value in zip(
                        ("claim_type", "bill_type", "revenue", "place"), values, strict=True
                    )
                ),
            )
            for name, values in CLASSES.items()
        )
        codes = ", ".join(f"c.diagnosis{n}" for n in range(1, 9))
        # The reason of the encounter comes first; the claim lists the day's problems in no order of weight.
        relation = f"""(
            with own_claim as (
                select c.apptid, any_value(c.codes order by c.row_number) as codes
                from (
                    select c.id, c.appointmentid as apptid, c.row_number, [{codes}] as codes
                    from {self._rows("claims")} as c
                ) as c
                join {self._rows("encounters")} as e on e.id = c.apptid
                where exists (
                    select 1 from {self._rows("claims_transactions")} as t
                    where t.claimid = c.id and t.type = 'CHARGE' and t.procedurecode = e.code
                )
                group by c.apptid
            ),
            code as (
                select encounter_id, min(place) as place, icd10_code
                from (
                    select e.id as encounter_id, e.reasoncode as snomed_code, 0 as place
                    from {self._rows("encounters")} as e
                    union all
                    select apptid, unnest(codes), unnest(range(1, 9)) from own_claim
                ) as listed
                join {self._icd10()} as m using (snomed_code)
                group by encounter_id, icd10_code
            ),
            diagnoses as (
                select encounter_id, list(icd10_code order by place) as codes from code group by encounter_id
            )
            select
                e.*,
                case lower(e.encounterclass) {places} end as class,
                d.codes as diagnoses,
                p.name as payer_name
            from {self._rows("encounters")} as e
            left join diagnoses as d on d.encounter_id = e.id
            left join {self._rows("payers")} as p on p.id = e.payer
        ) as encounter"""
        institutional = "class['claim_type'] = 'institutional'"
        texts = {
            "claim_id": ("Id", "id"),
            "claim_line_number": ("", "'1'"),
            "claim_type": ("ENCOUNTERCLASS", "coalesce(class['claim_type'], 'undetermined')"),
            "person_id": ("PATIENT", "patient"),
            "payer": ("PAYER", "payer_name"),
            "plan": ("PAYER", "payer_name"),
            "claim_start_date": ("START", "start[1:10]"),
            "claim_end_date": ("STOP", "stop[1:10]"),
            "claim_line_start_date": ("START", "start[1:10]"),
            "claim_line_end_date": ("STOP", "stop[1:10]"),
            "admission_date": (
                "START",
                "case when class['bill_type'] in ('111', '211') then start[1:10] end",
            ),
            "discharge_date": ("STOP", "case when class['bill_type'] in ('111', '211') then stop[1:10] end"),
            "admission_hour": ("START", f"case when {institutional} then nullif(start[12:13], '') end"),
            "place_of_service_code": ("ENCOUNTERCLASS", "class['place']"),
            "bill_type_code": ("ENCOUNTERCLASS", "class['bill_type']"),
            "revenue_center_code": ("ENCOUNTERCLASS", "class['revenue']"),
            "service_unit_quantity": ("", "'1'"),
            "hcpcs_code": ("", "cast(null as varchar)"),
            "rendering_npi": ("PROVIDER", "provider"),
            "facility_npi": ("ORGANIZATION", "organization"),
            "paid_date": ("STOP", "stop[1:10]"),
            "paid_amount": ("PAYER_COVERAGE", "payer_coverage"),
            "allowed_amount": ("TOTAL_CLAIM_COST", "total_claim_cost"),
            "charge_amount": ("TOTAL_CLAIM_COST", "total_claim_cost"),
            "diagnosis_code_type": ("", "'icd-10-cm'"),
            **{f"diagnosis_code_{n}": ("", f"diagnoses[{n}]") for n in range(1, 10)},
        }
        return self._stage_own("encounters", relation, texts)

    def _conditions(self) -> list[StagedFiles]:
        relation = f"""(
            select c.*, m.icd10_code
            from {self._rows("conditions")} as c left join {self._icd10()} as m on m.snomed_code = c.code
        ) as condition"""
        key = " || ':' || ".join(("patient", "coalesce(encounter, '')", "code", "start"))
        texts = {
            "condition_id": ("CODE", key),
            "person_id": ("PATIENT", "patient"),
            "encounter_id": ("ENCOUNTER", "encounter"),
            "recorded_date": ("START", "start[1:10]"),
            "resolved_date": ("STOP", "stop[1:10]"),
            "code": ("CODE", "code"),
            "code_type": ("", "'snomed-ct'"),
            "description": ("DESCRIPTION", "description"),
            "icd10_code": ("", "icd10_code"),
        }
        return self._stage_own("conditions", relation, texts)

    def _unmapped_codes(self) -> list[StagedFiles]:
        """The codes of each file that nothing translates; the row number is that of a code's first row."""
        staged: list[StagedFiles] = []
        mapped = f"(select snomed_code from {self._icd10()})"
        for kind, system, use, condition in (
            ("conditions", "snomed-ct", "condition", f"code not in {mapped}"),
            ("procedures", "snomed-ct", "procedure", "true"),
            ("medications", "rxnorm", "medication", "true"),
        ):
            files = tuple(file for one in self._own(kind) for file in one.files)
            if not files:
                continue
            relation = f"""(
                select
                    arg_min(file_number, (file_number, row_number)) as file_number,
                    arg_min(row_number, (file_number, row_number)) as row_number,
                    code, any_value(description) as description, count(*) as rows_with_code
                from {self._rows(kind)} as coded
                where code is not null and {condition}
                group by code
            ) as unmapped"""
            found = dict(
                self.connection.execute(f"select file_number, count(*) from {relation} group by 1").fetchall()
            )
            staged.append(
                StagedFiles(
                    files=files,
                    relation=relation,
                    texts={
                        "code_system": literal(system),
                        "use": literal(use),
                        "code": "code",
                        "description": "description",
                        "rows": "cast(rows_with_code as varchar)",
                    },
                    row_number="row_number",
                    file_number="file_number",
                    rows=tuple(found.get(number, 0) for number in range(len(files))),
                )
            )
        return staged


def _end_of_year(date: str) -> str:
    return f"case when length({date}) = 4 then {date} || '-12-31' else {date} end"


ADAPTER = SyntheaAdapter()
