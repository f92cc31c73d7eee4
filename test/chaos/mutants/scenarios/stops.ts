import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../../support/waitFor';
import { walkOver, workOn } from '../stage/walkedTable';
import { NAME, type Scenario } from './scenario';

/** A statement would end by then. Milliseconds. */
const STATEMENT_ENDS_WITHIN = 7_000;

export const pauseDuringAStatement: Scenario = {
  name: 'pause during a statement',
  fault: 'lrm pause while a statement of 6 s runs, whose job does not heed its signal',
  async play(stage) {
    const table = await stage.createTable(1);
    await stage.startWorker();
    const source = `exports.run = async (job) => {
  await job.sql.unsafe(\`
    with waited as materialized (select pg_sleep(6))
    update ${table.name} set n = n + 1 from waited where id = 1\`);
};`;
    await stage.migrate(NAME, source, { end: 'stopped' });
    await waitFor('the statement to run', async () => {
      const [row] = await stage.sql`
        select from pg_stat_activity
        where application_name like 'lrm:%' and query like '%pg_sleep(6)%' and state = 'active'`;
      return row;
    });
    await stage.breaking('pause', 'operators', undefined, async () => {
      const { code, stderr } = await stage.lrm('pause', NAME, '--no-wait');
      if (code !== 0) throw new Error(`lrm pause: ${stderr}`);
      await stage.until(NAME, ['paused']);
      await sleep(STATEMENT_ENDS_WITHIN);
    });
  },
};

/** A new run has its time until then. One that is forgotten never begins. Milliseconds. */
const GOES_ON_WITHIN = 30_000;

export const runTerminated: Scenario = {
  name: 'run terminated',
  fault: 'the run is terminated in Temporal; the next one has to go on',
  async play(stage) {
    const table = await stage.createTable(1_000);
    await stage.startWorker();
    const slowAtFirst = 'if (job.attempt === 1) await sleep(100);';
    await stage.migrate(NAME, walkOver(table, { last: slowAtFirst }), {
      end: 'completed',
      work: workOn(table),
    });
    await stage.untilAttempt(NAME, 1);
    await stage.breaking('run terminated', 'temporal', undefined, async () => {
      await stage.client.workflow.getHandle('long-running-migrations').terminate();
      await waitFor('the attempt to be interrupted', async () => {
        const [row] = await stage.sql`
          select from long_running_migrations.attempts
          where migration = ${NAME} and ended_at is not null`;
        return row;
      });
      await stage.run();
    });
    // Not thrown: the checks have to see that it is forgotten.
    await stage.until(NAME, ['completed'], GOES_ON_WITHIN).catch(() => {});
  },
};

/** Commits do not wait for the disk by default there, so what must be on it has to see to it. */
export const crashAtCompletion: Scenario = {
  name: 'crash at completion',
  fault: 'Postgres crashes as soon as a migration is seen completed; commits wait for no disk',
  async play(stage) {
    const table = await stage.createTable(500);
    const [row] = await stage.sql`select current_database() as name`;
    await stage.sql.unsafe(`alter database ${row?.['name']} set synchronous_commit = off`);
    await stage.startWorker();
    await stage.migrate(NAME, walkOver(table), { end: 'completed', work: workOn(table) });
    await stage.until(NAME, ['completed']);
    await stage.breaking('Postgres restarted at once', 'postgres', undefined, () =>
      stage.crashPostgres(),
    );
    const [after] = await stage.sql`
      select status::text from long_running_migrations.migrations where name = ${NAME}`;
    if (after?.['status'] !== 'completed') {
      stage.found(
        'a status that was seen stays',
        `${NAME} was completed, and is ${after?.['status']} after the crash`,
      );
    }
    await stage.run();
    await stage.until(NAME, ['completed']);
  },
};
