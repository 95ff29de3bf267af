-- An upload without a byte is no file: it is refused where it is submitted, which leaves it to be cleaned up.

create function private.tg_documents__refuse_empty()
returns trigger
language plpgsql
volatile
-- Definer: people see no upload.
security definer
set search_path = ''
as $$
begin
  if exists (
    select from storage.objects as object
    where object.bucket_id = 'uploads' and object.name = new.source_path and object.metadata ->> 'size' = '0'
  ) then
    raise exception 'file_empty' using errcode = 'PT422', detail = 'The upload has no byte.';
  end if;
  return new;
end;
$$;
comment on function private.tg_documents__refuse_empty() is 'Refuses a document whose upload has no byte.';
revoke execute on function private.tg_documents__refuse_empty() from public, anon, authenticated;

create trigger tg_documents__refuse_empty
before insert on public.documents
for each row when (new.source_path is not null)
execute function private.tg_documents__refuse_empty();
