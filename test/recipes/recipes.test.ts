import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { runJob } from '../../worker/testing';
import { closeDatabase, openDatabase } from '../support/database';
import { RECIPES } from './recipes';

const folder = path.join(__dirname, 'jobs');
const names = readdirSync(folder)
  .filter((file) => /^\d{4}_/.test(file))
  .map((file) => path.parse(file).name);

test.each(names)(
  '%s goes on where it was killed, and its data is right',
  async (name) => {
    const recipe = RECIPES[name];
    if (!recipe) throw new Error(`no data for ${name}`);
    const database = await openDatabase({ empty: true });
    const before = { ...process.env };
    try {
      await database.sql.unsafe(recipe.tables);
      Object.assign(process.env, await recipe.before?.(database.sql));
      const { databaseUrl } = database;
      const databases = (await recipe.databases?.()) ?? {};
      const options = { databaseUrl, databases, jobs: folder, killAfter: recipe.killAfter };
      const result = await runJob(name, options);
      expect(result).toMatchObject({ status: 'completed', error: null });
      expect(result.attempts.map(({ outcome }) => outcome)).toEqual(['retried', 'completed']);
      for (const query of recipe.wrong) {
        expect({ query, wrong: (await database.sql.unsafe(query)).length }).toEqual({
          query,
          wrong: 0,
        });
      }
      expect((await recipe.alsoWrong?.(database.sql)) ?? []).toEqual([]);
    } finally {
      await recipe.after?.();
      for (const key of Object.keys(process.env)) {
        if (!(key in before)) delete process.env[key];
      }
      await closeDatabase(database);
    }
  },
  120_000,
);

test('docs/recipes.md shows each job as it is tested, and no other', () => {
  const page = readFileSync(path.join(__dirname, '../../docs/recipes.md'), 'utf8');
  const shown = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
  const files = [...names.map((name) => `${name}.ts`), 'lib/hash.ts'];
  const tested = files.map((file) => readFileSync(path.join(folder, file), 'utf8'));
  expect([...shown].sort()).toEqual([...tested].sort());
});
