"""A reference pack is installed whole and right, or not at all, with the row and column that is wrong."""

from __future__ import annotations

import pytest

from data.__main__ import main
from data.reference import packs

HEADER = "icd10,edcnnpa,edcnpa,epct,noner,injury,psych,alcohol,drug\n"
GOOD = HEADER + "R079,0.2,0.1,0.3,0.4,0,0,0,0\nS0990XA,0,0,0,0,1,0,0,0\n"


@pytest.fixture
def pack_file(tmp_path):
    def write(text: str, name: str = "weights.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_an_installed_pack_is_what_the_next_build_loads(pack_file, tmp_path, write_feed, load):
    packs.add("nyu-ed", pack_file(GOOD), tmp_path / "warehouse", version="2017")
    loaded = load(write_feed(), warehouse=tmp_path / "warehouse")
    assert loaded.rows("select * exclude (citation) from raw.ed_weight order by 1") == [
        ("R079", 0.4, 0.3, 0.1, 0.2, 0, 0, 0, 0),
        ("S0990XA", 0, 0, 0, 0, 1, 0, 0, 0),
    ]
    assert loaded.rows("select pack, version, rows, source, origin from raw.reference_pack") == [
        ("nyu-ed", "2017", 2, "weights.csv", "installed")
    ]


def test_the_version_installed_last_is_used(pack_file, tmp_path):
    packs.add("nyu-ed", pack_file(GOOD), tmp_path, version="b")
    packs.add("nyu-ed", pack_file(GOOD.replace("R079", "R071")), tmp_path, version="a")
    assert packs.active(tmp_path)["nyu-ed"].version == "a"
    assert [pack.version for pack in packs.installed(tmp_path)] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace("noner", "nonemergent"), ["column noner is missing"]),
        (GOOD.replace("0.3", "1.3"), ["row 1", "column epct", "'1.3'"]),
        (GOOD.replace("0.3", "much"), ["row 1", "column epct", "'much'"]),
        (GOOD.replace("0.3", "0.2"), ["row 1", "R079: 0.9", "not 1"]),
        (GOOD.replace("S0990XA", "99283"), ["row 2", "column icd10", "'99283' is not an ICD-10-CM code"]),
        (GOOD.replace("S0990XA", "R07.9"), ["row 2", "column icd10", "already in row 1"]),
        (HEADER, ["has no rows"]),
        (GOOD + "R071,0\n", ["cannot be read as a table"]),
    ],
)
def test_a_wrong_pack_is_refused_with_the_place(pack_file, tmp_path, capsys, text, words):
    path = pack_file(text)
    assert main(["reference", "add", "nyu-ed", str(path), "--to", str(tmp_path / "warehouse")]) == 1
    said = capsys.readouterr().err
    for word in [str(path), *words]:
        assert word in said
    assert packs.installed(tmp_path / "warehouse") == []


def test_a_feed_brings_a_pack_where_none_is_installed(pack_file, tmp_path, write_feed, load):
    pack = {
        "format": "reference_pack",
        "pack": "nyu-ed",
        "version": "demo",
        "source": "a test",
        "file": "weights.csv",
        "name": "weights",
    }
    for key in ("person_ids", "contracts", "markets", "contract_rules", "market_rules"):
        pack[key] = [] if key != "person_ids" else "shared"
    write_feed()
    feeds = write_feed({"weights.csv": GOOD.encode()}, **pack)
    chosen = "select version, origin from raw.reference_pack"
    assert load(feeds).rows(chosen) == [("demo", "feed")]
    packs.add("nyu-ed", pack_file(GOOD), tmp_path / "warehouse", version="2017")
    loaded = load(feeds, warehouse=tmp_path / "warehouse")
    assert loaded.rows(chosen) == [("2017", "installed")]
    assert loaded.rows("select count(*) from raw.ed_weight") == [(2,)]


def test_without_a_pack_there_are_no_weights(write_feed, load):
    loaded = load(write_feed())
    assert loaded.rows("select count(*) from raw.ed_weight") == [(0,)]
    assert loaded.rows("select count(*) from raw.reference_pack") == [(0,)]


def test_the_official_table_installs_and_is_listed(shared, tmp_path, capsys):
    file = shared / "reference" / "ed_johnston_icd10.csv"
    assert main(["reference", "add", "nyu-ed", str(file), "--to", str(tmp_path)]) == 0
    [pack] = packs.installed(tmp_path)
    assert pack.rows == 47_132
    assert main(["reference", "list", "--to", str(tmp_path)]) == 0
    assert pack.version in capsys.readouterr().out
