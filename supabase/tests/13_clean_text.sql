-- Text from outside, made safe where it is written.

begin;
select plan(32);

select is(private.clean_text(sample.dirty, 100), sample.clean, sample.what)
from (values
  (E'a\u0001\u0008\u000b\u000c\u001f\u007f\u0085b', E'a\nb', 'control characters go, a next line is a line break'),
  (E'a\u009fb', 'ab', 'so do those above ASCII'),
  (E'a\r\nb\rc\u2028d\u2029e', E'a\nb\nc\nd\ne', 'every line break is a line feed'),
  (E'a\tb', E'a\tb', 'tabs stay'),
  (E'gpj.\u202eexe\u2066\u2069', 'gpj.exe', 'what reorders text goes'),
  (E'\ufeffa\ufff9\ufffb\ufdd0\ufffe\U0001ffff\U0010fffeb', 'ab', 'byte order marks and noncharacters go'),
  (E'\u200e\u05d0\u200d\u200f', E'\u200e\u05d0\u200d\u200f', 'joiners and direction marks stay'),
  (E'e\u0301', U&'\00e9', 'text is composed'),
  (E'\u00a0\u3000x\u2003', 'x', 'every kind of space is trimmed'),
  (E' \t\r\n x \u202e \n', 'x', 'the ends are trimmed, also of what comes to light'),
  (E'\u0007 \n', null, 'what is empty is null'),
  ('<b onclick="x()">&amp;</b>', '<b onclick="x()">&amp;</b>', 'markup is text and stays as it is'),
  (null, null, 'null stays null')
) as sample (dirty, clean, what);
select is(private.clean_text(repeat('ü', 50) || E'\u202e', 40), repeat('ü', 40), 'the length is cut in characters');
select is(private.clean_text('ab   cd', 4), 'ab', 'a cut leaves no space at the end');
select is(private.clean_text(private.clean_text(dirty, 100), 100), private.clean_text(dirty, 100), 'twice is as once')
from (values (E'a\r\u202e\nb'), (E'\u2028\r\n\r')) as sample (dirty);

-- JSON. Escapes and backslashes of the text form must not be taken for each other.
select is(private.clean_json(sample.dirty::jsonb), sample.clean::jsonb, 'cleans ' || sample.dirty)
from (values
  ('"a\u0001\b\f\u001fb"', '"ab"'),
  ('"a\r\nb\r\rc\rd"', '"a\nb\n\nc\nd"'),
  ('"\\r\\\r\\\\r"', '"\\r\\\n\\\\r"'),
  ('"\\u0001 \\\u0001 \\b \t \n \" /"', '"\\u0001 \\ \\b \t \n \" /"'),
  ('"\u202e\ufeff\u2028\u0085"', '"\n\n"'),
  ('{"k\u0007": ["\u202ex", {"n": [1.50, true, null, "\u009f"]}], "ü": "é\u200d"}', '{"k": ["x", {"n": [1.50, true, null, ""]}], "ü": "é\u200d"}'),
  ('17', '17'), ('{}', '{}')
) as sample (dirty, clean);
select is(
  private.clean_json((repeat('[', 2000) || '"\u0001"' || repeat(']', 2000))::jsonb),
  (repeat('[', 2000) || '""' || repeat(']', 2000))::jsonb,
  'texts in nested JSON are cleaned at any depth'
);

-- Texts of jobs are cleaned for each role and each statement.
delete from auth.users;
select tests.add_users('ann');
insert into public.jobs (id, kind, user_id, subject_id, input, stage) values
  ('a2000000-0000-4000-8000-000000000001', 'image', 'a0000000-0000-4000-8000-000000000001', gen_random_uuid(),
   '{"documentType": "pho\u202eto"}', E'\u0007');
select results_eq(
  'select input ->> ''documentType'', stage from public.jobs', $$ values ('photo', null) $$, 'a new job''s texts are cleaned'
);
set local role service_role;
update public.jobs set status = 'processing', stage = E'\u202eresizing' || repeat('x', 200);
select is((select stage from public.jobs), 'resizing' || repeat('x', 92), 'a stage is cleaned and cut');
select is(
  (select payload ->> 'documentType' from public.notifications), 'photo', 'messages have the cleaned text'
);
update public.jobs set status = 'failed', error_code = 'file_empty', error = E'\u0007No\u202e!' || repeat('x', 5000), result = '{"a": "\u0007b"}';
select results_eq(
  'select left(error, 4), length(error), result ->> ''a'' from public.jobs',
  $$ values ('No!x', 2000, 'b') $$,
  'an error and a result are cleaned'
);
select is(
  (select left(payload ->> 'error', 4) from public.notifications where seq = 2), 'No!x', 'an error is cleaned before it is sent'
);

insert into public.jobs (kind, user_id, subject_id, stage, error, result)
select 'image', 'a0000000-0000-4000-8000-000000000001', gen_random_uuid(), sample.text, sample.text,
  jsonb_build_object('x', sample.text)
from (values
  (' x'), ('x '), ('x'), ('x y'), (' '), (''), (E'x\ny'), (E'x\u2029'), ('ü'), (E'\u007f'), (E'a\u0001b'), (repeat('x', 101)),
  (repeat('x y', 1000))
) as sample (text);
select is_empty(
  $$ select j.stage, j.error, j.result from public.jobs as j
     where (j.stage, j.error) is distinct from (private.clean_text(j.stage, 100), private.clean_text(j.error, 2000))
       or j.result <> private.clean_json(j.result) $$,
  'all stored texts of jobs are clean: cleaning them again changes nothing'
);

select * from finish();
rollback;
