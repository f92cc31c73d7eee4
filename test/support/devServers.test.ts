import { expect, test } from '@jest/globals';
import { useDevServers } from './devServers';

const servers = useDevServers();

test('useDevServers gives a database with our tables', async () => {
  const rows = await servers.sql`select * from long_running_migrations.migrations`;
  expect(rows).toHaveLength(0);
});

test('useDevServers gives a Temporal namespace that takes workflows', async () => {
  const handle = await servers.client.workflow.start('nobody-runs-it', {
    taskQueue: 'none',
    workflowId: 'probe',
  });
  const { status } = await handle.describe();
  expect(status.name).toBe('RUNNING');
});

test('useDevServers gives an environment with nothing but its own settings', () => {
  const settings = Object.keys(servers.env()).filter((name) => /^(LRM|TEMPORAL)_/.test(name));
  expect(settings.sort()).toEqual([
    'TEMPORAL_ADDRESS',
    'TEMPORAL_CONFIG_FILE',
    'TEMPORAL_NAMESPACE',
  ]);
});
