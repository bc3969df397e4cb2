"""HL7 v2 admission messages: which are used, what is read of them, and what becomes of broken ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

HEADER = "MSH|^~\\&|EDIS|Harbor Hospital^1999999984^NPI|HB|HB|202605011403||ADT^{0}|{1}|P|2.5.1"
MESSAGE = (
    HEADER,
    "EVN|{0}|202605011400",
    "PID|1||M77^^^1999999984^MR||Silva^Ana^B||19500203|F|||1 Main St^^Boston^MA^02134",
    "PV1|1|E|ED^^^1999999984" + "|" * 16 + "V9|{2}",
    "PV2|||^Chest pain \\T\\ cough",
    "DG1|1||R07.9^Chest pain^I10",
    "IN1|1" + "|" * 35 + "m10",
)


def message(
    trigger: str = "A04", control: str = "1", *, without: str = "-", times: str = "", end="\r"
) -> str:
    """A message of a visit; ``times`` are the fields after PV1-19."""
    lines = [line.format(trigger, control, times) for line in MESSAGE]
    return end.join(line for line in lines if not line.startswith(without)) + end


@pytest.fixture
def write(tmp_path):
    """Writes files of messages as a feed; returns the folder of feeds."""

    def feed(**files: str | bytes) -> Path:
        folder = tmp_path / "feeds" / "harbor_adt"
        folder.mkdir(parents=True)
        (folder / "source.yaml").write_text(yaml.safe_dump({"name": "harbor_adt", "format": "adt_hl7"}))
        for name, content in files.items():
            content = content if isinstance(content, bytes) else content.encode()
            (folder / f"{name}.hl7").write_bytes(content)
        return folder.parent

    return feed


def test_the_fields_of_a_message_become_columns(write, load):
    loaded = load(write(today=message("A03", times="|" * 24 + "202605011330|202605011805")))
    columns = (
        "event_id, message_type, event_time::varchar, received_time::varchar, patient_id, member_id, last_name, "
        "first_name, birth_date::varchar, sex, zip_code, visit_number, patient_class, facility_id, "
        "facility_name, complaint, diagnosis_code, admit_time::varchar, discharge_time::varchar"
    )
    assert loaded.rows(f"select {columns} from raw.adt_event") == [
        ("1999999984:1:202605011403", "A03", "2026-05-01 18:05:00", "2026-05-01 14:03:00", "M77", "m10", "Silva",
         "Ana", "1950-02-03", "female", "02134", "V9", "E", "1999999984", "Harbor Hospital",
         "Chest pain & cough", "R079", "2026-05-01 13:30:00", "2026-05-01 18:05:00")
    ]  # fmt: skip


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"], ids=["CR", "LF", "CRLF"])
def test_segments_and_messages_end_as_they_like(write, load, end):
    framed = "\x0b" + message("A01", "2", end=end) + "\x1c\r"
    batch = "FHS|^~\\&|x" + end + message("A04", "1", end=end) + end + framed + "FTS|1" + end
    loaded = load(write(today=batch))
    assert loaded.rows("select row_number, message_type from raw.adt_event order by 1") == [
        (1, "A04"),
        (2, "A01"),
    ]
    assert loaded.reasons() == []


def test_other_messages_and_broken_ones_are_set_aside_by_number(write, load):
    messages = [
        "left over\r",
        message("A01", "1"),
        message("A34", "2"),
        message("A04", "3", without="PID"),
        "MSH|^~|x|y|z|w|20260501||ADT^A01|9\r",
        message("A04", ""),
        message("A04", "5").replace("202605011400", "noon"),
        message("A01", "1"),
        message("A08", "6"),
    ]
    loaded = load(write(today=b"".join(one.encode() for one in messages) + b"MSH|^~\\&|\xe9\r"))
    assert loaded.reasons() == [
        (1, None, "text outside a message"),
        (3, "MSH-9", "message type not used"),
        (4, "PID", "segment missing"),
        (5, "MSH-2", "broken message header"),
        (6, "MSH-10", "missing key"),
        (7, "EVN-2", "bad or missing date"),
        (8, "MSH-10", "duplicate key"),
        (10, None, "wrong encoding"),
    ]
    assert loaded.rows("select row_number from raw.adt_event order by 1") == [(2,), (9,)]
    assert loaded.counts[0].rows_in == 10


def test_the_simulated_hospital_has_400_admissions_among_1013_messages(shared, write, load):
    content = (shared / "data" / "adt_hl7" / "simhospital.hl7").read_bytes()
    loaded = load(write(simhospital=content))
    assert loaded.rows("select message_type, count(*) from raw.adt_event group by 1") == [("A01", 400)]
    assert loaded.rows("select reason, count(*) from raw.quarantine group by 1") == [
        ("message type not used", 613)
    ]
    assert loaded.rows("select rows_in, rows_loaded, rows_quarantined from raw.feed_file") == [
        (1013, 400, 613)
    ]
    assert loaded.rows(
        "select patient_id, last_name, sex, birth_date::varchar, visit_number, facility_name, zip_code "
        "from raw.adt_event order by row_number limit 1"
    ) == [
        (
            "2590157853",
            "Esterkin",
            "female",
            "1989-01-18",
            "6145914547062969032",
            "Simulated Hospital",
            "RW21 6KC",
        )
    ]
