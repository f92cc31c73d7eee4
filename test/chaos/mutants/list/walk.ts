import type { Edit, Mutant } from '../mutant';

const WALK = 'jobs/context/walk/tableWalk.ts';
const STORE = 'jobs/context/walk/store.ts';

const NO_LAST_STATEMENT: Edit = {
  file: WALK,
  find: 'const last = this.attempt.dry ? undefined : store;',
  replace: 'const last = undefined;',
};

/** The range is stored in another transaction than the one that was entered. */
const IN_ANY_TRANSACTION: Edit = {
  file: STORE,
  find: 'case when pg_current_xact_id()::text <> ${transactionId}::text',
  replace: 'case when ${transactionId}::text is null',
};

/** Each row takes effect exactly once. */
export const OF_WALKS: readonly Mutant[] = [
  {
    name: 'range-stored-after-its-transaction',
    breaks: 'a batch that has committed is done again after a crash',
    edits: [
      NO_LAST_STATEMENT,
      IN_ANY_TRANSACTION,
      {
        file: WALK,
        find: "return rows[0] && BigInt(String(rows[0]['id']));",
        replace: `const later = store(result as boolean);
      if (!later || rows.length > 0) return undefined;
      const [stored] = await this.attempt.db.$client.unsafe(later.text, later.params as never[]);
      return stored && BigInt(String(stored['id']));`,
      },
    ],
    scenario: 'killed at the end of a batch',
  },
  {
    name: 'range-stored-before-its-transaction',
    breaks: 'a batch that did not commit is never done',
    edits: [
      NO_LAST_STATEMENT,
      IN_ANY_TRANSACTION,
      {
        file: WALK,
        find: 'const { result, rows } =',
        replace: `const none = { transactionId: '' } as Entered;
      const first = statement(this.attempt.db, insertFinished(this.row, this.#key, none, range));
      const rows = await this.attempt.db.$client.unsafe(first.text, first.params as never[]);
      const { result } =`,
      },
    ],
    scenario: 'killed at the end of a batch',
  },
  {
    name: 'fold-without-order',
    breaks: 'a late fold puts the mark back to before ranges that are deleted: they are done again',
    edits: [
      {
        file: WALK,
        find: 'this.#folding = this.#folding.then(async () => {',
        replace: 'this.#folding = Promise.resolve().then(async () => {',
      },
      {
        file: STORE,
        find: 'sql`${walks.lowWaterMark} is not distinct from ${literal(mark)}`,',
        replace: 'sql`${mark === undefined} is not true`,',
      },
    ],
    scenario: 'late fold',
  },
  {
    name: 'error-swallowed',
    breaks: 'a batch whose body failed counts as done',
    edits: [
      {
        file: 'jobs/context/inBatches.ts',
        find: 'await (dry ? dry.watch(() => this.body(tx, batch)) : this.body(tx, batch));',
        replace:
          'await Promise.resolve(dry ? undefined : this.body(tx, batch)).catch(() => undefined);',
      },
    ],
    scenario: 'body that fails once',
  },
  {
    name: 'skipped-row-not-recorded',
    breaks: 'a row that was left out is not known to anybody',
    edits: [
      {
        file: 'jobs/context/badRows.ts',
        find: 'await insertSkipped(tx, walk.stored, only, found);',
        replace: 'await Promise.resolve(found && insertSkipped);',
      },
    ],
    scenario: 'bad rows',
  },
  {
    name: 'lost-answer-taken-for-a-rollback',
    breaks: 'a batch whose COMMIT worked, but whose answer was lost, is done again',
    edits: [
      {
        file: 'jobs/context/walk/trouble.ts',
        find: "  '57014': 'timeout',",
        replace: "  CONNECTION_CLOSED: 'conflict', ECONNRESET: 'conflict',\n  '57014': 'timeout',",
      },
      {
        file: 'jobs/thread/session.ts',
        find: '      lost = true;\n      onLost();',
        replace: '      void onLost;',
      },
      {
        file: STORE,
        find: 'if (moved.length !== 1 || deleted.length !== ranges.length) {',
        replace: 'if (moved.length !== 1) {',
      },
    ],
    scenario: 'answer to COMMIT swallowed',
  },
];
