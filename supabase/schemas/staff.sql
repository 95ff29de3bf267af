-- The firm's staff. A row of `staff` makes a user one of them, and is read at every request: a person who was removed has
-- lost every right with the next request, whatever their token says (docs/adr/0009-roles-in-the-table.md).
--
--   handler   sees the cases without a handler, takes cases, and works on the cases that they handle
--   admin     besides, sees every case, and says who is staff
--
-- manage_staff.sql has the functions that change the table.

create table public.staff (
  user_id uuid primary key references auth.users (id) on delete cascade,
  role text not null,
  since timestamptz not null default now(),
  added_by uuid references auth.users (id) on delete set null,
  constraint staff_role_is_known check (role in ('handler', 'admin'))
);
comment on table public.staff is 'Users who work for the firm.';
comment on column public.staff.role is 'handler: takes cases and works on them. admin: besides, sees every case and manages the staff.';
comment on column public.staff.added_by is 'The admin who added the person. Null: the operator, or an account that was deleted.';
create index staff_added_by_idx on public.staff (added_by);

-- In PL/pgSQL, as all that the policies call: planned once per session.
create function private.staff_role() returns text
language plpgsql stable
-- Definer: the policies of staff call it, which would recurse without end.
security definer set search_path = ''
as $$
begin
  return (select staff.role from public.staff as staff where staff.user_id = (select auth.uid()));
end;
$$;
comment on function private.staff_role() is 'handler or admin for the firm''s staff. Null for everybody else.';
revoke execute on function private.staff_role() from public, anon, authenticated;
grant execute on function private.staff_role() to authenticated, service_role;

create function private.is_admin() returns boolean
language plpgsql stable security invoker set search_path = ''
as $$
begin
  return coalesce(private.staff_role() = 'admin', false);
end;
$$;
comment on function private.is_admin() is
  'Whether the caller is an admin of the firm, who sees every case. Policies write "(select ...)", which evaluates it once per query.';
revoke execute on function private.is_admin() from public, anon, authenticated;
grant execute on function private.is_admin() to authenticated, service_role;

alter table public.staff enable row level security;
create policy "Staff can read who is staff"
on public.staff for select to authenticated
using ((select private.staff_role()) is not null);
revoke all on table public.staff from public, anon, authenticated, service_role;
grant select on table public.staff to authenticated, service_role;
