"""The organization feed: staff and care teams, providers, attribution, panels, contacts, targets, outreach
profiles.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.demo import budgets, pharmacy
from data.demo.claims import dates
from data.demo.encounters import ADMITTED, EdVisits
from data.demo.enrolment import OPEN, Coverage
from data.demo.names import CLINICIAN_FAMILY, CLINICIAN_GIVEN, LANGUAGES_OF_STAFF
from data.demo.network import Network, listed
from data.demo.people import NEVER, SOCIAL_NEEDS, Months, People, numbered
from data.demo.settings import COMMERCIAL, Settings

FORGOTTEN = 0.07  # of panel members: nobody has tried to reach them for two months or more
DEPARTED = 0.04  # of staff: on the list, no longer active


@dataclass
class Roster:
    """What the whole population leaves behind for the organisation, chunk by chunk: one array per column."""

    columns: dict[str, list[np.ndarray]] = field(default_factory=dict)

    def add(self, **arrays: np.ndarray) -> None:
        for name, array in arrays.items():
            self.columns.setdefault(name, []).append(array)

    def column(self, name: str) -> np.ndarray:
        return np.concatenate(self.columns[name])


@dataclass(frozen=True)
class Team:
    care_team_id: str
    name: str
    market: int


def teams_of(settings: Settings) -> list[Team]:
    return [
        Team(f"{market.market_id}-{number + 1}", name, index)
        for index, market in enumerate(settings.markets)
        for number, name in enumerate(settings.care_teams[market.market_id])
    ]


def team_of_practice(settings: Settings) -> np.ndarray:
    """The care team (position in teams_of) serving each practice."""
    teams = teams_of(settings)
    position = dict.fromkeys(range(len(settings.markets)), 0)
    result = []
    index_of = {market.market_id: index for index, market in enumerate(settings.markets)}
    for practice in settings.practices:
        market = index_of[practice.market]
        local = [number for number, team in enumerate(teams) if team.market == market]
        result.append(local[position[market] % len(local)])
        position[market] += 1
    return np.array(result)


def note_people(
    roster: Roster,
    settings: Settings,
    people: People,
    coverage: Coverage,
    months: Months,
    network: Network,
    pcp: np.ndarray,
    visits: EdVisits,
    rng: np.random.Generator,
) -> None:
    """Keep of a chunk what the organisation's files need once everybody is known."""
    count = len(people)
    recent = visits.day > months.through - 365
    year = np.bincount(visits.person[recent], minlength=count)
    latest = np.zeros(count, np.int64)
    released = visits.disposition != ADMITTED
    np.maximum.at(latest, visits.person[released], visits.day[released])
    enrolled = (coverage.contract[:, -1] >= 0) & (people.death == NEVER)
    # The control cohort is the payer's, not the organisation's: nobody is attributed or on a panel.
    outside = people.control & (coverage.contract[:, -1] == COMMERCIAL)
    enrolled &= ~outside
    team = team_of_practice(settings)[people.practice]
    team = np.where(rng.random(count) < settings.enrolment.no_care_team, -1, team)
    # A doctor has left, and nobody has taken over the patients.
    left = pcp == leaver(settings, network)
    gone = months.through - LEFT_DAYS
    first = np.argmax(coverage.contract >= 0, axis=1)
    roster.add(
        number=people.number,
        market=people.market,
        team=np.where(left, -1, team),
        enrolled=enrolled,
        contract=coverage.contract[:, -1],
        risk=people.risk,
        ed_year=year,
        ed_latest=latest,
        language=np.array(people.columns["preferred_language"].to_pylist(), object),
        phone=np.array(people.columns["phone"].to_pylist(), object),
        email=np.array(people.columns["email"].to_pylist(), object),
        since=months.first[first],
        needs=people.needs @ (1 << np.arange(len(SOCIAL_NEEDS))),
        age=people.age_on(months.through),
    )
    # Attribution: one row per contract span, two where the person changed doctor within it.
    ours = np.flatnonzero(~(people.control[coverage.run_person] & (coverage.run_contract == COMMERCIAL)))
    person, start, end = coverage.run_person[ours], coverage.run_start[ours], coverage.run_end[ours]
    contract = coverage.run_contract[ours]
    changes = (rng.random(len(person)) < settings.enrolment.changes_pcp) & (
        np.minimum(end, months.through) - np.maximum(start, months.first[0]) > 240
    )
    when = np.maximum(start, months.first[0]) + 120 + rng.integers(0, 100, len(person))
    when = when.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    before = pcp[person].copy()
    for practice in np.unique(people.practice):
        rows = np.flatnonzero(changes & (people.practice[person] == practice))
        before[rows] = rng.choice(network.pcps[practice], len(rows))
    end = np.where(left[person], np.minimum(end, gone), end)
    kept = start <= end
    person, start, end, contract, changes, when, before = (
        values[kept] for values in (person, start, end, contract, changes, when, before)
    )
    changes &= when <= end
    move = np.flatnonzero(changes)
    roster.add(
        attribution_person=np.concatenate([people.number[person], people.number[person[move]]]),
        attribution_contract=np.concatenate([contract, contract[move]]),
        attribution_start=np.concatenate([np.where(changes, when, start), start[move]]),
        attribution_end=np.concatenate([end, when[move] - 1]),
        attribution_pcp=np.concatenate([pcp[person], before[move]]),
        attribution_team=np.concatenate([team[person], team[person[move]]]),
    )


# Planted: the doctor whose patients are assigned to nobody, and for how long they have been.
LEFT_PRACTICE = "Prairie Grove Clinic"
LEFT_DAYS = 61


def leaver(settings: Settings, network: Network) -> int:
    """The provider number of the doctor who has left."""
    names = [practice.name for practice in settings.practices]
    return int(network.pcps[names.index(LEFT_PRACTICE)][0])


LEAD_ROLE = "community_health_partner"
NURSE = "nurse"
# Planted: the care team with places for three nurses of which two are vacant, and since when (days).
SHORT_TEAM, SHORT_PLACES, VACANT_PLACES, VACANT_DAYS = "Lakeview", 3, 2, 120
# Roles, and the share of members with a panel whom each looks after.
ROLES = {
    LEAD_ROLE: 0.94,
    NURSE: 0.4,
    "nurse_practitioner": 0.12,
    "social_worker": 0.26,
    "behavioral_health": 0.12,
    "pharmacist": 0.1,
}


@dataclass
class Staff:
    staff_id: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    role: list[str] = field(default_factory=list)
    team: list[int] = field(default_factory=list)
    fte: list[float] = field(default_factory=list)
    target: list[int] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    active: list[bool] = field(default_factory=list)


def organisation_tables(
    settings: Settings, network: Network, months: Months, roster: Roster, year: int, rng: np.random.Generator
) -> dict[str, pa.Table]:
    """Every table of the organization feed, keyed by its file's name."""
    teams = teams_of(settings)
    market_ids = [market.market_id for market in settings.markets]
    contract_ids = [contract.contract_id.format(year=year) for contract in settings.contracts]
    number, team, enrolled = roster.column("number"), roster.column("team"), roster.column("enrolled")
    score = roster.column("risk") + 0.9 * roster.column("ed_year") + 0.4 * (roster.column("needs") > 0)
    score = score + rng.gamma(1.0, 0.6, len(score))
    eligible = enrolled & (team >= 0) & (roster.column("age") >= 18)
    wanted = int(round(settings.staffing.panelled * enrolled.sum()))
    order = np.flatnonzero(eligible)
    order = order[np.argsort(-score[order], kind="stable")]
    panelled = np.sort(order[:wanted])

    staff = _hire(settings, teams, team, panelled, rng)
    panel = _panel(months, teams, staff, roster, panelled, contract_ids, number, team, rng)
    touch = _touches(months, roster, panel, staff, rng)
    acuity = _acuity(score, panelled)
    return {
        "market": pa.table(
            {
                "market_id": market_ids,
                "market_name": [market.market_name for market in settings.markets],
                "state": [settings.state] * len(market_ids),
            }
        ),
        "staff": pa.table(
            {
                "staff_id": staff.staff_id,
                "staff_name": staff.name,
                "role": staff.role,
                "market_id": [market_ids[teams[item].market] for item in staff.team],
                "care_team_id": [teams[item].care_team_id for item in staff.team],
                "care_team_name": [teams[item].name for item in staff.team],
                "fte": staff.fte,
                "panel_target": staff.target,
                "languages": staff.languages,
                "is_active": _boolean(np.array(staff.active)),
            }
        ),
        "provider": pa.table(
            {
                "npi": network.npi,
                "provider_name": network.name,
                "practice_name": pa.array(network.practice, pa.string()),
                "provider_type": network.kind,
                "market_id": network.market,
                "specialty": network.specialty,
                "taxonomy_code": network.taxonomy,
            }
        ),
        "attribution": _attribution(network, roster, teams, contract_ids),
        "panel": panel.table,
        "touch": touch,
        "benchmark": pa.concat_tables(
            [_benchmarks(settings, months), budgets.benchmark_rows(settings, year)],
            promote_options="default",
        ),
        "drug": pharmacy.drug_table(),
        "network": _networks(settings, network, months, contract_ids),
        "member_profile": _profiles(settings, roster, acuity, rng),
    }


def crosswalk_table(pairs: list[tuple[str, pa.Table]]) -> pa.Table:
    """The enterprise index: whose each payer's member numbers are."""
    parts = [
        pa.table(
            {
                "source_feed": pa.array([feed] * part.num_rows, pa.string()),
                "member_id": pc.cast(part["member_id"], pa.string()),
                "person_id": pc.cast(part["person_id"], pa.string()),
            }
        )
        for feed, part in pairs
    ]
    if not parts:
        nothing = pa.array([], pa.string())
        return pa.table({"source_feed": nothing, "member_id": nothing, "person_id": nothing})
    return pa.concat_tables(parts).sort_by([("source_feed", "ascending"), ("member_id", "ascending")])


def _acuity(score: np.ndarray, panelled: np.ndarray) -> np.ndarray:
    """1 (steady) to 5 (most urgent): the panel by rank, everyone else 1 or 2."""
    acuity = np.where(score > np.quantile(score, 0.8), 2, 1).astype(np.int64)
    rank = np.argsort(np.argsort(score[panelled])) / max(len(panelled), 1)
    acuity[panelled] = np.select([rank > 0.9, rank > 0.7, rank > 0.35], [5, 4, 3], 2)
    return acuity


def _hire(
    settings: Settings, teams: list[Team], team: np.ndarray, panelled: np.ndarray, rng: np.random.Generator
) -> Staff:
    """Community health partners for each team; everyone else for the market, seated with one of its teams."""
    staff = Staff()
    market_of_team = np.array([item.market for item in teams])
    for role, share in ROLES.items():
        target = int(getattr(settings.staffing, role))
        by_team = role == LEAD_ROLE
        for group in range(len(teams) if by_team else len(settings.markets)):
            served = [group] if by_team else np.flatnonzero(market_of_team == group).tolist()
            members = share * np.isin(team[panelled], served).sum()
            for turn in range(max(1, round(members / target))):
                staff.staff_id.append(f"S{len(staff.staff_id) + 1:04d}")
                staff.name.append(f"{rng.choice(CLINICIAN_GIVEN)} {rng.choice(CLINICIAN_FAMILY)}")
                staff.role.append(role)
                staff.team.append(served[turn % len(served)])
                fte = float(rng.choice([1.0, 1.0, 1.0, 0.8, 0.6]))
                staff.fte.append(fte)
                staff.target.append(max(1, round(target * fte)))
                staff.languages.append(str(rng.choice(LANGUAGES_OF_STAFF)))
                # Nobody leaves a group that has no one else.
                staff.active.append(bool(turn == 0 or rng.random() >= DEPARTED))
    _leave_places_vacant(staff, teams, team[panelled])
    return staff


def _leave_places_vacant(staff: Staff, teams: list[Team], team: np.ndarray) -> None:
    """The short team: places for three nurses, each for a third of its members, one of them filled."""
    short = [item.name for item in teams].index(SHORT_TEAM)
    target = max(12, round(int((team == short).sum()) / SHORT_PLACES))
    for place in range(SHORT_PLACES):
        filled = place >= VACANT_PLACES
        staff.staff_id.append(f"S{len(staff.staff_id) + 1:04d}")
        staff.name.append("Rosalind Okafor" if filled else "Vacant position")
        staff.role.append(NURSE)
        staff.team.append(short)
        staff.fte.append(1.0)
        staff.target.append(target)
        staff.languages.append("English|Spanish" if filled else "")
        staff.active.append(filled)


@dataclass
class Panel:
    table: pa.Table
    member: np.ndarray  # position in the roster
    staff: np.ndarray
    is_lead: np.ndarray


def _panel(
    months: Months,
    teams: list[Team],
    staff: Staff,
    roster: Roster,
    panelled: np.ndarray,
    contract_ids: list[str],
    number: np.ndarray,
    team: np.ndarray,
    rng: np.random.Generator,
) -> Panel:
    role = np.array(staff.role)
    staff_team, active, fte = np.array(staff.team), np.array(staff.active), np.array(staff.fte)
    contract = roster.column("contract")
    acuity = _acuity(roster.column("risk") + 0.9 * roster.column("ed_year"), panelled)
    # Nobody to begin with: a demo of a handful of people may have no panel at all.
    nobody = np.zeros(0, np.int64)
    pieces: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = [(nobody, nobody, nobody.astype(bool))]
    market_of_team = np.array([item.market for item in teams])
    short = [item.name for item in teams].index(SHORT_TEAM)
    # The nurse hired last; at a large scale others of the market may be seated with this team.
    alone = np.flatnonzero((role == NURSE) & (staff_team == short) & active)[-1:]
    theirs = panelled[team[panelled] == short]
    pieces.append((theirs, np.repeat(alone, len(theirs)), np.zeros(len(theirs), bool)))
    for name, share in ROLES.items():
        served = team[panelled] if name == LEAD_ROLE else market_of_team[team[panelled]]
        crews = staff_team if name == LEAD_ROLE else market_of_team[staff_team]
        for where in np.unique(served):
            members = panelled[served == where]
            chosen = members[rng.random(len(members)) < share]
            crew = np.flatnonzero((role == name) & (crews == where) & active)
            if name == NURSE:
                # The short team's members all have a nurse, the one who is left.
                chosen = chosen[team[chosen] != short]
                crew = crew[staff_team[crew] != short]
            if not len(crew) or not len(chosen):
                continue
            # Panels are uneven in life; draw them so.
            weight = fte[crew] * rng.lognormal(0, 0.18, len(crew))
            who = rng.choice(crew, len(chosen), p=weight / weight.sum())
            lead = np.full(len(chosen), name == LEAD_ROLE)
            pieces.append((chosen, who, lead))
    member, person_staff, lead = (np.concatenate(column) for column in zip(*pieces, strict=True))
    order = np.lexsort((person_staff, member))
    member, person_staff, lead = member[order], person_staff[order], lead[order]
    start = np.maximum(months.through - rng.integers(30, 640, len(member)), roster.column("since")[member])
    level = acuity[member]
    weight_of = np.array([0.0, 0.6, 0.8, 1.0, 1.4, 1.9])
    table = pa.table(
        {
            "person_id": _person_ids(number[member]),
            "staff_id": [staff.staff_id[item] for item in person_staff],
            "role": [staff.role[item] for item in person_staff],
            "contract_id": [contract_ids[item] for item in contract[member]],
            "start_date": dates(start),
            "end_date": dates(np.full(len(member), -1)),
            "is_lead": _boolean(lead),
            "acuity": level,
            "weight": weight_of[level],
        }
    )
    return Panel(table, member, person_staff, lead)


def _touches(
    months: Months, roster: Roster, panel: Panel, staff: Staff, rng: np.random.Generator
) -> pa.Table:
    """Contacts of the last nine months: a cadence for each relation, and extra ones in the week after an
    ED visit.
    """
    often = np.where(panel.is_lead, 12, 4)
    times = rng.poisson(often * rng.gamma(3.0, 1 / 3.0, len(often)))
    who = np.repeat(np.arange(len(often)), times)
    day = months.through - (rng.random(len(who)) * 272).astype(np.int64)
    # Realistic gaps: two weeks of leave for each member of staff, holidays, members nobody has called.
    away = months.through - rng.integers(0, 272, len(staff.name))
    lost = np.where(
        rng.random(len(often)) < FORGOTTEN, months.through - rng.integers(60, 150, len(often)), NEVER
    )
    on_leave = (day >= away[panel.staff[who]]) & (day < away[panel.staff[who]] + 14)
    kept = ~on_leave & (day < lost[who]) & ~_holiday(day)
    who, day = who[kept], day[kept]
    latest = roster.column("ed_latest")[panel.member]
    recent = np.flatnonzero(panel.is_lead & (latest > months.through - 90) & (rng.random(len(often)) < 0.62))
    who = np.concatenate([who, recent])
    day = np.concatenate([day, np.minimum(latest[recent] + rng.integers(1, 6, len(recent)), months.through)])
    order = np.lexsort((who, day))
    who, day = who[order], day[order]
    day = day - np.select([(day + 3) % 7 == 5, (day + 3) % 7 == 6], [1, 2], 0)
    count = len(who)
    channel = rng.choice(
        ["phone", "home", "visit", "text", "video", "mail"], count, p=[0.56, 0.13, 0.08, 0.14, 0.06, 0.03]
    )
    outcome = rng.choice(
        ["reached", "no_answer", "left_message", "refused"], count, p=[0.54, 0.24, 0.19, 0.03]
    )
    outcome = np.where(np.isin(channel, ["visit", "video"]) & (outcome == "left_message"), "reached", outcome)
    outcome = np.where((channel == "mail") & (outcome == "reached"), "left_message", outcome)
    minutes = np.where(outcome == "reached", np.round(rng.gamma(3.0, 6.0, count)) + 3, 2).astype(np.int64)
    number = roster.column("number")[panel.member[who]]
    return pa.table(
        {
            "touch_id": [f"T{item + 1:08d}" for item in range(count)],
            "person_id": _person_ids(number),
            "staff_id": [staff.staff_id[item] for item in panel.staff[who]],
            "touched_on": dates(day),
            "channel": channel.astype(object),
            "direction": np.where(rng.random(count) < 0.1, "inbound", "outbound").astype(object),
            "outcome": outcome.astype(object),
            "minutes": minutes,
        }
    )


def _holiday(day: np.ndarray) -> np.ndarray:
    """The days on which hardly anybody is called: 4 July, the last week of the year, the first of January."""
    moment = day.astype("datetime64[D]")
    month = moment.astype("datetime64[M]").astype(np.int64) % 12 + 1
    of_month = (moment - moment.astype("datetime64[M]")).astype(np.int64) + 1
    return (
        ((month == 7) & (of_month == 4))
        | ((month == 12) & (of_month > 23))
        | ((month == 1) & (of_month == 1))
    )


def _attribution(network: Network, roster: Roster, teams: list[Team], contract_ids: list[str]) -> pa.Table:
    person = roster.column("attribution_person")
    start, end = roster.column("attribution_start"), roster.column("attribution_end")
    order = np.lexsort((start, person))
    team = roster.column("attribution_team")[order]
    contract = roster.column("attribution_contract")[order].astype(np.int32)
    names = pa.array([item.care_team_id for item in teams], pa.string())
    end = np.where(end[order] == OPEN, -1, end[order])
    return pa.table(
        {
            "person_id": _person_ids(person[order]),
            "contract_id": pa.array(contract_ids).take(pa.array(contract)),
            "start_date": dates(start[order]),
            "end_date": dates(end),
            "pcp_npi": network.words().take(pa.array(roster.column("attribution_pcp")[order])),
            "care_team_id": names.take(pa.array(team.astype(np.int32), mask=team < 0)),
        }
    )


def _profiles(settings: Settings, roster: Roster, acuity: np.ndarray, rng: np.random.Generator) -> pa.Table:
    number, mask = roster.column("number"), roster.column("needs")
    count = len(number)
    words = pa.array(
        [
            "|".join(need for bit, need in enumerate(SOCIAL_NEEDS) if value >> bit & 1)
            for value in range(1 << len(SOCIAL_NEEDS))
        ]
    )
    phone = roster.column("phone")
    consent = (rng.random(count) < 0.68) & np.array([item is not None for item in phone])
    impact = np.round(
        np.clip(rng.beta(2, 3, count) + 0.08 * np.minimum(roster.column("ed_year"), 4), 0, 1), 2
    )
    return pa.table(
        {
            "person_id": _person_ids(number),
            "preferred_language": pa.array(roster.column("language"), pa.string()),
            "phone": pa.array(phone, pa.string()),
            "email": pa.array(roster.column("email"), pa.string()),
            "sms_consent": _boolean(consent),
            "do_not_contact": _boolean(rng.random(count) < 0.012),
            "acuity": acuity,
            "impactability": impact,
            "social_needs": words.take(pa.array(mask.astype(np.int32))),
            "risk_score": np.round(roster.column("risk"), 3),
        }
    )


def _benchmarks(settings: Settings, months: Months) -> pa.Table:
    year = str(np.datetime64(int(months.through), "D").astype("datetime64[Y]"))
    rows: list[tuple[str, str, str, float, str]] = []
    by_market = {"harbor": 420, "millbrook": 325, "prairie": 440}
    by_line = {"medicare": 430, "medicaid": 600, "commercial": 180}
    for metric, unit, everyone, share in (
        ("ed_visits_per_1000", "per 1,000", 410.0, 1.0),
        ("avoidable_ed_per_1000", "per 1,000", 165.0, 0.40),
    ):
        rows.append((metric, "all", "all", everyone, unit))
        rows += [
            (metric, "market", key, float(round(value * share)), unit) for key, value in by_market.items()
        ]
        rows += [
            (metric, "line_of_business", key, float(round(value * share)), unit)
            for key, value in by_line.items()
        ]
    for metric, value in (("followup_7d_rate", 0.45), ("followup_30d_rate", 0.70), ("frequent_users", 0.03)):
        rows.append((metric, "all", "all", value, "share"))
    rows += [("followup_7d_rate", "line_of_business", key, value, "share")
             for key, value in (("medicare", 0.47), ("medicaid", 0.42), ("commercial", 0.40))]  # fmt: skip
    names = {market.market_id: market.market_name for market in settings.markets}
    known = [row for row in rows if row[1] != "market" or row[2] in names]
    return pa.table(
        {
            "benchmark_id": [f"{metric}-{kind}-{segment}" for metric, kind, segment, _, _ in known],
            "metric_id": [row[0] for row in known],
            "segment_type": [row[1] for row in known],
            "segment": [row[2] for row in known],
            "statistic": ["target"] * len(known),
            "value": [row[3] for row in known],
            "unit": [row[4] for row in known],
            "basis": [
                "treated-and-released visits, 12 months" if "ed" in row[0] else "12 months" for row in known
            ],
            "vintage": [year] * len(known),
            "source": [
                f"{names.get(row[2], 'Lakeland')} {year} plan (invented for the demo)" for row in known
            ],
        }
    )


def _networks(settings: Settings, network: Network, months: Months, contract_ids: list[str]) -> pa.Table:
    """Who is in the network of each contract whose payer's claims do not say."""
    rows = [
        (contract_id, npi)
        for number, contract_id in enumerate(contract_ids)
        for npi in listed(settings, network, number)
    ]
    return pa.table(
        {
            "contract_id": [row[0] for row in rows],
            "npi": [row[1] for row in rows],
            "start_date": dates(np.full(len(rows), months.first[0])),
            "end_date": dates(np.full(len(rows), -1)),
        }
    )


def _person_ids(number: np.ndarray) -> pa.Array:
    return numbered("P", number, 8)


def _boolean(values: np.ndarray) -> pa.Array:
    return pa.array(np.asarray(values, bool))
