import { database } from '../../drizzle/database';
import type { DryRun } from '../context/dryRun';
import { JobUsageError } from '../context/jobUsageError';
import type { RunInput } from '../process/messages';
import { OtherSessions } from './otherSessions';
import { rolledBack, watched } from './rolledBack';
import { guarded, mainPlace, type Sessions } from './session';

/** Outside of transactions, sessions of a dry run can only read. */
const READ_ONLY = { settings: { default_transaction_read_only: 'on' } };

function refuse(): never {
  throw new JobUsageError(
    'a dry run works in the main database alone: it can not roll back what is done in another one',
  );
}

/** The sessions of a dry run. All their transactions are rolled back, also those of the job's own. */
export function openDrySessions(input: RunInput, onLost: () => void, dry: DryRun): Sessions {
  const pool = () => guarded(input.databaseUrl, mainPlace(input), input, onLost, READ_ONLY);
  const ended = (ms: number) =>
    dry.batch({
      walk: null,
      over: 'a transaction of the job',
      rows: 0,
      matching: 1,
      ms,
      total: null,
      lanes: 1,
      dutyCycle: 1,
    });
  const ours = rolledBack(pool());
  // CREATE INDEX CONCURRENTLY can't be rolled back: here it is refused.
  const ddl = pool();
  const own = () => rolledBack(pool(), ended, (body) => watched.run(true, body));
  const [forDrizzle, sql] = [own(), own()];
  return {
    db: database(forDrizzle),
    sql,
    ours: database(ours),
    ddl,
    // Never used: a dry run is not throttled by what it would measure.
    canary: ddl,
    others: new OtherSessions(input, refuse, () => false),
    used: false,
    atTheEnd: database(ours),
    end: async () => {
      await Promise.all([forDrizzle, sql, ours, ddl].map((each) => each.end({ timeout: 1 })));
    },
  };
}
