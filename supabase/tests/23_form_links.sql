-- Tokens of form links: made for the caller alone, found only while they are valid.
begin;
select plan(12);

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'ana@example.com'),
  ('00000000-0000-4000-8000-00000000000b', 'ben@example.com');

select throws_ok('select public.form_link()', 'PT401', 'not_signed_in', 'a token needs a signed-in user');
select is(has_function_privilege('anon', 'public.form_link()', 'execute'), false, 'anon gets no token');
select is(
  has_function_privilege('authenticated', 'public.form_link_user(text)', 'execute'), false,
  'people cannot ask whose a token is'
);
select is(
  has_table_privilege('service_role', 'private.form_links', 'select'), false, 'the API reads no token, not even a hash'
);

set local role authenticated;
set local request.jwt.claims = '{"sub": "00000000-0000-4000-8000-00000000000a", "role": "authenticated"}';
create temporary table made on commit drop as select public.form_link() as link;
reset role;

select matches((select link ->> 'token' from made), '^[0-9a-f]{64}$', 'a token has 64 hexadecimal digits');
select is(
  public.form_link_user((select link ->> 'token' from made)), '00000000-0000-4000-8000-00000000000a'::uuid,
  'a token names the user it was made for'
);
select is(public.form_link_user(repeat('0', 64)), null, 'another token names nobody');
select is(public.form_link_user(repeat('x', 8000000)), null, 'a text of 8 MB names nobody');
select is(public.form_link_user(null), null, 'no token names nobody');

update private.form_links set expires_at = now() - interval '1 second';
select is(
  public.form_link_user((select link ->> 'token' from made)), null, 'a token that has expired names nobody'
);

set local role authenticated;
create temporary table many on commit drop as select public.form_link() as link from generate_series(1, 25);
reset role;
select is(
  (select count(*) from private.form_links), 20::bigint, 'a user has at most 20 tokens, those that expired not counted'
);
delete from auth.users where id = '00000000-0000-4000-8000-00000000000a';
select is((select count(*) from private.form_links), 0::bigint, 'the tokens of a deleted user are gone');

select * from finish();
rollback;
