"""Which claims CMS's adjustment rules leave over, and which they take back.

A claim may be followed by a cancellation (``CLM_ADJSMT_TYPE_CD`` 1) and an adjustment (2). Claims with the
same natural key are one related set. A cancellation is a copy of the claim it cancels; each is matched with
an original or adjustment of its set that carries the same payment, and both are removed. What is left is
final: there may be several, and a cancellation never is. Part D is sent as final claims, so there the
latest of a natural key counts.

Source: CMS CCLF Information Packet, sections 3.2 (denied claims), 3.3 (Part D), 5.1.2 (natural keys), 5.2
(final action claims) and 5.3 (beneficiary-level expenditures: the sign of a cancellation is reversed).
"""

from __future__ import annotations

DENIED_HEADER = "CLM_MDCR_NPMT_RSN_CD is not null"
"""Part A: a claim that Medicare did not pay for a reason is denied as a whole (section 3.2)."""

DENIED_LINE = (
    "coalesce(CLM_CARR_PMT_DNL_CD not in ('1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B'), false) "
    "or coalesce(CLM_PRCSG_IND_CD not in ('A', 'R', 'S'), false)"
)
"""Part B: the claim was paid to nobody, or the line was not allowed (section 3.2; codes: ResDAC carrier claim
payment denial and line processing indicator tables)."""


def superseded_claims(claims: str) -> str:
    """SQL for the ``claim_id`` of every claim that is not final, for Part A and Part B.

    ``claims`` is a relation with one row per claim as last delivered: claim_id, related_set (text of the
    natural key), amount (the claim's payment), adjustment ('0', '1', '2'), effective (text date), delivery
    (integer) and is_denied. Where several claims could be the one a cancellation means, the oldest is
    taken.
    """
    return f"""
        with paid as (
            select *, coalesce(abs(amount), 0) as size, coalesce(adjustment, '0') = '1' as is_cancellation
            from {claims}
            where not is_denied
        ),
        cancellation as (
            select related_set, size, count(*) as cancellations
            from paid
            where is_cancellation
            group by related_set, size
        ),
        candidate as (
            select
                paid.claim_id,
                cancellation.cancellations,
                row_number() over (
                    partition by paid.related_set, paid.size
                    order by paid.effective nulls first, paid.delivery, paid.claim_id
                ) as place
            from paid
            join cancellation using (related_set, size)
            where not paid.is_cancellation
        )
        select claim_id from {claims} where is_denied
        union
        select claim_id from paid where is_cancellation
        union
        select claim_id from candidate where place <= cancellations
    """


def redelivered(rows: str) -> str:
    """SQL for ``(claim_id, delivery)`` of every delivery of a claim but the last.

    CMS sends a claim again in later monthly and run-out files. ``rows`` is a relation with claim_id,
    delivery.
    """
    return f"""
        with delivered as (select distinct claim_id, delivery from {rows} where claim_id is not null),
        again as (
            select claim_id, max(delivery) as last_delivery
            from delivered
            group by claim_id
            having count(*) > 1
        )
        select claim_id, delivery
        from delivered
        join again using (claim_id)
        where delivery < last_delivery
    """


def superseded_fills(fills: str) -> str:
    """SQL for ``(file_number, row_number)`` of every Part D row that is not final.

    ``fills`` is a relation with file_number, row_number, claim_id, related_set, adjustment, effective,
    loaded_on and delivery. The latest row of a related set counts, unless it is a cancellation.
    """
    return f"""
        with several as (
            select hash(related_set) as set_hash from {fills} group by 1
            having count(*) > 1 or count(*) filter (adjustment = '1') > 0
        ),
        ranked as (
            select
                file_number,
                row_number,
                coalesce(adjustment, '0') = '1' as is_cancellation,
                row_number() over (
                    partition by related_set
                    order by
                        delivery desc,
                        effective desc nulls last,
                        loaded_on desc nulls last,
                        case adjustment when '2' then 1 when '1' then 2 else 3 end,
                        claim_id desc
                ) as place
            from {fills}
            where hash(related_set) in (select set_hash from several)
        )
        select file_number, row_number from ranked where place > 1 or is_cancellation
    """
