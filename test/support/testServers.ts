/** The servers that all test files share. Each file has its own database and namespace there. */
export interface TestServers {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
}

const VARIABLE = 'LRM_TEST_SERVERS';

/** Passes the servers to jest's workers. Its globalSetup can only pass on environment variables. */
export function offer(servers: TestServers): void {
  process.env[VARIABLE] = JSON.stringify(servers);
}

export function testServers(): TestServers {
  const text = process.env[VARIABLE];
  if (!text)
    throw new Error('no test servers: run the tests with jest, whose globalSetup starts them');
  return JSON.parse(text) as TestServers;
}
