import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { connect, type Sql } from '../../../../drizzle/connect';
import { LoadSignals } from '../../../../jobs/context/throttle/loadSignals';
import type { Signals } from '../../../../jobs/context/throttle/signals';
import { useDatabase } from '../../../support/database';
import { useRoles } from '../../../support/roles';
import { waitFor } from '../../../support/waitFor';

const database = useDatabase();
const roles = useRoles(database);

beforeAll(async () => {
  // Postgres reports no transaction that reads no table.
  await database.sql.unsafe('create table rows (id integer); insert into rows values (1)');
});

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

interface Watched {
  readonly signals: LoadSignals;
  /** A pool with the attempt's name, for its lanes. */
  readonly pool: Sql;
  readonly warnings: readonly string[];
  /** Begins again after an end, as for the next walk. */
  start(): () => Promise<void>;
  stop(): Promise<void>;
}

/** Watches the database as an attempt does. */
function watch(name = 'lrm:test:1', url = database.databaseUrl, dry?: object): Watched {
  const [canary, pool] = [1, 4].map((max) => connect(url, { applicationName: name, max }));
  if (!canary || !pool) throw new Error('no pools');
  const warnings: string[] = [];
  const log = { debug() {}, info() {}, error() {}, warn: (text: string) => warnings.push(text) };
  const signals = new LoadSignals({ canary, log, dry } as never);
  const start = () => {
    const ended = new AbortController();
    const watching = signals.start(ended.signal);
    const stop = () => {
      ended.abort();
      return watching;
    };
    ending.push(stop);
    return stop;
  };
  ending.push(() => Promise.all([canary, pool].map((each) => each.end({ timeout: 1 }))));
  return { signals, pool, warnings, start, stop: start() };
}

/** Repeats `work` until the end of the test, or until the function that it returns is called. */
function repeat(work: () => Promise<unknown>, everyMs = 0): () => Promise<void> {
  let stopped = false;
  const running = (async () => {
    for (let due = performance.now(); !stopped; due += everyMs) {
      await sleep(Math.max(0, due - performance.now()));
      await work();
    }
  })();
  const stop = () => {
    stopped = true;
    return running;
  };
  ending.push(stop);
  return stop;
}

/** A lane of small batches. */
const lane = ({ pool, signals }: Watched) =>
  repeat(async () => {
    const begun = performance.now();
    await pool.begin((tx) => tx`select pg_sleep(0.004) from rows limit 1`);
    signals.ourCommit(performance.now() - begun);
  });

/** An application of four sessions. Returns how many transactions it has ended, and its end. */
function application(everyMs: number, seconds = 0) {
  const sql = connect(database.databaseUrl, { applicationName: 'app', max: 4 });
  let ended = 0;
  const stops = [0, 1, 2, 3].map(() =>
    repeat(async () => {
      await sql`select pg_sleep(${seconds}) from rows`;
      ended += 1;
    }, 4 * everyMs),
  );
  ending.splice(-4, 0, () => sql.end({ timeout: 1 }));
  return { ended: () => ended, stop: () => Promise.all(stops.map((stop) => stop())) };
}

const until = (what: string, { signals }: Watched, condition: (signals: Signals) => boolean) =>
  waitFor(what, () => {
    const read = signals.read();
    return condition(read) && read;
  });

test('an application that comes and goes is seen beside our own work, and counted right', async () => {
  const watched = watch();
  lane(watched);
  lane(watched);
  await until('nobody to be there', watched, ({ nobodyThere }) => nobodyThere);
  const app = application(5);
  await until('the application to be seen', watched, ({ nobodyThere }) => !nobodyThere);
  const begun = { at: performance.now(), ended: app.ended() };
  await until('its transactions to be counted', watched, ({ foreignPerSecond = 0 }) => {
    const perSecond = ((app.ended() - begun.ended) / (performance.now() - begun.at)) * 1_000;
    return Math.abs(foreignPerSecond - perSecond) < 0.1 * perSecond && perSecond > 50;
  });
  await app.stop();
  const { foreignMs } = await until('nobody to be left', watched, ({ nobodyThere }) => nobodyThere);
  expect(foreignMs).toBeUndefined();
  expect(watched.warnings).toEqual([]);
});

test("the mean time of the application's transactions is told apart from ours", async () => {
  const watched = watch();
  lane(watched);
  application(10, 0.02);
  const right = ({ foreignMs = 0 }: Signals) => foreignMs > 18 && foreignMs < 26;
  await until('the time', watched, right);
  await until('its floor', watched, ({ foreignFloorMs = 0 }) => foreignFloorMs > 15);
});

test('another attempt of ours is no application', async () => {
  const watched = watch();
  const other = watch('lrm:test:2');
  lane(other);
  lane(other);
  // It commits more than two hundred times a second. When the machine stands still for a moment, its
  // row says so later than the server's counts: that may look like somebody, until both have caught up.
  let since: number | undefined;
  await until('nobody to be there for three seconds', watched, ({ nobodyThere }) => {
    since = nobodyThere ? (since ?? performance.now()) : undefined;
    return since !== undefined && performance.now() - since > 3_000;
  });
});

/** Makes the database slow for canaries. */
async function slow(ms: number): Promise<void> {
  await database.sql.unsafe(`
    create or replace function slow() returns trigger language plpgsql as
      $$ begin perform pg_sleep(${ms / 1_000}); return new; end $$;
    create or replace trigger slow before update on long_running_migrations.canaries
      for each row execute function slow()`);
}

test('latency and floor follow the database', async () => {
  const watched = watch();
  try {
    await slow(30);
    await until('the latency', watched, ({ canaryMs = 0 }) => canaryMs > 30);
    expect(watched.signals.read().floorMs).toBeUndefined();
    // In a pause it is measured more often: a floor in less than a second.
    await watched.signals.drained(() => sleep(700));
    expect(watched.signals.read().floorMs).toBeGreaterThan(30);
    await slow(150);
    await until('a higher latency', watched, ({ canaryMs = 0 }) => canaryMs > 150);
    expect(watched.signals.read().floorMs).toBeLessThan(150);
    await database.sql`drop function slow cascade`;
    await until('a low latency', watched, ({ canaryMs = 1_000 }) => canaryMs < 30);
    await until('a low floor', watched, ({ floorMs = 1_000 }) => floorMs < 30);
  } finally {
    await database.sql`drop function if exists slow cascade`;
  }
});

test('a database that does not answer has a latency, too', async () => {
  const watched = watch();
  await until('a latency', watched, ({ canaryMs }) => canaryMs !== undefined);
  await database.sql.begin(async (tx) => {
    await tx`select from long_running_migrations.canaries for update`;
    await until('it to wait', watched, ({ canaryMs = 0 }) => canaryMs > 500);
  });
  await until('it to go on', watched, ({ canaryMs = 1_000 }) => canaryMs < 500);
});

test('a role that may not use the canaries goes by the other signals, and says so once', async () => {
  const role = await roles.create();
  await database.sql.unsafe(`revoke all on long_running_migrations.canaries from ${role.name}`);
  await database.sql.unsafe(`grant select on long_running_migrations.canaries to ${role.name}`);
  const watched = watch('lrm:test:1', role.url);
  await until('nobody to be there', watched, ({ nobodyThere }) => nobodyThere);
  expect(watched.signals.read()).toMatchObject({ canaryMs: undefined, floorMs: undefined });
  expect(watched.warnings).toEqual([
    "the throttle can't read the canary (SQLSTATE 42501): it goes by its other signals",
  ]);
});

test('without track_counts, nobody knows what the application does, and the log says so once', async () => {
  const role = await roles.create();
  await database.sql.unsafe(`alter role ${role.name} set track_counts = off`);
  const watched = watch('lrm:test:1', role.url);
  await until('a latency', watched, ({ canaryMs }) => canaryMs !== undefined);
  await waitFor('the warning', () => watched.warnings.length > 0);
  expect(watched.signals.read()).toMatchObject({ foreignPerSecond: undefined, nobodyThere: false });
  expect(watched.warnings).toEqual([
    "the throttle can't read what the application does (track_counts is off): it goes by its other signals",
  ]);
});

test('a dry run measures nothing', async () => {
  const watched = watch('lrm:test:1', database.databaseUrl, {});
  await sleep(500);
  const rows =
    await database.sql`select from pg_stat_activity where application_name = 'lrm:test:1'`;
  expect(rows).toHaveLength(0);
  expect(watched.signals.read()).toMatchObject({ canaryMs: undefined, nobodyThere: false });
});

test('when it ends, its row is gone and nothing is known, until it begins again', async () => {
  const watched = watch();
  const begun = ({ canaryMs, nobodyThere }: Signals) => canaryMs !== undefined && nobodyThere;
  await until('all signals', watched, begun);
  await watched.stop();
  expect(await database.sql`select from long_running_migrations.canaries`).toHaveLength(0);
  expect(watched.signals.read()).toMatchObject({ foreignPerSecond: undefined, nobodyThere: false });
  watched.start();
  await until('all signals again', watched, begun);
  expect(watched.warnings).toEqual([]);
});
