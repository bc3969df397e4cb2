/* A row marked as in enrolment has its member-month in that contract, and a row that is not has none. */
AUDIT (
  name enrolled_rows_have_member_month
);

select 1 as failing
from @this_model as t
left join mart.member_month as m
    on m.person_id = t.person_id and m.contract_id = t.contract_id and m.month = t.month
where t.in_enrolment <> (m.person_id is not null) or t.in_enrolment is null
