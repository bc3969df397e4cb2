"""A feed is a folder with a ``source.yaml`` and the files it describes.

This file holds the schema of ``source.yaml``, reads it with errors that name the file, the line, the key and
what to do, and finds the data files its patterns name. The keys are explained in ``docs/ingestion.md``.
"""

from __future__ import annotations

import datetime
import fnmatch
import hashlib
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from data.feed_error import FeedError
from data.sources.adapter import DATA_SUFFIXES, Adapter, Input, adapters
from data.sources.layout import Table

__all__ = ["Feed", "FeedError", "FeedFile", "Source", "find_feeds", "read_feed", "read_yaml"]

SOURCE_FILE = "source.yaml"
UNASSIGNED = "unassigned"
CONTROL_TOTALS = Input("control_total", ("control_totals*.csv", "*/control_totals*.csv"))
"""Every feed may bring its payer's own totals of what was sent."""

ANY_DATA = (*DATA_SUFFIXES, ".xlsx", ".xlsm", ".xls", ".xlsb", ".tsv", ".psv", ".dat", ".hl7", ".hl7.gz")
"""Files that look like data, whatever the format: not to be overlooked without a word."""


def quoted(value: object) -> object:
    # YAML reads 02134 as an octal number and turns it into 1116: only quotes keep a code as it is.
    if isinstance(value, bool | int | float | datetime.date):
        raise ValueError(f"is read by YAML as {value!r}; put the value in quotes to keep it as written")
    return value


Code = Annotated[str, BeforeValidator(quoted), Field(min_length=1)]
Identifier = Annotated[str, BeforeValidator(quoted), Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
OneOrMore = Annotated[
    list[Code], BeforeValidator(lambda value: value if isinstance(value, list) else [value])
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ContractDeclaration(_Strict):
    """A contract named where it is known; a row of ``raw.contract``."""

    contract_id: Identifier
    contract_name: str
    payer: str | None = None
    plan: str | None = None
    line_of_business: Literal["medicare", "medicaid", "commercial", "dual"] | None = None
    model: (
        Literal[
            "shared_savings",
            "shared_risk",
            "risk_corridor",
            "capitation",
            "bundle",
            "pay_for_performance",
            "care_management_fee",
        ]
        | None
    ) = None
    performance_start: datetime.date | None = None
    performance_end: datetime.date | None = None
    completion_threshold: float = Field(default=0.9, gt=0, le=1)
    terms_version: Annotated[str, BeforeValidator(str)] = "1"
    # A control cohort belongs to nobody's work: it is counted only where it is chosen.
    control_for: Identifier | None = None
    # Dollars per member and calendar year: above the cap the contract does not count them, and from the
    # threshold on a member is a large claimant.
    truncation_cap: float | None = Field(default=None, gt=0)
    large_claimant_threshold: float = Field(default=100_000, gt=0)

    @model_validator(mode="after")
    def _period(self) -> ContractDeclaration:
        if self.performance_start and self.performance_end and self.performance_end < self.performance_start:
            raise ValueError("performance_end is before performance_start")
        return self

    @property
    def terms_sha256(self) -> str:
        """Hash of the declaration, so that a change of terms is seen as one."""
        terms = self.model_dump(mode="json", exclude={"terms_version"})
        return hashlib.sha256(json.dumps(terms, sort_keys=True).encode()).hexdigest()


class MarketDeclaration(_Strict):
    """A market named where it is known; a row of ``raw.market``."""

    market_id: Identifier
    market_name: str
    state: str | None = None


class ContractRule(_Strict):
    """Rows whose columns have these values (all of them) belong to this contract; ``{}`` is every row."""

    when: dict[str, OneOrMore] = Field(default_factory=dict)
    contract_id: Identifier


class MarketRule(_Strict):
    """Members whose eligibility columns have these values (all of them) belong to this market."""

    when: dict[str, OneOrMore] = Field(default_factory=dict)
    market_id: Identifier


class Options(_Strict):
    """How the files are written."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: Literal["utf-8", "latin-1", "cp1252"] = "utf-8"
    date_formats: list[str] = Field(default_factory=lambda: ["%Y-%m-%d"], min_length=1)
    required_files: list[str] | None = None
    eligibility: Literal["all", "latest_file", "changes"] = "all"
    cclf_version: Annotated[str, BeforeValidator(quoted)] | None = None
    accept_count_mismatch: bool = False
    exclusion_reasons: list[Code] = Field(default_factory=lambda: ["BD"])

    @field_validator("date_formats")
    @classmethod
    def _formats(cls, formats: list[str]) -> list[str]:
        return [date_format(form) for form in formats]


def date_format(form: str) -> str:
    """A date format as Python and DuckDB both know it. Raises ``ValueError`` with examples."""
    letters = re.findall("%-?(.)", form)
    if not letters or any(letter not in "YymdjHIMSfpbBzZ%T" for letter in letters):
        raise ValueError(
            f"{form!r} is no date format; write %m/%d/%Y for 12/31/2025, %d.%m.%Y for 31.12.2025, %Y%m%d for "
            "20251231, %Y-%m-%d for 2025-12-31"
        )
    return form


class Delivery(_Strict):
    """When files come: the month a file belongs to, from its path, and what has to be there by when.

    ``month`` is a regular expression with the groups ``year`` and ``month``, and optionally ``received`` (a
    day as YYYYMMDD or YYYY-MM-DD). ``due_day`` is the day of the month after the delivery month.
    """

    month: str
    expected: list[str] = Field(default_factory=list)
    due_day: int | None = Field(default=None, ge=1, le=31)
    since: datetime.date | None = None

    @field_validator("month")
    @classmethod
    def _pattern(cls, text: str) -> str:
        try:
            groups = set(re.compile(text).groupindex)
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error}") from error
        if not {"year", "month"} <= groups:
            raise ValueError(
                r"needs the groups year and month, such as (?P<year>\d{4})-(?P<month>\d{2})/ for "
                "2025-03/claims.csv"
            )
        return text

    def of(self, name: str) -> tuple[datetime.date | None, datetime.date | None]:
        """The delivery month of a file by its path, and the day it was received, where it says."""
        found = re.search(self.month, name)
        if not found:
            return None, None
        year, month = int(found["year"]), int(found["month"])
        year += 2000 if year < 100 else 0
        if not (1 <= month <= 12 and 1990 <= year <= 2100):
            return None, None
        digits = re.sub(r"\D", "", (found.groupdict().get("received") or ""))
        try:
            received = datetime.datetime.strptime(digits, "%Y%m%d").date() if digits else None
        except ValueError:
            received = None
        return datetime.date(year, month, 1), received


class Source(_Strict):
    """The whole of a ``source.yaml``."""

    name: Annotated[str, BeforeValidator(quoted), Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    title: Annotated[str, BeforeValidator(quoted), Field(min_length=1)] | None = None
    format: str
    mapping: str | None = None
    person_ids: Literal["shared", "own", "crosswalk"] | None = None
    contracts: list[ContractDeclaration] = Field(default_factory=list)
    markets: list[MarketDeclaration] = Field(default_factory=list)
    contract_rules: list[ContractRule] = Field(default_factory=list)
    market_rules: list[MarketRule] = Field(default_factory=list)
    files: dict[str, OneOrMore] = Field(default_factory=dict)
    files_from: str | None = None
    options: Options = Field(default_factory=Options)
    delivery: Delivery | None = None
    pack: str | None = None
    version: Annotated[str, BeforeValidator(lambda value: str(value))] | None = None
    source: str | None = None
    file: str | None = None

    @field_validator("format")
    @classmethod
    def _known_format(cls, name: str) -> str:
        if name not in adapters():
            raise ValueError(f"{name!r} is not possible; write one of {', '.join(sorted(adapters()))}")
        return name

    @model_validator(mode="after")
    def _consistent(self) -> Source:
        if self.format not in adapters():
            return self
        adapter = adapters()[self.format]
        if len(adapter.person_ids) > 1 and self.person_ids is None:
            raise ValueError(
                "person_ids is missing: write 'shared' where ids come from an enterprise index, 'own' where "
                "they mean something to this payer only, 'crosswalk' where an organization feed's "
                "person_crosswalk file says whose they are"
            )
        if self.person_ids not in (None, "shared", *adapter.person_ids):
            raise ValueError(
                f"person_ids: {self.person_ids} has no meaning for the format {self.format}; remove it"
            )
        if self.mapping and self.format != "mapped":
            raise ValueError(f"mapping: has no meaning for the format {self.format}; remove it")
        own = {"cclf_version", "accept_count_mismatch", "exclusion_reasons"} & self.options.model_fields_set
        if wrong := sorted(own - adapter.options):
            raise ValueError(f"options.{wrong[0]} has no meaning for the format {self.format}; remove it")
        if self.format == "reference_pack":
            for key in ("pack", "version", "source", "file"):
                if not getattr(self, key):
                    raise ValueError(
                        f"{key} is missing: a reference_pack names its pack, version, source, file"
                    )
        return self

    @property
    def contract_columns(self) -> frozenset[str]:
        """The file columns that the contract rules look at, in lower case."""
        return frozenset(column.lower() for rule in self.contract_rules for column in rule.when)

    @property
    def market_columns(self) -> frozenset[str]:
        """The file columns that the market rules look at, in lower case."""
        return frozenset(column.lower() for rule in self.market_rules for column in rule.when)


@dataclass(frozen=True)
class FeedFile:
    """A data file of a feed: its kind, path and hash, the file it repeats, and the delivery it belongs to.

    ``name`` is the path relative to the feed's folder, with the sheet of a workbook that has several inputs.
    """

    kind: str
    path: Path
    name: str
    sha256: str
    has_nul: bool = False
    duplicate_of: str | None = None
    delivery_month: datetime.date | None = None
    received_on: datetime.date | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class Feed:
    """A feed as found on disk: its declaration, its folder and its files, in order of kind and name."""

    source: Source
    folder: Path
    yaml_sha256: str
    files: tuple[FeedFile, ...]
    adapter: Adapter
    not_read: tuple[str, ...] = field(default=())
    without_month: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def tables(self) -> tuple[Table, ...]:
        return self.adapter.tables

    @property
    def sha256(self) -> str:
        """One hash of the declaration and everything it brings."""
        parts = [self.yaml_sha256, *(f"{file.kind}/{file.name}/{file.sha256}" for file in self.files)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def files_of(self, kind: str) -> list[FeedFile]:
        return [file for file in self.files if file.kind == kind]


def find_feeds(folder: Path, *, on_file: Callable[[Path], None] | None = None) -> list[Feed]:
    """Read every feed under ``folder`` (one folder per feed, or the folder itself), in order of name.

    Every file is hashed; ``on_file`` is told of each one first. Raises an ``ExceptionGroup`` of
    :class:`FeedError` with all that is wrong, not only the first.
    """
    if not folder.is_dir():
        raise ExceptionGroup(
            "feeds", [FeedError(folder.name, f"{folder} is not a folder: name the folder of feeds")]
        )
    if (folder / SOURCE_FILE).is_file():
        folders = [folder]
    else:
        folders = sorted(path.parent for path in folder.glob(f"*/{SOURCE_FILE}"))
    problems: list[FeedError] = []
    if not folders:
        problems.append(
            FeedError(
                folder.name,
                f"{folder} has no feed: put each payer's files in a folder of their own with a {SOURCE_FILE} "
                "(see docs/ingestion.md)",
            )
        )
    if folders != [folder]:
        for path in sorted(folder.iterdir()):
            if path.is_dir() and not path.name.startswith(".") and not (path / SOURCE_FILE).is_file():
                data = [file for file in path.iterdir() if file.name.lower().endswith(ANY_DATA)]
                if data:
                    problems.append(
                        FeedError(
                            path.name, f"{path} has data files but no {SOURCE_FILE}: add one, or move it away"
                        )
                    )
    feeds: list[Feed] = []
    for path in folders:
        try:
            feeds.append(read_feed(path, on_file=on_file))
        except FeedError as error:
            problems.append(error)
    seen: dict[str, Path] = {}
    for feed in feeds:
        if feed.name in seen:
            problems.append(
                FeedError(
                    feed.name,
                    f"{feed.folder / SOURCE_FILE}: name: {feed.name!r} is also the name of "
                    f"{seen[feed.name]}; give each feed a name of its own",
                )
            )
        seen[feed.name] = feed.folder
    problems.extend(_rules_without_dimension(feeds))
    if problems:
        raise ExceptionGroup("feeds", problems)
    return sorted(feeds, key=lambda feed: feed.name)


def read_feed(folder: Path, *, on_file: Callable[[Path], None] | None = None) -> Feed:
    """Read one feed's declaration and find its files. Raises :class:`FeedError`."""
    path = folder / SOURCE_FILE
    source, text = read_source(path)
    adapter = adapters()[source.format].for_feed(source, folder)
    files, not_read, without_month = _find_files(folder, path, source, adapter, on_file)
    digest = hashlib.sha256(text + adapter.sha256.encode()).hexdigest()
    return Feed(source, folder, digest, tuple(files), adapter, tuple(not_read), tuple(without_month))


def read_source(path: Path) -> tuple[Source, bytes]:
    """Read and check a ``source.yaml``: the declaration and its bytes. Raises :class:`FeedError`."""
    return read_yaml(path, Source, path.parent.name, "start from docs/examples/tuva_input_layer")


Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path, model: type[Model], feed: str, start: str) -> tuple[Model, bytes]:
    """Read a YAML file into a pydantic model, with errors that name file, line, key and what to do.

    ``start`` is the advice for an empty file. Raises :class:`FeedError`.
    """
    try:
        text = path.read_bytes()
        root = yaml.compose(text.decode("utf-8-sig"), Loader=yaml.SafeLoader)
        content = yaml.safe_load(text.decode("utf-8-sig"))
    except OSError as error:
        raise FeedError(feed, f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FeedError(feed, f"{path}: is not UTF-8 text; save it as UTF-8") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}:" if mark else ""
        raise FeedError(
            feed, f"{path}:{where} is not valid YAML: {getattr(error, 'problem', error)}"
        ) from error
    if not isinstance(content, dict):
        raise FeedError(feed, f"{path}: is empty or not a mapping; {start}")
    try:
        return model.model_validate(content), text
    except ValidationError as error:
        lines: dict[str, None] = {}
        for item in error.errors(include_url=False):
            line, shown = _locate(root, list(item["loc"]))
            lines[f"{path}: line {line}: {shown}{_advice(item)}"] = None
        raise FeedError(feed, "\n".join(lines)) from error


def line_of(path: Path, *steps: str | int) -> str:
    """``<path>: line <n>: <key>: `` for a key path of a YAML file that has been read before."""
    line, shown = _locate(_composed(path, path.stat().st_mtime_ns), list(steps))
    return f"{path}: line {line}: {shown}"


@lru_cache(maxsize=8)
def _composed(path: Path, changed_at: int) -> yaml.Node:
    root = yaml.compose(path.read_bytes().decode("utf-8-sig"), Loader=yaml.SafeLoader)
    assert root is not None
    return root


def _locate(root: yaml.Node, steps: list[Any]) -> tuple[int, str]:
    """The line of a key path in the YAML text, as deep as the text goes, and the path as ``a[0].b: ``.

    A step that is no key of the text belongs to a validator, and the rest of the path may still be; the last
    step may be the key that is missing.
    """
    node, line, shown = root, root.start_mark.line + 1, ""
    for place, step in enumerate(steps):
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            shown += f"[{step}]"
            node = node.value[step]
            line = node.start_mark.line + 1
            continue
        found = [pair for pair in node.value if pair[0].value == str(step)] if _is_map(node) else []
        if found:
            node, line = found[0][1], found[0][0].start_mark.line + 1
        if found or (place == len(steps) - 1 and isinstance(step, str) and re.fullmatch(r"[\w.-]+", step)):
            shown += f".{step}" if shown else str(step)
    return line, f"{shown}: " if shown else ""


def _is_map(node: yaml.Node) -> bool:
    return isinstance(node, yaml.MappingNode)


def _advice(item: Any) -> str:
    kind = item["type"]
    if kind == "extra_forbidden":
        return "is not a known key; check the spelling or remove it (docs/ingestion.md lists them)"
    if kind == "missing":
        return "is missing; add it"
    if kind == "literal_error":
        return f"{item['input']!r} is not possible; write one of {item['ctx']['expected']}"
    if kind == "string_pattern_mismatch":
        return f"{item['input']!r} may have letters, digits, '-' and '_' only (a feed name: lower case)"
    return f"{item['msg'].removeprefix('Value error, ')}"


def _find_files(
    folder: Path,
    path: Path,
    source: Source,
    adapter: Adapter,
    on_file: Callable[[Path], None] | None,
) -> tuple[list[FeedFile], list[str], list[str]]:
    """The files of a feed, the data files no pattern wants, and those of no delivery month."""
    place = folder
    if source.files_from:
        place = (folder / Path(source.files_from).expanduser()).resolve()
        if not place.is_dir():
            raise FeedError(
                source.name, f"{path}: files_from: {place} is not a folder; correct it or remove the key"
            )
    inputs = dict(adapter.inputs)
    if source.format != "reference_pack":
        inputs[CONTROL_TOTALS.kind] = CONTROL_TOTALS
    problems = [
        line_of(path, *steps)
        + f"{name!r} is no file of the format {source.format}; there is {', '.join(inputs) or 'none'}"
        for steps, name in (
            *((("files", name), name) for name in source.files),
            *((("options", "required_files", n), name) for n, name in enumerate(_required(source, adapter))),
            *(
                (("delivery", "expected", n), name)
                for n, name in enumerate(source.delivery.expected if source.delivery else ())
            ),
        )
        if name not in inputs
    ]
    if problems:
        raise FeedError(source.name, "\n".join(problems))
    present = sorted(
        file.relative_to(place).as_posix()
        for file in place.rglob("*")
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(place).parts)
    )
    # A whole roster every month says the same again when nobody came or went.
    whole = adapter.kinds("eligibility") if source.options.eligibility == "latest_file" else ()
    own = {SOURCE_FILE, "mapping.yaml", source.mapping or ""}
    required = _required(source, adapter)
    taken: dict[str, Input] = {}
    files: list[FeedFile] = []
    without_month: list[str] = []
    for kind, one in inputs.items():
        patterns = list(source.files.get(kind) or one.patterns)
        first_with: dict[str, str] = {}
        found = [name for name in present if any(fnmatch.fnmatchcase(name, p) for p in patterns)]
        for name in found:
            if name in own:
                continue
            other = taken.get(name)
            if other is not None and (one.sheet is None or other.sheet is None or one.sheet == other.sheet):
                if kind == CONTROL_TOTALS.kind or other.kind == CONTROL_TOTALS.kind:
                    continue
                problems.append(
                    f"{path}: files: {name} matches the patterns of both {other.kind} and {kind}; "
                    "make the patterns under files: narrower"
                )
                continue
            taken[name] = one
            if one.suffixes is not None and not name.lower().endswith(one.suffixes):
                problems.append(
                    f"{place / name}: is neither CSV nor Parquet (its name should end in one of "
                    f"{', '.join(one.suffixes)}); rename it or narrow the pattern under files: {kind}"
                )
                continue
            if on_file:
                on_file(place / name)
            try:
                digest, nul = _examine(source.name, place / name)
            except FeedError as error:
                problems.append(str(error))
                continue
            month, received = source.delivery.of(name) if source.delivery else (None, None)
            if source.delivery and month is None and kind != CONTROL_TOTALS.kind:
                without_month.append(name)
            known_as = f"{name}[{one.sheet}]" if one.sheet else name
            files.append(
                FeedFile(
                    kind,
                    place / name,
                    known_as,
                    digest,
                    nul,
                    None if one.may_repeat or kind in whole or digest == _NOTHING else first_with.get(digest),
                    month,
                    received,
                    one.sheet,
                )
            )
            first_with.setdefault(digest, known_as)
        if kind in source.files and not found and kind in required:
            problems.append(
                f"{place}: no file for {kind}: nothing matches {' or '.join(patterns)} "
                f"({path}: files: {kind})"
            )
        elif kind in required and not found:
            problems.append(
                f"{place}: no file for {kind}: put it beside {path}, named like {patterns[0]}, or set "
                "options.required_files if this feed has none"
            )
    if problems:
        raise FeedError(source.name, "\n".join(problems))
    not_read = [
        name for name in present if name not in taken and name not in own and name.lower().endswith(ANY_DATA)
    ]
    return files, not_read, without_month


_NOTHING = hashlib.sha256().hexdigest()
"""The hash of an empty file: two of them do not repeat each other."""


def _required(source: Source, adapter: Adapter) -> tuple[str, ...]:
    if source.options.required_files is not None:
        return tuple(source.options.required_files)
    return tuple(kind for kind, one in adapter.inputs.items() if one.required)


def _examine(feed: str, path: Path) -> tuple[str, bool]:
    """The hash of a file, and whether a CSV file holds a NUL byte. A gzip file must be whole.

    Both need every byte, which is read here once; a gzip file cut short would otherwise read as a shorter
    one.
    """
    digest = hashlib.sha256()
    packed = path.name.lower().endswith(".gz")
    text = not path.name.lower().endswith((".parquet", ".parquet.gz", ".xlsx", ".xlsm", ".xls", ".xlsb"))
    unpack = zlib.decompressobj(wbits=31)
    nul = False
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
                while packed and block:
                    if unpack.eof:
                        unpack = zlib.decompressobj(wbits=31)
                    nul |= text and b"\0" in unpack.decompress(block)
                    block = unpack.unused_data
                nul |= text and not packed and b"\0" in block
    except OSError as error:
        raise FeedError(feed, f"{path}: cannot be read: {error.strerror}") from error
    except zlib.error as error:
        raise FeedError(
            feed, f"{path}: is not a gzip file, or is damaged ({error}); ask for the file again"
        ) from error
    if packed and path.stat().st_size == 0:
        raise FeedError(feed, f"{path}: is empty (0 bytes); ask for the file again")
    if packed and not unpack.eof:
        raise FeedError(feed, f"{path}: the gzip file is cut short; ask for the file again")
    return digest.hexdigest(), nul


def _rules_without_dimension(feeds: list[Feed]) -> list[FeedError]:
    """Rules that point at a contract or market nobody declares.

    An organization feed may declare them in its files, which are read later; then the build's audits speak.
    """
    if any(file.kind in ("contract", "market") for feed in feeds for file in feed.files):
        return []
    contracts = {UNASSIGNED, *(c.contract_id for feed in feeds for c in feed.source.contracts)}
    markets = {UNASSIGNED, *(m.market_id for feed in feeds for m in feed.source.markets)}
    problems = []
    for feed in feeds:
        pairs = [
            *(
                ("contract_rules", "contracts", rule.contract_id, contracts)
                for rule in feed.source.contract_rules
            ),
            *(("market_rules", "markets", rule.market_id, markets) for rule in feed.source.market_rules),
        ]
        for rules, dimension, name, known in pairs:
            if name not in known:
                problems.append(
                    FeedError(
                        feed.name,
                        f"{feed.folder / SOURCE_FILE}: {rules}: {name!r} is declared nowhere; "
                        f"add it under {dimension}:, or correct the rule",
                    )
                )
    return problems
