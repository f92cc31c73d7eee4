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

/** Stands before the error of an attempt that reverts: every text that shows it says what failed. */
export const REVERT_FAILED = `${WHILE}: `;

/** The error as it follows {@link statusText}, which may have said that already. */
export const errorAfterStatus = ({ error, ...row }: Row & Pick<Migration, 'error'>) =>
  error?.startsWith(REVERT_FAILED) && statusText(row).endsWith('reverting')
    ? error.slice(REVERT_FAILED.length)
    : error;

const REVERTING: Partial<Record<Row['status'], string>> = {
  created: 'to be reverted',
  in_progress: 'reverting',
};
