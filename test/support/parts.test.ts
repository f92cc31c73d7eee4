import { expect, test } from '@jest/globals';
import { useParts } from './parts';

const parts = useParts();

test('useParts gives a database with our tables', async () => {
  const rows = await parts.sql`select * from long_running_migrations.migrations`;
  expect(rows).toHaveLength(0);
});

test('useParts gives a Temporal namespace that takes workflows', async () => {
  const handle = await parts.client.workflow.start('nobody-runs-it', {
    taskQueue: 'none',
    workflowId: 'probe',
  });
  const { status } = await handle.describe();
  expect(status.name).toBe('RUNNING');
});

test('useParts gives an environment with nothing but its own settings', () => {
  const settings = Object.keys(parts.env()).filter((name) => /^(LRM|TEMPORAL)_/.test(name));
  expect(settings.sort()).toEqual([
    'TEMPORAL_ADDRESS',
    'TEMPORAL_CONFIG_FILE',
    'TEMPORAL_NAMESPACE',
  ]);
});
