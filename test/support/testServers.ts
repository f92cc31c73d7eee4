/** The servers that all test files share. Each file has its own database and namespace there. */
export interface TestServers {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  /** Folder for what V8 has compiled. It is removed at the end. */
  readonly compiledCode: string;
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

/** Undefined outside of jest. */
export const compiledCode = (): string | undefined =>
  process.env[VARIABLE] === undefined ? undefined : testServers().compiledCode;
