import pino from 'pino';
import { runInline } from '../../activities/runInline';
import { readSettings } from '../../settings/settings';
import { withDeps } from '../../worker/inline';

// A process of its own: jest can't load all that asks a ready(). Its argument is the time for
// the answers of one look, in milliseconds. It prints what became of each migration.
const settings = readSettings();
const { signal } = new AbortController();
const options = { concurrency: 4, signal, askForMs: Number(process.argv[2]) };
const log = pino({ level: 'silent' });
withDeps({ settings, log, concurrency: 4 }, (deps) => runInline(deps, options)).then((results) =>
  console.log(JSON.stringify(results)),
);
