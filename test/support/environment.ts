import path from 'node:path';

/** The environment for child processes: this one, without any settings of the developer's own. */
export function cleanEnvironment(settings: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !SETTINGS.test(name));
  return { ...Object.fromEntries(inherited), TEMPORAL_CONFIG_FILE: NONE, ...settings };
}

/** The developer's own temporal.toml must not be read; a file that isn't there counts as none. */
const NONE = path.join(__dirname, 'no-temporal.toml');

/** FORCE_COLOR: jest sets it for its own workers; output under test goes to a pipe. */
const SETTINGS = /^(DATABASE_URL|FORCE_COLOR|NODE_ENV|(LRM|TEMPORAL)_.*)$/;
