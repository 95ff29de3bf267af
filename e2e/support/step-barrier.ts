/**
 * Holds work at a chosen boundary between two of its steps: a trigger on the jobs waits for an advisory lock when a job
 * is about to take that step. Any kind of work steps over the same boundaries:
 *
 *   processing ─ stage:<one> ─ stage:<two> ─ … ─ completed
 *
 * A held worker has done all steps before the boundary. Whether it takes the next step depends on which process is killed.
 */

import pg from 'pg'
import { expect, vi } from 'vitest'

const LOCK = 4_711
const HELD_TIMEOUT_MS = 60_000

export interface StepBarrier extends AsyncDisposable {
  /** Boundaries that the job has stepped over so far, in order, each once; retries have none of their own. */
  stepsOf(jobId: string): Promise<string[]>
  /** From now on jobs wait at these boundaries, by job. */
  hold(boundaries: ReadonlyMap<string, string>): Promise<void>
  /**
   * Resolves when a worker waits at each boundary. A worker that waits for too long gives up; `sweep`, called now and
   * then, has its job nudged again.
   */
  untilHeld(sweep: () => Promise<void>): Promise<void>
  /** Lets waiting workers go on, and no later worker waits. Works after the database was killed, too. */
  release(): Promise<void>
}

export async function raiseStepBarrier(db: pg.Pool, url: string): Promise<StepBarrier> {
  await db.query(`
    create schema if not exists test;
    create table test.steps (id bigserial, job_id uuid, boundary text);
    create table test.held (job_id uuid primary key, boundary text);
    create function test.step() returns trigger language plpgsql security definer set search_path = '' as $$
    declare
      v_boundary text := case
        when new.status <> old.status then new.status::text
        when new.stage is distinct from old.stage then 'stage:' || new.stage
      end;
    begin
      if v_boundary is null then
        return new;
      end if;
      if exists (select from test.held where job_id = new.id and boundary = v_boundary) then
        perform pg_catalog.pg_advisory_xact_lock_shared(${LOCK});
      end if;
      insert into test.steps (job_id, boundary) values (new.id, v_boundary);
      return new;
    end $$;
    create trigger a_test_step before update on public.jobs for each row execute function test.step()`)
  let holder: pg.Client | undefined
  let held = 0

  const drop = async (): Promise<void> => {
    // A database that was killed has let go of the lock by itself.
    await holder?.end().catch(() => undefined)
    holder = undefined
  }
  return {
    stepsOf: async (jobId) => {
      const { rows } = await db.query<{ boundary: string }>(
        `select boundary from test.steps
         where job_id = $1 and boundary not in ('queued', 'stage:waiting_to_retry')
         group by boundary order by min(id)`,
        [jobId],
      )
      return rows.map(({ boundary }) => boundary)
    },
    hold: async (boundaries) => {
      holder = new pg.Client({ connectionString: url })
      holder.on('error', () => undefined)
      await holder.connect()
      await holder.query(`select pg_advisory_lock(${LOCK})`)
      await db.query('insert into test.held select * from unnest($1::uuid[], $2::text[])', [
        [...boundaries.keys()],
        [...boundaries.values()],
      ])
      held = boundaries.size
    },
    untilHeld: (sweep) =>
      vi.waitFor(
        async () => {
          await sweep()
          const { rows } = await db.query(
            `select from pg_locks where locktype = 'advisory' and objid = ${LOCK} and not granted`,
          )
          expect(rows.length).toBeGreaterThanOrEqual(held)
        },
        { timeout: HELD_TIMEOUT_MS, interval: 100 },
      ),
    release: async () => {
      await vi.waitFor(() => db.query('delete from test.held'), { timeout: HELD_TIMEOUT_MS, interval: 50 })
      await drop()
    },
    [Symbol.asyncDispose]: drop,
  }
}
