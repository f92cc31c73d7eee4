import path from 'node:path';

/** The environment for child processes: this one without the developer's own settings. */
export function cleanEnvironment(settings: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !SETTINGS.test(name));
  return { ...Object.fromEntries(inherited), TEMPORAL_CONFIG_FILE: NONE, ...settings };
}

/** Hides the developer's own temporal.toml. A missing file counts as no configuration. */
const NONE = path.join(__dirname, 'no-temporal.toml');

/** FORCE_COLOR is among them because jest sets it for its workers. Tested output goes to a pipe. */
const SETTINGS = /^(DATABASE_URL|FORCE_COLOR|NODE_ENV|PG[A-Z]+|(LRM|TEMPORAL)_.*)$/;
