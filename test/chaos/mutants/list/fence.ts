import type { Mutant } from '../mutant';

const FENCE = 'drizzle/rows/fence.ts';
const CLAIM = 'drizzle/rows/claim.ts';

/** No two attempts take effect at once. */
export const OF_THE_FENCE: readonly Mutant[] = [
  {
    name: 'fence-removed',
    breaks: 'an older attempt goes on writing beside a newer one',
    edits: [
      {
        file: FENCE,
        find: 'from ${migrations} where ${ifCurrent(attempt)}`',
        replace: 'from ${migrations} where ${migrations.name} = ${attempt.migration}`',
      },
    ],
    scenario: 'takeover',
  },
  {
    name: 'lock-and-check-in-one-statement',
    breaks:
      'the check sees a snapshot from before the lock, so a batch commits after a newer claim',
    edits: [
      {
        file: FENCE,
        find: 'sql`select pg_advisory_xact_lock_shared(${key(migration)}) ${more}`',
        replace: 'sql`select ${migration}::text as migration ${more}`',
      },
      {
        file: FENCE,
        find: ': sql`select ${SERVER} as server ${more} from',
        replace:
          ': sql`select ${SERVER} as server, pg_advisory_xact_lock_shared(${key(attempt.migration)}) ${more} from',
      },
    ],
    scenario: 'takeover',
  },
  {
    name: 'repeatable-read',
    breaks:
      'the check sees a snapshot from before the lock, so a batch commits after a newer claim',
    edits: [
      {
        file: 'drizzle/transaction.ts',
        find: "'isolation level read committed read write'",
        replace: "'isolation level repeatable read read write'",
      },
    ],
    scenario: 'takeover',
  },
  {
    name: 'claim-without-lock',
    breaks: 'a claim does not wait for a batch that is under way, which then commits after it',
    edits: [
      {
        file: FENCE,
        find: 'sql`select pg_advisory_xact_lock(${key(migration)})`',
        replace: 'sql`select ${migration}::text`',
      },
    ],
    scenario: 'takeover in a batch',
  },
  {
    name: 'sessions-not-ended',
    breaks: 'a statement of an older attempt takes effect beside a newer attempt',
    edits: [
      {
        file: 'drizzle/rows/sessions.ts',
        find: 'if (attemptIds.length === 0) return [];',
        replace: 'if (attemptIds.length >= 0) return [];',
      },
    ],
    scenario: 'takeover of a statement',
  },
  {
    name: 'late-claim-accepted',
    breaks: 'a worker that was frozen takes a migration from its successor, which is at work',
    edits: [
      {
        file: CLAIM,
        find: 'sql<boolean>`(\n  coalesce(${migrations.claimScheduledAt}',
        replace: 'sql<boolean>`(false and\n  coalesce(${migrations.claimScheduledAt}',
      },
    ],
    scenario: 'late claim',
  },
  {
    name: 'heartbeats-never-given-up',
    breaks: 'the job of a frozen worker goes on outside of the database beside a newer attempt',
    edits: [
      {
        file: 'jobs/process/main.ts',
        find: 'if (performance.now() - received > milliseconds) end();',
        replace: 'if (performance.now() - received < 0) end();',
      },
    ],
    scenario: 'frozen worker',
  },
];
