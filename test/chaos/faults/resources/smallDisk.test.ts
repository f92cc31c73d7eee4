import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { connect } from '../../../../drizzle/connect';
import { startPostgres } from '../../../support/postgres';
import type { ChaosSet } from '../../chaosSet';
import { writeUntilFull } from './fullDisk';
import { whileOnSmallDisk, whyNoDisk } from './smallDisk';

(whyNoDisk() ? test.skip : test)(
  'a table on a full disk refuses rows with 53100, takes them afterwards, and nothing is left',
  async () => {
    const { url } = await startPostgres();
    const sql = connect(url, { applicationName: 'test' });
    const [row] = await sql`show data_directory`;
    const data = String(row?.['data_directory']);
    await sql`create table filled as select i, repeat('x', 500) as text from generate_series(1, 100) i`;
    const insert = () =>
      sql`insert into filled select i, repeat('x', 500) from generate_series(1, 1000) i`.then(
        () => 'done',
        (error) => error.code,
      );
    const set = { postgres: { sql, data } } as unknown as ChaosSet;

    await whileOnSmallDisk(set, ['filled'], 1_000_000, async (disk) => {
      writeUntilFull(`${disk.path}/fill`);
      expect(await insert()).toBe('53100');
    });

    expect(await insert()).toBe('done');
    expect(readFileSync('/proc/mounts', 'utf8')).not.toMatch(data);
    expect(await sql`select from pg_tablespace where spcname = 'chaos_small'`).toHaveLength(0);
    await sql.end({ timeout: 1 });
  },
);
