import fc from 'fast-check';

/** Texts that disturb a terminal, Markdown, JSON or SQL. */
export const nastyText = fc.oneof(
  fc
    .string({ unit: 'binary', maxLength: 40 })
    .map((text) => text.replaceAll('\0', '').toWellFormed()),
  fc.constantFrom(
    ...[
      '',
      ' ',
      'null',
      '../../etc/passwd',
      '\u001b[2J\u001b]0;owned\u0007',
      'a\nb\r\nc',
      '\u202egpj',
    ],
    ...[
      '<img src=x>',
      '| a | b |',
      '`x` **y**',
      '$&',
      '%s',
      "'; drop table x --",
      '\uFEFF',
      'x'.repeat(5_000),
    ],
  ),
);

const json = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value).replaceAll('\\u0000', '')),
  fc.constantFrom(
    'null',
    '[]',
    '{}',
    '""',
    '0',
    '1e300',
    '[null]',
    '{"table":null}',
    '{"__proto__":{"x":1}}',
  ),
  fc.constantFrom('{"walk":1,"table":[],"rows":"x","after":{},"upto":null}', '{"walk":"1"}'),
);
const times = fc.constantFrom(
  ...['infinity', '-infinity', '0044-03-15 BC', '294276-12-31', '1970-01-01', '10000-01-01'],
  ...['now', 'tomorrow', 'yesterday'],
);
const bigints = fc.constantFrom(
  ...['0', '-1', '1', '9223372036854775807', '-9223372036854775808', '9007199254740993'],
);
const integers = fc.constantFrom('0', '-1', '1', '2147483647', '-2147483648');
const texts = fc
  .array(fc.option(nastyText, { freq: 4 }), { maxLength: 3 })
  .map((all) => `{${all.map((each) => (each === null ? 'NULL' : JSON.stringify(each))).join()}}`);
const keys = fc.oneof(
  texts,
  fc.constantFrom('{}', '{5}', '{5,6}', '{-1}', '{1e9}', '{x}', '{{1},{2}}', '{NULL}'),
);
const statuses = fc.constantFrom(
  ...['created', 'in_progress', 'paused', 'completed', 'failed', 'cancelled', 'reverted'],
);
const outcomes = fc.constantFrom(
  ...[
    'completed',
    'failed',
    'retried',
    'timed_out',
    'interrupted',
    'superseded',
    'paused',
    'cancelled',
  ],
);

/** Columns of our tables that somebody may write by hand, with values that their constraints allow. */
const columns: Readonly<Record<string, Readonly<Record<string, fc.Arbitrary<string>>>>> = {
  migrations: {
    status: statuses,
    direction: fc.constantFrom('forward', 'revert'),
    attempts: integers,
    error: nastyText,
    input: json,
    checkpoint: json,
    checkpoint_version: bigints,
    rows_done: bigints,
    rows_total: bigints,
    current_attempt: bigints,
    epoch: fc.uuid(),
    generation: fc.uuid(),
    claim_scheduled_at: times,
    request: fc.constantFrom('pause', 'resume', 'cancel', 'retry', 'revert'),
    request_reason: nastyText,
    requested_by: nastyText,
    requested_at: times,
    waits_for: nastyText,
    step: nastyText,
    created_at: times,
    updated_at: times,
    progressed_at: times,
    started_at: times,
    completed_at: times,
  },
  attempts: {
    number: integers,
    worker: nastyText,
    run_id: nastyText,
    epoch: fc.uuid(),
    direction: fc.constantFrom('forward', 'revert'),
    started_at: times,
    heartbeat_at: times,
    ended_at: times,
    outcome: outcomes,
    error: nastyText,
    rows_done: bigints,
    job_hash: nastyText,
    databases: texts,
    failed_batch: json,
  },
  walks: {
    name: nastyText,
    shape: json,
    upper_bound: keys,
    low_water_mark: keys,
    cursor: json,
    rows_done: bigints,
    rows_total: bigints,
    created_at: times,
    completed_at: times,
  },
  steps: {
    name: nastyText,
    result: fc.oneof(nastyText, json),
    started_at: times,
    completed_at: times,
  },
  finished_ranges: { after: keys, upto: keys, rows: bigints, walk: bigints },
  skipped_rows: {
    key: keys,
    code: nastyText,
    reason: nastyText,
    skipped_at: times,
    again: fc.constantFrom('true', 'false'),
    accepted_at: times,
    accepted_by: nastyText,
    walk: bigints,
  },
};

/** One change that somebody makes by hand to what stands about a migration. */
export interface Change {
  readonly table: string;
  /** Undefined: the rows are deleted. */
  readonly column: string | undefined;
  /** Null where the column may be. */
  readonly value: string | null;
}

const writes: fc.Arbitrary<Change> = fc
  .constantFrom(
    ...Object.entries(columns).flatMap(([table, all]) =>
      Object.entries(all).map(([column, values]) => ({ table, column, values })),
    ),
  )
  .chain(({ table, column, values }) =>
    fc.option(values, { freq: 8 }).map((value) => ({ table, column, value })),
  );
const deletions: fc.Arbitrary<Change> = fc
  .constantFrom('attempts', 'walks', 'steps', 'finished_ranges', 'skipped_rows')
  .map((table) => ({ table, column: undefined, value: null }));

/** What was changed by hand about one migration. */
export const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.oneof({ weight: 12, arbitrary: writes }, { weight: 1, arbitrary: deletions }),
  { minLength: 1, maxLength: 4 },
);
