-- pg_net in pure SQL: the tables, types and functions of the real extension with its names, defaults and
-- grants. Where the real one wakes its background worker, this one notifies the stack's Node worker, which
-- PostgreSQL delivers at commit: a request of a transaction that rolled back is never sent.

create schema net;

create domain net.http_method as text
  check (lower(value) in ('get', 'post', 'delete'));

create unlogged table net.http_request_queue (
  id bigserial,
  method net.http_method not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds int not null
);
comment on table net.http_request_queue is 'Requests that wait for the worker, oldest first.';

create unlogged table net._http_response (
  id bigint,
  status_code integer,
  content_type text,
  headers jsonb,
  content text,
  timed_out bool,
  error_msg text,
  created timestamptz not null default now()
);
comment on table net._http_response is 'What came back; kept for six hours.';
create index _http_response_created_idx on net._http_response (created);

create type net.request_status as enum ('PENDING', 'SUCCESS', 'ERROR');
create type net.http_response as (status_code integer, headers jsonb, body text);
create type net.http_response_result as (status net.request_status, message text, response net.http_response);

create function net.wake() returns void
  language sql volatile set search_path = ''
as $$ select pg_catalog.pg_notify('pg_net', '') $$;
comment on function net.wake() is 'Tells the worker, at commit, that requests are waiting.';

-- The worker's connection names itself; every role may see application_name.
create function net._worker_is_up() returns bool
  language sql volatile set search_path = ''
as $$
  select exists (
    select from pg_catalog.pg_stat_activity
    where application_name = 'pg_net worker' and datname = pg_catalog.current_database()
  )
$$;

create function net.check_worker_is_up() returns void
  language plpgsql volatile set search_path = ''
as $$
begin
  if not net._worker_is_up() then
    raise exception 'the pg_net background worker is not up'
      using hint = 'it runs while the stack runs';
  end if;
end
$$;

create function net.wait_until_running() returns void
  language plpgsql volatile set search_path = ''
as $$
begin
  while not net._worker_is_up() loop
    perform pg_catalog.pg_sleep(0.05);
    perform pg_catalog.pg_stat_clear_snapshot();
  end loop;
end
$$;

create function net.worker_restart() returns bool
  language sql volatile set search_path = ''
as $$ select net.wake(); select true $$;
comment on function net.worker_restart() is 'Kept for compatibility: the worker only looks at the queue again.';

-- RFC 3986: everything but the unreserved characters, byte by byte in UTF-8.
create function net._urlencode_string(string varchar) returns text
  language sql immutable set search_path = ''
as $$
  select coalesce(pg_catalog.string_agg(
    case
      when c ~ '^[A-Za-z0-9._~-]$' then c
      else pg_catalog.regexp_replace(
        pg_catalog.upper(pg_catalog.encode(pg_catalog.convert_to(c, 'UTF8'), 'hex')), '(..)', '%\1', 'g')
    end, '' order by position), '')
  from pg_catalog.string_to_table(string, null) with ordinality as characters (c, position)
$$;

create function net._encode_url_with_params_array(url text, params_array text[]) returns text
  language sql immutable set search_path = ''
as $$
  select case
    when pg_catalog.cardinality(params_array) = 0 then url
    else base
      || case when base !~ '\?' then '?' when base ~ '[?&]$' then '' else '&' end
      || pg_catalog.array_to_string(params_array, '&')
      || fragment
  end
  from (select
    pg_catalog.split_part(url, '#', 1) as base,
    coalesce((pg_catalog.regexp_match(url, '#.*$'))[1], '') as fragment
  ) as parts
$$;

create function net._url_with_params(url text, params jsonb) returns text
  language sql immutable set search_path = ''
as $$
  select net._encode_url_with_params_array(url, coalesce(pg_catalog.array_agg(
    net._urlencode_string(key) || '=' || net._urlencode_string(value)), '{}'))
  from pg_catalog.jsonb_each_text(params)
  where value is not null
$$;

create function net.http_get(
  url text,
  params jsonb default '{}'::jsonb,
  headers jsonb default '{}'::jsonb,
  timeout_milliseconds int default 5000
) returns bigint
  language plpgsql volatile set search_path = ''
as $$
declare
  request_id bigint;
begin
  insert into net.http_request_queue (method, url, headers, timeout_milliseconds)
  values ('GET', net._url_with_params(http_get.url, params), http_get.headers, http_get.timeout_milliseconds)
  returning id into request_id;
  perform net.wake();
  return request_id;
end
$$;
comment on function net.http_get is 'Queues a GET request, sent after commit; returns its id.';

create function net.http_post(
  url text,
  body jsonb default '{}'::jsonb,
  params jsonb default '{}'::jsonb,
  headers jsonb default '{"Content-Type": "application/json"}'::jsonb,
  timeout_milliseconds int default 5000
) returns bigint
  language plpgsql volatile set search_path = ''
as $$
declare
  content_type text;
  request_id bigint;
begin
  select given.value into content_type
  from pg_catalog.jsonb_each_text(coalesce(http_post.headers, '{}'::jsonb)) as given
  where pg_catalog.lower(given.key) = 'content-type'
  limit 1;

  if content_type is null then
    http_post.headers := coalesce(http_post.headers, '{}'::jsonb) || '{"Content-Type": "application/json"}'::jsonb;
  elsif content_type <> 'application/json' then
    raise exception 'Content-Type header must be "application/json"';
  end if;

  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values ('POST', net._url_with_params(http_post.url, params), http_post.headers,
    pg_catalog.convert_to(http_post.body::text, 'UTF8'), http_post.timeout_milliseconds)
  returning id into request_id;
  perform net.wake();
  return request_id;
end
$$;
comment on function net.http_post is 'Queues a POST request with a JSON body, sent after commit; returns its id.';

create function net.http_delete(
  url text,
  params jsonb default '{}'::jsonb,
  headers jsonb default '{}'::jsonb,
  timeout_milliseconds int default 5000,
  body jsonb default null
) returns bigint
  language plpgsql volatile set search_path = ''
as $$
declare
  request_id bigint;
begin
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values ('DELETE', net._url_with_params(http_delete.url, params), http_delete.headers,
    pg_catalog.convert_to(http_delete.body::text, 'UTF8'), http_delete.timeout_milliseconds)
  returning id into request_id;
  perform net.wake();
  return request_id;
end
$$;
comment on function net.http_delete is 'Queues a DELETE request, sent after commit; returns its id.';

create function net._await_response(request_id bigint) returns bool
  language plpgsql volatile set search_path = ''
as $$
begin
  while not exists (select from net._http_response as response where response.id = request_id) loop
    perform pg_catalog.pg_sleep(0.05);
  end loop;
  return true;
end
$$;

create function net._http_collect_response(request_id bigint, async bool default true)
  returns net.http_response_result
  language plpgsql volatile set search_path = ''
as $$
declare
  found_response net._http_response;
begin
  if not async then
    perform net._await_response(request_id);
  end if;
  select * into found_response from net._http_response as response where response.id = request_id;
  if not found or found_response.error_msg is not null then
    return row('ERROR', coalesce(found_response.error_msg, 'request matching request_id not found'), null)
      ::net.http_response_result;
  end if;
  return row('SUCCESS', 'ok',
    row(found_response.status_code, found_response.headers, found_response.content)::net.http_response
  )::net.http_response_result;
end
$$;

create function net.http_collect_response(request_id bigint, async bool default true)
  returns net.http_response_result
  language plpgsql volatile set search_path = ''
as $$
begin
  raise notice 'The net.http_collect_response function is deprecated.';
  return net._http_collect_response(request_id, async);
end
$$;

-- The real extension's grants. The schema is not exposed by the REST API.
grant usage on schema net to public;
grant all on all sequences in schema net to public;
grant all on all tables in schema net to public;
