/**
 * Describes a database as text that can be compared: every object with its definition, owner, privileges and
 * comment. Used to hold `supabase/schemas` and `supabase/migrations` equal, also in what `supabase db diff` does not see.
 *
 * Left out: objects of extensions (an extension counts as a whole), the history of the migrations, and rows of tables.
 */

import type pg from 'pg'

/** Key: kind and name of an object, e.g. `function public.claim_job(uuid, text)`. Value: its definition. */
export type Catalogue = ReadonlyMap<string, string>

export interface CatalogueDifference {
  /** e.g. `policy "Members can read their incidents" on public.incidents` */
  object: string
  /** Definition in the first database; null where the object is missing there. */
  first: string | null
  /** Definition in the second database; null where the object is missing there. */
  second: string | null
}

const SCHEMAS_LEFT_OUT = `nspname !~ '^pg_' and nspname not in ('information_schema', 'supabase_migrations')`

/** Condition on objects of one system catalogue: in a schema that counts, and not made by an extension. */
const counts = (catalogue: string, alias: string, schema: string): string => `
  ${schema} in (select oid from pg_namespace where ${SCHEMAS_LEFT_OUT})
  and not exists (
    select from pg_depend
    where classid = '${catalogue}'::regclass and objid = ${alias}.oid and deptype = 'e'
  )`

/** Privileges in a form that does not depend on the order of the grants; defaults are written out. */
const privileges = (acl: string, kind: string, owner: string): string => `
  array_to_string(array(
    select privilege::text from unnest(coalesce(${acl}, acldefault('${kind}', ${owner}))) as privilege order by 1
  ), ' ')`

/** Lines of a definition; empty ones are left out. */
const lines = (...expressions: string[]): string =>
  `concat_ws(E'\\n', ${expressions.map((expression) => `nullif(${expression}, '')`).join(', ')})`

const owned = (owner: string, acl: string, kind: string): string[] => [
  `'owner ' || ${owner}::regrole`,
  `'privileges ' || ${privileges(acl, kind, owner)}`,
]

const comment = (oid: string, catalogue: string): string =>
  `'comment ' || obj_description(${oid}, '${catalogue}')`

/** Each query returns the columns `object` and `definition`. Names are qualified, because the search path is empty. */
const QUERIES: readonly string[] = [
  `select 'schema ' || nspname as object,
    ${lines(...owned('nspowner', 'nspacl', 'n'), comment('oid', 'pg_namespace'))} as definition
  from pg_namespace where ${SCHEMAS_LEFT_OUT}`,

  `select 'extension ' || extname as object, 'version ' || extversion || ' in ' || extnamespace::regnamespace as definition
  from pg_extension`,

  `select 'type ' || type.oid::regtype as object,
    ${lines(
      `'enum ' || (select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder) from pg_enum where enumtypid = type.oid)`,
      `'domain ' || nullif(typbasetype, 0)::regtype || ' ' || coalesce(typdefault, '') || case when typnotnull then ' not null' else '' end`,
      ...owned('typowner', 'typacl', 'T'),
      comment('type.oid', 'pg_type'),
    )} as definition
  from pg_type as type
  where typtype in ('e', 'd', 'r') and ${counts('pg_type', 'type', 'typnamespace')}`,

  `select
    case relkind
      when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' when 'c' then 'composite type'
      when 'f' then 'foreign table' else 'table'
    end || ' ' || class.oid::regclass as object,
    ${lines(
      `case relpersistence when 'u' then 'unlogged' end`,
      `'options ' || array_to_string(reloptions, ', ')`,
      `case when relrowsecurity then 'row level security' end`,
      `case when relforcerowsecurity then 'row level security for the owner' end`,
      `case when relkind in ('r', 'p') then 'replica identity ' || relreplident::text end`,
      `'partitioned by ' || case when relkind = 'p' then pg_get_partkeydef(class.oid) end`,
      `'partition ' || pg_get_expr(relpartbound, class.oid)`,
      `'inherits ' || (select string_agg(inhparent::regclass::text, ', ' order by inhseqno) from pg_inherits where inhrelid = class.oid)`,
      `'as ' || case when relkind in ('v', 'm') then pg_get_viewdef(class.oid) end`,
      `(select concat_ws(' ', seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle) from pg_sequence where seqrelid = class.oid)`,
      `'owner ' || relowner::regrole`,
      `'privileges ' || case relkind when 'S' then ${privileges('relacl', 's', 'relowner')} else ${privileges('relacl', 'r', 'relowner')} end`,
      comment('class.oid', 'pg_class'),
    )} as definition
  from pg_class as class
  where relkind in ('r', 'p', 'v', 'm', 'S', 'c', 'f') and ${counts('pg_class', 'class', 'relnamespace')}`,

  `select 'column ' || class.oid::regclass || '.' || attname as object,
    ${lines(
      `concat_ws(' ', format_type(atttypid, atttypmod), case when attnotnull then 'not null' end)`,
      `'position ' || case when relkind = 'c' then attnum end`,
      `'default ' || (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = class.oid and adnum = attnum)`,
      `'identity ' || nullif(attidentity::text, '')`,
      `'generated ' || nullif(attgenerated::text, '')`,
      `'collation ' || case when attcollation <> typcollation then attcollation::regcollation end`,
      `'storage ' || case when attstorage <> typstorage then attstorage::text end || attcompression::text`,
      `'statistics ' || attstattarget::text`,
      `'privileges ' || array_to_string(array(select privilege::text from unnest(attacl) as privilege order by 1), ' ')`,
      `'comment ' || col_description(class.oid, attnum)`,
    )} as definition
  from pg_attribute as attribute
  join pg_class as class on class.oid = attrelid
  join pg_type as type on type.oid = atttypid
  where relkind in ('r', 'p', 'v', 'm', 'c', 'f') and attnum > 0 and not attisdropped
    and ${counts('pg_class', 'class', 'relnamespace')}`,

  `select 'constraint ' || conname || ' on ' || coalesce(nullif(conrelid, 0)::regclass::text, contypid::regtype::text) as object,
    ${lines('pg_get_constraintdef(con.oid)', comment('con.oid', 'pg_constraint'))} as definition
  from pg_constraint as con
  -- The trigger of a constraint trigger has the same definition.
  where contype <> 't' and ${counts('pg_constraint', 'con', 'connamespace')}
    and not exists (
      select from pg_depend where classid = 'pg_class'::regclass and objid = conrelid and deptype = 'e'
    )`,

  `select 'index ' || class.oid::regclass as object,
    ${lines('pg_get_indexdef(class.oid)', `case when not indisvalid then 'invalid' end`, comment('class.oid', 'pg_class'))} as definition
  from pg_index
  join pg_class as class on class.oid = indexrelid
  where ${counts('pg_class', 'class', 'relnamespace')}
    and not exists (
      select from pg_depend where classid = 'pg_class'::regclass and objid = indrelid and deptype = 'e'
    )`,

  `select 'trigger ' || tgname || ' on ' || tgrelid::regclass as object,
    ${lines('pg_get_triggerdef(tg.oid)', `'enabled ' || tgenabled::text`, comment('tg.oid', 'pg_trigger'))} as definition
  from pg_trigger as tg
  join pg_class as class on class.oid = tgrelid
  where not tgisinternal and ${counts('pg_class', 'class', 'relnamespace')}`,

  `select 'policy ' || quote_ident(polname) || ' on ' || polrelid::regclass as object,
    ${lines(
      `case when polpermissive then 'permissive' else 'restrictive' end || ' for ' || polcmd::text`,
      `'to ' || (select string_agg(case grantee when 0 then 'public' else grantee::regrole::text end, ', ' order by 1) from unnest(polroles) as grantee)`,
      `'using ' || pg_get_expr(polqual, polrelid)`,
      `'with check ' || pg_get_expr(polwithcheck, polrelid)`,
      comment('policy.oid', 'pg_policy'),
    )} as definition
  from pg_policy as policy
  join pg_class as class on class.oid = polrelid
  where ${counts('pg_class', 'class', 'relnamespace')}`,

  `select 'function ' || proc.oid::regprocedure as object,
    ${lines(
      `case when prokind = 'a' then (
        select concat_ws(' ', 'aggregate', aggtransfn, aggtranstype::regtype, aggfinalfn, agginitval, aggsortop, provolatile, proparallel)
        from pg_aggregate where aggfnoid = proc.oid
      ) else pg_get_functiondef(proc.oid) end`,
      `case when prokind = 'a' then 'set ' || array_to_string(proconfig, ', ') end`,
      ...owned('proowner', 'proacl', 'f'),
      comment('proc.oid', 'pg_proc'),
    )} as definition
  from pg_proc as proc
  where ${counts('pg_proc', 'proc', 'pronamespace')}`,

  `select concat_ws(' ', 'default privileges of', defaclrole::regrole, 'in', coalesce(nullif(defaclnamespace, 0)::regnamespace::text, 'every schema'), 'on', defaclobjtype) as object,
    array_to_string(array(select privilege::text from unnest(defaclacl) as privilege order by 1), ' ') as definition
  from pg_default_acl`,

  `select 'publication ' || pubname as object,
    ${lines(
      `concat_ws(' ', 'for all tables', puballtables, 'insert', pubinsert, 'update', pubupdate, 'delete', pubdelete, 'truncate', pubtruncate, 'root', pubviaroot)`,
      `'owner ' || pubowner::regrole`,
      comment('publication.oid', 'pg_publication'),
    )} as definition
  from pg_publication as publication`,

  `select 'publication ' || pubname || ' of ' || prrelid::regclass as object,
    ${lines(`'columns ' || prattrs::text`, `'where ' || pg_get_expr(prqual, prrelid)`)} as definition
  from pg_publication_rel join pg_publication as publication on publication.oid = prpubid
  union all
  select 'publication ' || pubname || ' of schema ' || pnnspid::regnamespace, ''
  from pg_publication_namespace join pg_publication as publication on publication.oid = pnpubid`,

  `select 'event trigger ' || evtname as object,
    concat_ws(E'\\n', evtevent, evtfoid::regprocedure, evtenabled, evttags::text, 'owner ' || evtowner::regrole) as definition
  from pg_event_trigger as event
  where not exists (
    select from pg_depend where classid = 'pg_event_trigger'::regclass and objid = event.oid and deptype = 'e'
  )`,

  `select 'statistics ' || stxnamespace::regnamespace || '.' || stxname as object, pg_get_statisticsobjdef(statistics.oid) as definition
  from pg_statistic_ext as statistics
  where ${counts('pg_statistic_ext', 'statistics', 'stxnamespace')}`,

  `select 'settings of ' || coalesce(nullif(setrole, 0)::regrole::text, 'every role') as object, array_to_string(setconfig, E'\\n') as definition
  from pg_db_role_setting
  where setdatabase = (select oid from pg_database where datname = current_database())`,
]

/** @param client of any role; its search path is empty afterwards, so that every name is qualified. */
export async function readCatalogue(client: pg.Client): Promise<Catalogue> {
  const catalogue = new Map<string, string>()
  await client.query(`set search_path = ''`)
  for (const query of QUERIES) {
    const { rows } = await client.query<{ object: string; definition: string }>(query)
    for (const { object, definition } of rows) catalogue.set(object, definition)
  }
  return catalogue
}

/** @returns every object that is missing in one of the two or differs, in the order of the names. */
export function compareCatalogues(first: Catalogue, second: Catalogue): CatalogueDifference[] {
  return [...new Set([...first.keys(), ...second.keys()])]
    .sort()
    .map((object) => ({
      object,
      first: first.get(object) ?? null,
      second: second.get(object) ?? null,
    }))
    .filter((one) => one.first !== one.second)
}
