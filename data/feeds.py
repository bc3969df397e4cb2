"""A feed is a folder with a ``source.yaml`` and the files it describes.

This file holds the schema of ``source.yaml``, reads it with errors that name the file, the line, the key and
what to do, and finds the data files its patterns name. The keys are explained in ``docs/ingestion.md``.
"""

from __future__ import annotations

import datetime
import fnmatch
import hashlib
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from data.sources import FORMATS
from data.sources.layout import Table
from data.sources.tuva_input_layer import REQUIRED_FILES

SOURCE_FILE = "source.yaml"
UNASSIGNED = "unassigned"
DATA_SUFFIXES = (".csv", ".csv.gz", ".txt", ".txt.gz", ".parquet", ".parquet.gz")


class FeedError(Exception):
    """Something in a feed that a person has to put right before anything can be published.

    The message names the file and what to do; ``feed`` is the feed (or its folder's name).
    """

    def __init__(self, feed: str, message: str) -> None:
        super().__init__(message)
        self.feed = feed


def _quoted(value: object) -> object:
    # YAML reads 02134 as an octal number and turns it into 1116: only quotes keep a code as it is.
    if isinstance(value, bool | int | float | datetime.date):
        raise ValueError(f"is read by YAML as {value!r}; put the value in quotes to keep it as written")
    return value


Code = Annotated[str, BeforeValidator(_quoted), Field(min_length=1)]
Identifier = Annotated[str, BeforeValidator(_quoted), Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
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


class Source(_Strict):
    """The whole of a ``source.yaml``."""

    name: Annotated[str, BeforeValidator(_quoted), Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    format: Literal["tuva_input_layer", "organization", "reference_pack"]
    person_ids: Literal["shared", "own"] | None = None
    contracts: list[ContractDeclaration] = Field(default_factory=list)
    markets: list[MarketDeclaration] = Field(default_factory=list)
    contract_rules: list[ContractRule] = Field(default_factory=list)
    market_rules: list[MarketRule] = Field(default_factory=list)
    files: dict[str, OneOrMore] = Field(default_factory=dict)
    files_from: str | None = None
    options: Options = Field(default_factory=Options)
    pack: str | None = None
    version: Annotated[str, BeforeValidator(lambda value: str(value))] | None = None
    source: str | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Source:
        names = [table.name for table in FORMATS[self.format]]
        for name in [*self.files, *(self.options.required_files or [])]:
            if name not in names:
                raise ValueError(
                    f"{name!r} is no table of the format {self.format}; there is {', '.join(names) or 'none'}"
                )
        if self.format == "tuva_input_layer" and self.person_ids is None:
            raise ValueError(
                "person_ids is missing: write 'shared' where ids come from an enterprise index, 'own' where "
                "they mean something to this payer only"
            )
        if self.format != "tuva_input_layer" and self.person_ids == "own":
            raise ValueError(f"person_ids: own has no meaning for the format {self.format}; remove it")
        if self.format == "reference_pack":
            for key in ("pack", "version", "source", "file"):
                if not getattr(self, key):
                    raise ValueError(
                        f"{key} is missing: a reference_pack names its pack, version, source, file"
                    )
        return self


@dataclass(frozen=True)
class FeedFile:
    """A data file of a feed: the table it brings, its path and hash, and the file it repeats, if any."""

    table: str
    path: Path
    name: str
    sha256: str
    has_nul: bool = False
    duplicate_of: str | None = None


@dataclass(frozen=True)
class Feed:
    """A feed as found on disk: its declaration, its folder and its files, in order of table and name."""

    source: Source
    folder: Path
    yaml_sha256: str
    files: tuple[FeedFile, ...]
    not_read: tuple[str, ...] = field(default=())

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def tables(self) -> tuple[Table, ...]:
        return FORMATS[self.source.format]

    @property
    def sha256(self) -> str:
        """One hash of the declaration and everything it brings."""
        parts = [self.yaml_sha256, *(f"{file.table}/{file.name}/{file.sha256}" for file in self.files)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def files_of(self, table: str) -> list[FeedFile]:
        return [file for file in self.files if file.table == table]


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
                data = [file for file in path.iterdir() if file.name.lower().endswith(DATA_SUFFIXES)]
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
    files, not_read = _find_files(folder, path, source, on_file)
    return Feed(source, folder, hashlib.sha256(text).hexdigest(), tuple(files), tuple(not_read))


def read_source(path: Path) -> tuple[Source, bytes]:
    """Read and check a ``source.yaml``: the declaration and its bytes. Raises :class:`FeedError`."""
    feed = path.parent.name
    try:
        text = path.read_bytes()
        root = yaml.compose(text.decode("utf-8-sig"), Loader=yaml.SafeLoader)
        content = yaml.safe_load(text.decode("utf-8-sig"))
    except OSError as error:
        raise FeedError(feed, f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FeedError(feed, f"{path}: is not UTF-8 text; save it as UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}:" if mark else ""
        raise FeedError(
            feed, f"{path}:{where} is not valid YAML: {getattr(error, 'problem', error)}"
        ) from error
    if not isinstance(content, dict):
        raise FeedError(feed, f"{path}: is empty or not a mapping; start from docs/examples/tuva_input_layer")
    try:
        return Source.model_validate(content), text
    except ValidationError as error:
        lines = []
        for item in error.errors(include_url=False):
            steps = [step for step in item["loc"] if step != "function-before"]
            line, shown = _locate(root, steps)
            lines.append(f"{path}: line {line}: {shown}{_advice(item)}")
        raise FeedError(feed, "\n".join(lines)) from error


def _locate(root: yaml.Node, steps: list[Any]) -> tuple[int, str]:
    """The line of a key path in the YAML text, as deep as the text goes, and the path as ``a[0].b: ``."""
    node, line, shown = root, root.start_mark.line + 1, ""
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            shown += f".{step}" if shown else str(step)
            for name, value in node.value:
                if name.value == str(step):
                    node, line = value, name.start_mark.line + 1
                    break
            else:
                break
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            shown += f"[{step}]"
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line, f"{shown}: " if shown else ""


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
    folder: Path, path: Path, source: Source, on_file: Callable[[Path], None] | None
) -> tuple[list[FeedFile], list[str]]:
    place = folder
    if source.files_from:
        place = (folder / Path(source.files_from).expanduser()).resolve()
        if not place.is_dir():
            raise FeedError(
                source.name, f"{path}: files_from: {place} is not a folder; correct it or remove the key"
            )
    if source.format == "reference_pack":
        wanted = {"reference_pack": [str(source.file)]}
    else:
        wanted = {
            table.name: list(source.files.get(table.name) or _default_patterns(table.name))
            for table in FORMATS[source.format]
        }
    present = sorted(
        file.relative_to(place).as_posix()
        for file in place.rglob("*")
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(place).parts)
    )
    taken: dict[str, str] = {}
    files: list[FeedFile] = []
    for table, patterns in wanted.items():
        first_with: dict[str, str] = {}
        for name in (name for name in present if any(fnmatch.fnmatchcase(name, p) for p in patterns)):
            if name == SOURCE_FILE:
                continue
            if name in taken:
                raise FeedError(
                    source.name,
                    f"{path}: files: {name} matches the patterns of both {taken[name]} and {table}; "
                    "make the patterns under files: narrower",
                )
            taken[name] = table
            if not name.lower().endswith(DATA_SUFFIXES):
                raise FeedError(
                    source.name,
                    f"{place / name}: is neither CSV nor Parquet (its name should end in one of "
                    f"{', '.join(DATA_SUFFIXES)}); rename it or narrow the pattern under files: {table}",
                )
            if on_file:
                on_file(place / name)
            digest, nul = _examine(source.name, place / name)
            files.append(FeedFile(table, place / name, name, digest, nul, first_with.get(digest)))
            first_with.setdefault(digest, name)
        if table in source.files and not first_with and table in _required(source):
            raise FeedError(
                source.name,
                f"{place}: no file for {table}: nothing matches {' or '.join(patterns)} "
                f"({path}: files: {table})",
            )
    for table in _required(source):
        if table not in taken.values():
            raise FeedError(
                source.name,
                f"{place}: no file for {table}: put it beside {path}, named like {wanted[table][0]}, or "
                "set options.required_files if this feed has none",
            )
    not_read = [name for name in present if name not in taken and name.lower().endswith(DATA_SUFFIXES)]
    return files, not_read


def _default_patterns(table: str) -> list[str]:
    return [f"{table}{middle}{suffix}" for middle in ("", "_*", "-*") for suffix in DATA_SUFFIXES]


def _required(source: Source) -> tuple[str, ...]:
    if source.options.required_files is not None:
        return tuple(source.options.required_files)
    if source.format == "tuva_input_layer":
        return REQUIRED_FILES
    return ("reference_pack",) if source.format == "reference_pack" else ()


def _examine(feed: str, path: Path) -> tuple[str, bool]:
    """The hash of a file, and whether a CSV file holds a NUL byte. A gzip file must be whole.

    Both need every byte, which is read here once; a gzip file cut short would otherwise read as a shorter
    one.
    """
    digest = hashlib.sha256()
    packed = path.name.lower().endswith(".gz")
    text = not path.name.lower().endswith((".parquet", ".parquet.gz"))
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
    if packed and not unpack.eof:
        raise FeedError(feed, f"{path}: the gzip file is cut short; ask for the file again")
    return digest.hexdigest(), nul


def _rules_without_dimension(feeds: list[Feed]) -> list[FeedError]:
    """Rules that point at a contract or market nobody declares.

    An organization feed may declare them in its files, which are read later; then the build's audits speak.
    """
    if any(file.table in ("contract", "market") for feed in feeds for file in feed.files):
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
