"""Drafts a mapping from a payer's files: what each column seems to be, and why; and what could not be placed.

A guess rests on two things: what the column is called (``column_words.yaml``), and what its values look
like: a check digit, the shape of a code, a date and its format. Only the first rows of a file are looked at.
A draft is a valid mapping wherever it could be made one, so that ``python -m data check`` can tell at once
what is still missing; a line with ``?`` is one to look at.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from data.feed_error import FeedError
from data.feeds import FeedFile
from data.sources.damaged import open_bytes
from data.sources.files import Written, cell_text, is_workbook, looks_like_data, workbook_rows
from data.sources.mapped.schema import TARGETS

SAMPLE = 5000
"""Rows looked at in each file."""

DATE_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m/%d/%y", "%m-%d-%Y", "%d-%b-%Y")
DELIMITERS = ("|", "\t", ";", ",", "~", "^")
WORDS = Path(__file__).with_name("column_words.yaml")

_ICD10 = re.compile(r"[A-TV-Z]\d[0-9A-Z](\.?[0-9A-Z]{1,4})?")
_HCPCS = re.compile(r"\d{4}[0-9A-Z]|[A-V]\d{4}")
_AMOUNT = re.compile(r"\(?-?\$?[\d,]*\.?\d+\)?")


@dataclass(frozen=True)
class Look:
    """What the values of a column look like: shares between 0 and 1 of the values that are there."""

    filled: float
    distinct: int
    values: tuple[str, ...]
    shapes: dict[str, float]
    date_format: str | None
    separator: str | None
    """What separates the codes of a list in one value."""

    def share(self, shape: str) -> float:
        return self.shapes.get(shape, 0.0)


@dataclass(frozen=True)
class Sheet:
    """A file as far as it was looked at."""

    path: Path
    written: Written
    names: tuple[str, ...]
    looks: tuple[Look, ...]
    rows: int
    columns: dict[str, list[str]] = field(repr=False, default_factory=dict)


@dataclass(frozen=True)
class Guess:
    """A column of a raw table and the payer's column that seems to hold it."""

    target: str
    column: str
    score: float
    why: str
    rule: str


@dataclass
class Draft:
    """One file in the mapping: its table, what was placed, what was not."""

    sheet: Sheet
    kind: str
    table: str
    guesses: dict[str, Guess]
    unplaced: list[str]
    missing: list[str]


@dataclass(frozen=True)
class Proposal:
    """A mapping as text, and the drafts it was made from."""

    yaml: str
    drafts: tuple[Draft, ...]


def propose(files: Sequence[Path]) -> Proposal:
    """Propose a mapping for files, one of each kind the payer sends. Raises :class:`FeedError`."""
    drafts = [_draft(look_at(path)) for path in files]
    header = _pair_header_with_lines(drafts)
    names: Counter[str] = Counter()
    for draft in drafts:
        names[draft.kind] += 1
        if names[draft.kind] > 1:
            draft.kind = f"{draft.kind}_{names[draft.kind]}"
    return Proposal("\n".join(_yaml(drafts, header)) + "\n", tuple(drafts))


# Looking at a file


def look_at(path: Path) -> Sheet:
    """Read the first rows of a file and look at each column. Raises :class:`FeedError`."""
    if not path.is_file():
        raise FeedError(path.name, f"{path}: there is no such file")
    if path.stat().st_size == 0:
        raise FeedError(path.name, f"{path}: is empty (0 bytes)")
    written, rows = _workbook(path) if is_workbook(path) else _delimited(path)
    if written.columns is None:
        names, rows = [name.strip() for name in rows[0]], rows[1:]
    else:
        names = list(written.columns)
    width = len(names)
    rows = [[*row, *[""] * (width - len(row))][:width] for row in rows if any(row)]
    columns = {name: [row[n].strip() for row in rows] for n, name in enumerate(names)}
    looks = tuple(_look(columns[name]) for name in names)
    return Sheet(path, written, tuple(names), looks, len(rows), columns)


def _workbook(path: Path) -> tuple[Written, list[list[str]]]:
    file = FeedFile("workbook", path, path.name, "")
    rows = [
        [cell_text(value) for value in row]
        for row in itertools.islice(workbook_rows(path.name, file, Written()), SAMPLE)
    ]
    skip = _title_rows(rows)
    rows = rows[skip:]
    if rows and looks_like_data(rows[0]):
        return Written(columns=_numbered(rows[0]), skip_rows=skip), rows
    return Written(skip_rows=skip), rows


def _delimited(path: Path) -> tuple[Written, list[list[str]]]:
    try:
        with open_bytes(path) as stream:
            lines = list(itertools.islice(stream, SAMPLE))
    except (OSError, EOFError) as error:
        raise FeedError(path.name, f"{path}: cannot be read: {error}") from error
    content = b"".join(lines)
    encoding = "utf-8"
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        encoding, text = "latin-1", content.decode("latin-1")
    if "\0" in text or not text.strip():
        raise FeedError(path.name, f"{path}: is no delimited text; is it fixed width, or packed?")
    sample = [line for line in text.splitlines()[:200] if line.strip()]

    def steady(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in csv.reader(sample, delimiter=delimiter))
        width, times = widths.most_common(1)[0]
        return (times / sum(widths.values()), width) if width > 1 else (0.0, 0)

    delimiter = max(DELIMITERS, key=lambda one: (round(steady(one)[0], 1), steady(one)[1]))
    if steady(delimiter)[1] < 2:
        raise FeedError(
            path.name, f"{path}: no delimiter found among {' '.join(DELIMITERS)!r}; is it fixed width?"
        )
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    skip = _title_rows(rows)
    rows = rows[skip:]
    columns = _numbered(rows[0]) if looks_like_data(rows[0]) else None
    return Written(delimiter, encoding, columns, skip), rows


def _title_rows(rows: list[list[str]]) -> int:
    """Rows above the header: fewer values than the table has columns."""
    usual = Counter(sum(1 for v in row if v.strip()) for row in rows[:200]).most_common(1)[0][0]
    for number, row in enumerate(rows[:20]):
        if sum(1 for value in row if value.strip()) >= max(2, usual * 0.6):
            return number
    return 0


def _numbered(row: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"COLUMN_{number}" for number in range(1, len(row) + 1))


def _look(values: Sequence[str]) -> Look:
    there = [value for value in values if value]
    counts = Counter(there)
    total = max(len(there), 1)

    def share(test: Callable[[str], object]) -> float:
        return sum(times for value, times in counts.items() if test(value)) / total

    shapes = {
        "npi": share(is_npi),
        "diagnosis": share(lambda v: _ICD10.fullmatch(v.upper())),
        "procedure": share(lambda v: _HCPCS.fullmatch(v.upper())),
        "whole": share(lambda v: re.fullmatch(r"-?\d+", v)),
        "amount": share(lambda v: _AMOUNT.fullmatch(v)),
        "cents": share(lambda v: re.search(r"\.\d\d\)?$", v)),
        "revenue": share(lambda v: re.fullmatch(r"0?[1-9]\d\d", v)),
        "bill": share(lambda v: re.fullmatch(r"0?[1-8][1-9]\d", v)),
        "zip": share(lambda v: re.fullmatch(r"\d{5}(-?\d{4})?", v)),
        "ndc": share(lambda v: re.fullmatch(r"\d{11}|\d{4,5}-\d{3,4}-\d{1,2}", v)),
        "ten": share(lambda v: re.fullmatch(r"\d{10}", v)),
        "two": share(lambda v: re.fullmatch(r"\d{1,2}", v)),
        "sex": share(lambda v: v.lower() in ("m", "f", "u", "male", "female", "unknown", "1", "2", "0", "3")),
        "state": share(lambda v: re.fullmatch(r"[A-Z]{2}", v)),
        "word": share(lambda v: re.fullmatch(r"[A-Za-z][A-Za-z' .-]+", v)),
    }
    formats = [(share(partial(_is_date, form)), form) for form in DATE_FORMATS]
    best = max(formats)[0]
    # 03/04/2025 is both; a day above 12 somewhere decides, and where none does the American way is usual
    # here.
    form = next((form for n, form in formats if n == best), None) if best >= 0.8 and there else None
    shapes["date"] = best if form else 0.0
    separator = None
    for mark in (",", ";", "^", "~", "|", ":", " "):
        parts = [part.strip() for value in list(counts)[:200] if mark in value for part in value.split(mark)]
        if len(parts) > 1 and sum(bool(_ICD10.fullmatch(p.upper())) for p in parts) >= 0.9 * len(parts):
            separator = mark
            break
    return Look(
        len(there) / max(len(values), 1),
        len(counts),
        tuple(v for v, _ in counts.most_common(12)),
        shapes,
        form,
        separator,
    )


def is_npi(text: str) -> bool:
    """Whether a text is a National Provider Identifier: ten digits whose last is the Luhn check digit of
    80840 and the nine before (45 CFR 162.406).
    """
    if not re.fullmatch(r"[12]\d{9}", text):
        return False
    digits = [int(digit) for digit in reversed("80840" + text)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0


def _is_date(form: str, text: str) -> bool:
    try:
        found = datetime.strptime(text[:10] if form == "%Y-%m-%d" else text, form)
    except ValueError:
        return False
    return 1900 <= found.year <= 2100 or found.year == 9999


# Placing columns


@cache
def _vocabulary() -> tuple[dict[str, str], dict[str, dict[str, list[frozenset[str]]]]]:
    content = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    words = {short: word for word, shorts in content["words"].items() for short in [word, *map(str, shorts)]}
    columns = {
        table: {name: [frozenset(way.split()) for way in ways] for name, ways in named.items()}
        for table, named in content["columns"].items()
    }
    return words, columns


def words_of(name: str) -> frozenset[str]:
    """The words in a column name, with abbreviations written out: ``CLM_FROM_DT`` is claim, start, date."""
    words, _ = _vocabulary()
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", re.sub(r"(?i)e-mail", "email", name))
    parts = [part for part in re.split(r"[^A-Za-z0-9#]+", split.lower()) if part]
    found = [words.get(part) or words.get(part.rstrip("0123456789")) or part for part in parts]
    # "DATE_OF_BIRTH", "TYPE_OF_BILL": small words say nothing.
    return frozenset(word for word in found if word not in ("of", "the", "code", "patient's"))


def _draft(sheet: Sheet) -> Draft:
    _, columns = _vocabulary()
    best: Draft | None = None
    best_score = -1.0
    for table, named in columns.items():
        guesses = _guesses(sheet, table, named)
        required = [name for name in TARGETS[table].required_in_file if name != "claim_line_number"]
        score = sum(guess.score for guess in guesses.values()) + sum(
            1.0 for name in required if name in guesses
        )
        score += {
            "eligibility": 2.0 * ("birth_date" in guesses),
            "pharmacy_claim": 3.0 * ("ndc_code" in guesses),
        }.get(
            table,
            2.0 * any(name.startswith("diagnosis_code") for name in guesses)
            + 1.0 * ("hcpcs_code" in guesses),
        )
        if score > best_score:
            used = {guess.column for guess in guesses.values()}
            unplaced = [name for name in sheet.names if name not in used and name]
            missing = [name for name in TARGETS[table].required_in_file if name not in guesses]
            kind = {"eligibility": "members", "medical_claim": "claims", "pharmacy_claim": "pharmacy"}[table]
            best, best_score = Draft(sheet, kind, table, guesses, unplaced, missing), score
    assert best is not None
    return best


def _guesses(sheet: Sheet, table: str, named: dict[str, list[frozenset[str]]]) -> dict[str, Guess]:
    candidates: list[Guess] = []
    for name, look in zip(sheet.names, sheet.looks, strict=True):
        words = words_of(name)
        series = _diagnosis(name, words, look) if table == "medical_claim" else None
        if series:
            candidates.append(series)
            continue
        for target, ways in named.items():
            likeness = max(len(words & way) / len(words | way) for way in ways) if words else 0.0
            fits, because = _fits(target, look)
            if likeness == 0 and fits < 1:
                continue
            score = likeness * (0.5 + 0.5 * max(fits, 0.0)) if fits >= 0 else 0.0
            if likeness < 0.5 and fits == 1 and because and target in BY_CONTENT:
                score = max(score, 0.45)
            if score >= 0.4:
                why = f"the name says {' '.join(sorted(words))}" if likeness >= 0.5 else "by its contents"
                candidates.append(Guess(target, name, score, "; ".join(filter(None, (why, because))), ""))
    placed: dict[str, Guess] = {}
    used: set[str] = set()
    for guess in sorted(candidates, key=lambda one: -one.score):
        if guess.target not in placed and guess.column not in used:
            look = sheet.looks[sheet.names.index(guess.column)]
            rule = guess.rule or _rule(guess.target, guess.column, look)
            placed[guess.target] = Guess(guess.target, guess.column, guess.score, guess.why, rule)
            used.add(guess.column)
    return placed


BY_CONTENT = ("ndc_code", "hcpcs_code", "revenue_center_code", "zip_code")
"""Columns whose values alone can give them away."""


def _diagnosis(name: str, words: frozenset[str], look: Look) -> Guess | None:
    if look.separator:
        mark = repr(look.separator).replace("'", '"')
        rule = f"{{split: {_scalar(name)}, on: {mark}}}"
        return Guess("diagnosis_code_1", name, 1.0, "lists of ICD-10 codes", rule)
    share = look.share("diagnosis")
    if "diagnosis" not in words and not (
        share >= 0.95 and look.distinct > 3 and look.share("procedure") < 0.5
    ):
        return None
    if look.filled and share < 0.5:
        return None
    number = re.search(r"(\d+)\D*$", name)
    place = int(number[1]) if number and 1 <= int(number[1]) <= 25 else 1
    return Guess(
        f"diagnosis_code_{place}",
        name,
        0.9,
        f"{share:.0%} of the values have the shape of ICD-10-CM codes",
        "",
    )


def _fits(target: str, look: Look) -> tuple[float, str]:
    """How well the values suit a column, from 0 to 1 (below 0: they rule it out), and what they look like."""
    if not look.distinct:
        return 0.3, "no values"
    if target.endswith("_date"):
        share = look.share("date")
        return (share, f"dates as {look.date_format}") if share >= 0.8 else (-1, "")
    if target.endswith("_amount"):
        share = look.share("amount")
        if share < 0.8 or look.share("date") > 0.8:
            return -1, ""
        return share, "amounts" if look.share("cents") > 0.5 else "whole numbers: cents?"
    if target.endswith("_npi"):
        share = look.share("npi")
        if share >= 0.5:
            return share, f"{share:.0%} have the check digit of an NPI"
        if look.share("ten") >= 0.9:
            return 0.3, "? ten digits, but without the check digit of an NPI"
        return -1, ""
    shapes = {
        "hcpcs_code": ("procedure", "the shape of HCPCS codes"),
        "ndc_code": ("ndc", "eleven digits: NDC"),
        "revenue_center_code": ("revenue", "revenue codes"),
        "bill_type_code": ("bill", "bill types"),
        "place_of_service_code": ("two", "two digits"),
        "zip_code": ("zip", "five digits"),
        "gender": ("sex", "codes of sex"),
        "state": ("state", "two letters"),
        "claim_line_number": ("whole", "whole numbers"),
        "days_supply": ("whole", "whole numbers"),
        "quantity": ("amount", "numbers"),
        "service_unit_quantity": ("amount", "numbers"),
        "first_name": ("word", "words"),
        "last_name": ("word", "words"),
        "city": ("word", "words"),
        "drg_code": ("whole", "whole numbers"),
        "admission_hour": ("two", "two digits"),
    }
    if target in shapes:
        shape, words = shapes[target]
        share = look.share(shape)
        if target == "zip_code" and share < 0.9 and look.share("whole") > 0.9:
            share = 0.7
        return (share, words) if share >= 0.6 else (-1, "")
    if target in ("claim_id", "person_id", "member_id"):
        return (0.2, "few different values") if look.distinct < 2 and look.filled < 1 else (0.9, "")
    return 0.6, ""


SEX = {"m": "male", "male": "male", "1": "male", "f": "female", "female": "female", "2": "female"}
CLAIM_TYPES = {
    "institutional": (
        "institutional",
        "i",
        "u",
        "ub",
        "ub04",
        "ub-04",
        "837i",
        "f",
        "facility",
        "h",
        "hospital",
    ),
    "professional": ("professional", "p", "prof", "hcfa", "1500", "cms1500", "837p", "m", "physician"),
    "dental": ("dental", "d", "837d"),
}


def _rule(target: str, column: str, look: Look) -> str:
    """The rule for a column as it stands in the mapping."""
    name = _scalar(column)
    if target.endswith("_date") and look.date_format and look.date_format != "%Y-%m-%d":
        return f'{{column: {name}, date: "{look.date_format}"}}'
    if target.endswith("_amount"):
        marks = "".join(mark for mark in "$," if any(mark in value for value in look.values))
        steps = f', remove: "{marks}"' if marks else ""
        steps += ", divide: 100" if re.search("cent|_ct$", column.lower()) else ""
        return f"{{column: {name}{steps}}}" if steps else name
    if target == "gender" and not all(v.lower() in ("m", "f", "male", "female", "u") for v in look.values):
        return f"{{column: {name}, codes: {_codes(look, lambda v: SEX.get(v.lower(), 'unknown'))}}}"
    if target == "claim_type":

        def meaning(value: str) -> str:
            found = (kind for kind, known in CLAIM_TYPES.items() if value.lower() in known)
            return next(found, "undetermined")

        return f"{{column: {name}, codes: {_codes(look, meaning)}}}"
    if target == "zip_code" and any(len(value) < 5 for value in look.values):
        return f"{{column: {name}, pad: 5}}"
    return name


def _codes(look: Look, meaning: Callable[[str], str]) -> str:
    return "{" + ", ".join(f'"{value}": {meaning(value)}' for value in sorted(look.values)) + "}"


def _scalar(text: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_ ]*", text) and text.lower() not in (
        *("yes", "no", "on", "off", "true", "false", "null", "y", "n"),
    )
    return text if plain and text == text.strip() else '"' + text.replace('"', '\\"') + '"'


def _pair_header_with_lines(drafts: list[Draft]) -> tuple[Draft, Draft, str, str] | None:
    """The file of claim headers and the file of their lines, with the columns that join them, if there are
    any.

    The header has each claim once, and what the lines lack; the lines repeat the claim.
    """
    claims = [draft for draft in drafts if draft.table == "medical_claim"]
    if len(claims) != 2:
        return None
    for header, lines in (claims, claims[::-1]):
        ours, theirs = lines.guesses.get("claim_id"), header.guesses.get("claim_id")
        if not ours or not theirs:
            continue
        numbers, repeated = header.sheet.columns[theirs.column], lines.sheet.columns[ours.column]
        shared = set(numbers) & set(repeated)
        alone = len(set(numbers)) / max(len(numbers), 1)
        more_alone = alone > 0.7 and alone > len(set(repeated)) / max(len(repeated), 1)
        if shared and more_alone and "claim_line_number" in lines.guesses:
            lacking = set(lines.missing) & set(header.guesses)
            if lacking:
                header.kind, lines.kind = "claim_header", "claim_detail"
                return header, lines, ours.column, theirs.column
    return None


# The mapping as text


def _yaml(drafts: list[Draft], pair: tuple[Draft, Draft, str, str] | None) -> Iterator[str]:
    yield "# A first mapping, proposed from the names and contents of the columns. Read every line."
    yield "# Lines with ? need a decision; docs/feeds.md explains every key. Then: python -m data check FEED"
    yield "inputs:"
    for draft in drafts:
        written = draft.sheet.written
        keys = [f"files: {_scalar(_pattern(draft.sheet.path))}"]
        if not is_workbook(draft.sheet.path):
            keys.append(f'delimiter: "{"tab" if written.delimiter == chr(9) else written.delimiter}"')
        if written.encoding != "utf-8":
            keys.append(f"encoding: {written.encoding}")
        if written.skip_rows:
            keys.append(f"skip_rows: {written.skip_rows}")
        if written.columns:
            keys.append(f"header: false, columns: [{', '.join(written.columns)}]")
        yield f"  {draft.kind}: {{{', '.join(keys)}}}  # from {draft.sheet.path.name}"
    yield "tables:"
    for table in dict.fromkeys(draft.table for draft in drafts):
        of_table = [draft for draft in drafts if draft.table == table and not (pair and draft is pair[0])]
        yield f"  {table}:"
        for draft in of_table:
            joined = pair if pair and draft is pair[1] else None
            yield from _block(draft, joined)


def _block(draft: Draft, pair: tuple[Draft, Draft, str, str] | None) -> Iterator[str]:
    yield f"    - from: {draft.kind}"
    header = pair[0] if pair else None
    if pair:
        yield f"      join: {{{pair[0].kind}: {{on: {{{_scalar(pair[2])}: {_scalar(pair[3])}}}}}}}"
    yield "      columns:"
    guesses = dict(draft.guesses)
    elsewhere: dict[str, Guess] = {}
    if header:
        elsewhere = {
            target: guess
            for target, guess in header.guesses.items()
            if target not in guesses or (target != "claim_id" and guess.score > guesses[target].score + 0.2)
        }
    order = {
        name: n for n, name in enumerate(n for c in TARGETS[draft.table].columns for n in c.file_columns)
    }
    for target in sorted({*guesses, *elsewhere, *draft.missing}, key=lambda name: order.get(name, 999)):
        if target in elsewhere and header:
            guess = elsewhere[target]
            written = _scalar(guess.column)
            place = re.search(rf"(^|column: |split: ){re.escape(written)}(?=$|[,}}])", guess.rule)
            rule = guess.rule
            if place:
                joined = _scalar_of(header.kind, guess.column)
                rule = rule[: place.end(1)] + joined + rule[place.end() :]
            yield _line(target, rule, guess)
        elif target in guesses:
            yield _line(target, guesses[target].rule, guesses[target])
        elif target == "claim_line_number" and "claim_id" in guesses:
            number = f"{{number: {_scalar(guesses['claim_id'].column)}}}"
            yield f"        claim_line_number: {number}  # no such column: lines are numbered as they stand"
        else:
            yield (
                f"        {target}: {{value: null}}  # ? no column found; name it, or leave it so if the "
                "payer has none"
            )
    joined_names = [f"{header.kind}.{name}" for name in header.unplaced] if header else []
    for name in [*draft.unplaced, *joined_names]:
        sheet = draft.sheet if name in draft.sheet.names else (header.sheet if header else draft.sheet)
        plain = name if name in sheet.names else name.partition(".")[2]
        look = sheet.looks[sheet.names.index(plain)]
        values = ", ".join(look.values[:3]) or "always empty"
        yield f"      # ? not placed: {name} ({_described(look)}; such as {values})".replace("\n", " ")


def _scalar_of(kind: str, column: str) -> str:
    return f"{kind}.{column}" if re.fullmatch(r"\w+", column) else f'"{kind}.{column}"'


def _line(target: str, rule: str, guess: Guess) -> str:
    name = "diagnosis_code_1..25" if rule.startswith("{split:") else target
    certain = guess.score >= 0.6 and "undetermined" not in rule and "unknown" not in rule
    certain = certain and "?" not in guess.why
    return f"        {name}: {rule}  # {'' if certain else '? '}{guess.why.replace('? ', '')}"


def _described(look: Look) -> str:
    if look.date_format:
        return f"dates as {look.date_format}"
    best = max(look.shapes, key=lambda shape: look.shapes[shape], default="")
    kind = {"npi": "NPIs", "diagnosis": "ICD-10 codes", "procedure": "HCPCS codes", "zip": "ZIP codes"}.get(
        best
    )
    if kind and look.shapes[best] >= 0.9:
        return kind
    return f"{look.distinct:,} different {'value' if look.distinct == 1 else 'values'}"


def _pattern(path: Path) -> str:
    """The file's name with whatever counts files or months left open, in any folder."""
    name = re.sub(r"\d[\d_-]*", "*", path.name.removesuffix(".gz"))
    return f"*{name}" + ("*" if path.name.endswith(".gz") else "")


def report(console: Console, proposal: Proposal) -> None:
    """Say in a few lines what was made of each file."""
    for draft in proposal.drafts:
        console.print(
            f"{draft.sheet.path.name}: {len(draft.guesses)} of {len(draft.sheet.names)} columns placed in "
            f"{draft.table}"
            + (f"; not placed: {', '.join(draft.unplaced)}" if draft.unplaced else "")
            + (f"; not found: {', '.join(draft.missing)}" if draft.missing else ""),
            highlight=False,
            markup=False,
            soft_wrap=True,
        )


def as_mapping(proposal: Proposal) -> Any:
    """The proposal as YAML reads it."""
    return yaml.safe_load(proposal.yaml)
