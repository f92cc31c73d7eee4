/** Who works with our tables. The owner has made them, and needs no grants. */
export type Part = 'worker' | 'operator' | 'visitor';

/** What a role may do with the rows of a table. True: in all columns. It may always read them. */
export interface TableRights {
  readonly insert?: true | readonly string[];
  readonly update?: true | readonly string[];
  readonly delete?: true;
}

export type Rights = Readonly<Record<string, TableRights>>;

/** How a walk keeps its place. */
const WALKS: Rights = {
  walks: { insert: true, update: true },
  finished_ranges: { insert: true, delete: true },
  canaries: { insert: true, update: true, delete: true },
};

/** What an operator's command writes that asks for something, and nothing that an attempt has found. */
const REQUEST = ['request', 'request_reason', 'requested_by', 'requested_at'];

/**
 * What each of them writes, by table. It reads all of our tables. Nobody but the owner may change
 * tables, empty them at once, or write what was applied to them.
 */
export const RIGHTS: Readonly<Record<Part, Rights>> = {
  /**
   * A worker, and the jobs in it. It can't register migrations, nor remove them, nor the attempts of
   * the past.
   */
  worker: {
    ...WALKS,
    migrations: { update: true },
    attempts: { insert: true, update: true },
    steps: { insert: true, update: true },
    skipped_rows: { insert: true, update: true, delete: true },
  },
  /** Who types lrm. Can't begin an attempt, nor store that a range, a walk or a step is done. */
  operator: {
    migrations: {
      insert: ['name', 'input', 'status', ...REQUEST],
      update: [
        'status',
        'direction',
        'current_attempt',
        'claim_scheduled_at',
        'waits_for',
        // For `lrm retry --from-start` and `lrm revert`.
        'generation',
        'checkpoint',
        'checkpoint_version',
        'rows_done',
        'rows_total',
        'started_at',
        'completed_at',
        'updated_at',
        ...REQUEST,
      ],
      delete: true,
    },
    // What a dead worker can't write any more.
    attempts: { update: ['ended_at', 'outcome', 'error', 'databases'], delete: true },
    walks: { delete: true },
    finished_ranges: { delete: true },
    steps: { delete: true },
    skipped_rows: { update: ['again', 'accepted_at', 'accepted_by'], delete: true },
  },
  /** In a further database, the role of LRM_DATABASE_<NAME>_URL: walks of other migrations. */
  visitor: {
    ...WALKS,
    walks: { insert: true, update: true, delete: true },
    visiting_attempts: { insert: true, update: true, delete: true },
  },
};

/** One right, as has_table_privilege() and has_column_privilege() name it. */
export interface Right {
  readonly table: string;
  readonly privilege: 'INSERT' | 'UPDATE' | 'DELETE';
  /** Null: in the whole table. */
  readonly column: string | null;
}

/** All rights of a part, one by one. */
export function rightsOf(part: Part): Right[] {
  return Object.entries(RIGHTS[part]).flatMap(([table, rights]) => [
    ...inColumns(table, 'INSERT', rights.insert),
    ...inColumns(table, 'UPDATE', rights.update),
    ...inColumns(table, 'DELETE', rights.delete),
  ]);
}

function inColumns(
  table: string,
  privilege: Right['privilege'],
  columns: true | readonly string[] = [],
): Right[] {
  if (columns === true) return [{ table, privilege, column: null }];
  return columns.map((column) => ({ table, privilege, column }));
}
