-- Uploads that are still arriving count, too, as far as Storage has rows of them, and who has too many is told so.
--
-- Storage asks the policy before it takes the first byte of an upload in parts, before each part and when it makes the
-- object. So whoever is counted once must not be counted against themselves: names are counted, without the one asked for.

create function private.open_uploads(p_owner_id text, p_except_name text)
returns bigint
language plpgsql
stable
-- Invoker: called by may_upload, which is a definer.
security invoker
set search_path = ''
as $$
begin
  -- Storage's own table, which older versions of it do not have.
  if pg_catalog.to_regclass('storage.s3_multipart_uploads') is null
    or not pg_catalog.has_table_privilege('storage.s3_multipart_uploads', 'select')
  then
    return (
      select pg_catalog.count(*)
      from storage.objects as object
      where object.bucket_id = 'uploads' and object.owner_id = p_owner_id and object.name <> p_except_name
    );
  end if;
  return (
    select pg_catalog.count(*)
    from (
      select object.name
      from storage.objects as object
      where object.bucket_id = 'uploads' and object.owner_id = p_owner_id
      union
      select arriving.key
      from storage.s3_multipart_uploads as arriving
      where arriving.bucket_id = 'uploads'
        and arriving.owner_id = p_owner_id
        -- Who has not ended by then has given up.
        and arriving.created_at > pg_catalog.now() - interval '24 hours'
    ) as upload
    where upload.name <> p_except_name
  );
end;
$$;
comment on function private.open_uploads(text, text) is
  'How many files a user has in the bucket uploads, there or arriving, beside the one named.';
revoke execute on function private.open_uploads(text, text) from public, anon, authenticated;

create or replace function private.may_upload(p_name text)
returns boolean
language plpgsql
stable
-- Definer: people see no upload, not even their own, so the policy could not count them itself.
security definer
set search_path = ''
as $$
begin
  if exists (select from public.documents as document where document.source_path = p_name) then
    return false;
  end if;
  if private.open_uploads(auth.uid()::text, p_name)
    >= (select limits.max_open_uploads from private.limits as limits)
  then
    raise exception 'too_many_uploads' using errcode = 'PT429', detail = 'private.limits says how many there may be.';
  end if;
  return true;
end;
$$;
comment on function private.may_upload(text) is
  'Whether the name was never submitted: what was, is evidence and gets no other bytes. Errors: too_many_uploads, where the caller has as many as allowed, those included that are still arriving and that Storage has rows of.';
