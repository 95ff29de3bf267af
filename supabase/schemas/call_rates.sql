-- Rates: how often a user may call each function of the API that writes or is expensive.
--
--   function ──▶ sizes of arguments ──▶ count_call('<function>') ──▶ permission ──▶ work
--                                          └── no token left ──▶ 429 rate_limited, Retry-After
--
-- Each user has a bucket of tokens for each function. A call takes a token, and tokens come back with time. A call that
-- fails gives its token back, because its transaction is rolled back. The bucket is the first lock of a call, so that no
-- transaction waits for a bucket while it holds another lock.
--
-- Calls without a user, as by services and pg_cron, are not counted.
--
--   update private.call_rates set calls = 60, per = '1 minute' where call = 'request_report';

create table private.call_rates (
  call text primary key,
  calls integer not null,
  per interval not null,
  burst integer not null,
  one_at_a_time boolean not null default false,
  constraint call_rates_calls_is_positive check (calls > 0),
  constraint call_rates_per_is_positive check (per > interval '0'),
  constraint call_rates_burst_is_positive check (burst > 0)
);
comment on table private.call_rates is
  'How often a user may call each function: calls per interval on average, and burst at once. A function without a row is not limited.';
comment on column private.call_rates.call is 'Name of the function in the schema public.';
comment on column private.call_rates.calls is 'Calls that a user gets back in each interval.';
comment on column private.call_rates.burst is 'Calls that a user may make at once after a pause.';
comment on column private.call_rates.one_at_a_time is
  'True for calls that take long: while one call of a user runs, others of the same user are refused instead of waiting with a connection each.';
-- Closed to every API role. Functions read it with the rights of their owner.
alter table private.call_rates enable row level security;
revoke all on table private.call_rates from public, anon, authenticated, service_role;

-- No foreign key to auth.users: buckets of deleted users are deleted with the full ones.
create unlogged table private.call_buckets (
  user_id uuid not null,
  call text not null,
  tokens double precision not null,
  refilled_at timestamptz not null,
  primary key (user_id, call)
)
-- Every call updates a row. Free space on the page lets the update leave the index alone (HOT).
with (fillfactor = 50);
comment on table private.call_buckets is
  'Token buckets: how many calls of each function a user has left. Unlogged: after a crash all buckets are full again.';
alter table private.call_buckets enable row level security;
revoke all on table private.call_buckets from public, anon, authenticated, service_role;

create function private.refilled(
  p_tokens double precision,
  p_refilled_at timestamptz,
  p_rate double precision,
  p_burst integer
) returns double precision
-- PL/pgSQL, which is planned once in a session; SQL with settings of its own is planned with every call.
language plpgsql
-- Volatile, because it reads the clock: after the row has been locked.
volatile security invoker set search_path = ''
as $$
begin
  return least(
    p_burst,
    p_tokens + greatest(extract(epoch from pg_catalog.clock_timestamp() - p_refilled_at)::double precision, 0) * p_rate
  );
end;
$$;
comment on function private.refilled(double precision, timestamptz, double precision, integer) is
  'Tokens in a bucket at this moment. The rate is in tokens per second.';
revoke execute on function private.refilled(double precision, timestamptz, double precision, integer)
from public, anon, authenticated;

create function private.refuse_call(p_detail text, p_retry_after_ms bigint) returns void
language plpgsql volatile security invoker set search_path = ''
as $$
begin
  -- PostgREST turns the SQLSTATE PGRST into an answer with the body of the message, and the status and headers of the
  -- detail: https://docs.postgrest.org/en/stable/references/errors.html
  raise exception using
    errcode = 'PGRST',
    message = pg_catalog.jsonb_build_object(
      'code', 'PT429',
      'message', 'rate_limited',
      'details', p_detail,
      'hint', pg_catalog.jsonb_build_object('retryAfterMs', p_retry_after_ms)::text
    )::text,
    detail = pg_catalog.jsonb_build_object(
      'status', 429,
      'headers', pg_catalog.jsonb_build_object('Retry-After', pg_catalog.ceil(p_retry_after_ms / 1000.0)::text)
    )::text;
end;
$$;
comment on function private.refuse_call(text, bigint) is
  'Raises rate_limited: status 429, the header Retry-After in seconds, and the hint {"retryAfterMs"} as JSON.';
revoke execute on function private.refuse_call(text, bigint) from public, anon, authenticated;

create function private.count_call(p_call text, p_tokens integer default 1) returns void
language plpgsql volatile
-- Invoker: called by functions of the API, which are definers.
security invoker set search_path = ''
as $$
declare
  v_user_id constant uuid := auth.uid();
  v_limit private.call_rates;
  -- Tokens per second.
  v_rate double precision;
  v_tokens integer;
  v_left double precision;
begin
  if v_user_id is null then
    return;
  end if;
  select * into v_limit from private.call_rates as limits where limits.call = p_call;
  if not found then
    return;
  end if;
  if v_limit.one_at_a_time
    and not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended(p_call || ' of ' || v_user_id, 0))
  then
    perform private.refuse_call(pg_catalog.format('A user''s calls of %s run one at a time.', p_call), 1000);
  end if;
  v_rate := v_limit.calls / extract(epoch from v_limit.per)::double precision;
  v_tokens := least(p_tokens, v_limit.burst);

  -- Locks the row of this user and this function only. The clock is read after the row has been locked.
  insert into private.call_buckets as bucket (user_id, call, tokens, refilled_at)
  values (v_user_id, p_call, v_limit.burst - v_tokens, pg_catalog.clock_timestamp())
  on conflict (user_id, call) do update
  set
    tokens = private.refilled(bucket.tokens, bucket.refilled_at, v_rate, v_limit.burst) - v_tokens,
    refilled_at = pg_catalog.clock_timestamp()
  where private.refilled(bucket.tokens, bucket.refilled_at, v_rate, v_limit.burst) >= v_tokens;
  if found then
    return;
  end if;

  select private.refilled(bucket.tokens, bucket.refilled_at, v_rate, v_limit.burst) into v_left
  from private.call_buckets as bucket
  where bucket.user_id = v_user_id and bucket.call = p_call;
  perform private.refuse_call(
    pg_catalog.format(
      'A user may call %s %s times at once, and %s times in %s s.',
      p_call, v_limit.burst, v_limit.calls, extract(epoch from v_limit.per)::double precision
    ),
    -- At least 1: tokens may have been added since the attempt above.
    greatest(pg_catalog.ceil((v_tokens - coalesce(v_left, 0)) / v_rate * 1000), 1)::bigint
  );
end;
$$;
comment on function private.count_call(text, integer) is
  'Takes tokens out of the caller''s bucket for a function; a call that costs more than the bucket holds takes all of it. Called first, after the sizes of arguments are checked. Errors: rate_limited, whose hint is {"retryAfterMs"} as JSON.';
revoke execute on function private.count_call(text, integer) from public, anon, authenticated;

create function private.forget_full_buckets() returns integer
language plpgsql volatile
-- Invoker: pg_cron calls it as its owner.
security invoker set search_path = ''
as $$
declare
  v_count integer;
begin
  delete from private.call_buckets as bucket
  using (
    select idle.user_id, idle.call
    from private.call_buckets as idle
    left join private.call_rates as limits on limits.call = idle.call
    where idle.refilled_at
      < pg_catalog.now() - greatest(interval '1 hour', coalesce(limits.per / limits.calls * limits.burst, interval '0'))
    for update of idle skip locked
  ) as idle
  where bucket.user_id = idle.user_id and bucket.call = idle.call;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.forget_full_buckets() is
  'Deletes the buckets of calls that a user has not made for an hour: they are full, as a new bucket is. Returns their number.';
revoke execute on function private.forget_full_buckets() from public, anon, authenticated, service_role;
