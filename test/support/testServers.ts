/** The servers that all test files share; each file has a database and a namespace of its own there. */
export interface TestServers {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
}

const VARIABLE = 'LRM_TEST_SERVERS';

/** Tells them to jest's workers: its globalSetup can hand over text only. */
export function offer(servers: TestServers): void {
  process.env[VARIABLE] = JSON.stringify(servers);
}

export function testServers(): TestServers {
  const text = process.env[VARIABLE];
  if (!text) throw new Error('no test servers: run through jest, whose globalSetup starts them');
  return JSON.parse(text) as TestServers;
}
