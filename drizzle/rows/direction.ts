import type { Migration } from '../schema';

type Row = Pick<Migration, 'status' | 'direction'>;

/** Whether a migration runs revert(), or would when it goes on. */
export const isReverting = ({ status, direction }: Row): boolean =>
  direction === 'revert' && status !== 'reverted';

/** The status as a sentence needs it: 'failed', 'failed while reverting'. */
export const statusText = (row: Row): string =>
  isReverting(row) ? `${row.status} ${REVERTING[row.status] ?? WHILE}` : row.status;

/** What a table says beside the status; null when it runs forward. */
export const revertNote = (row: Row): string | null =>
  isReverting(row) ? (REVERTING[row.status] ?? WHILE) : null;

const WHILE = 'while reverting';

const REVERTING: Partial<Record<Row['status'], string>> = {
  created: 'to be reverted',
  in_progress: 'reverting',
};
