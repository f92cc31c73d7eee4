import { plainText } from '../../settings/plainText';
import type { Migration, OperatorRequest } from '../schema';
import { isReverting, statusText } from './direction';
import { transitions } from './transitions';

/** The current state does not allow what an operator asked for. Shown as one line; exit code 1. */
export class OperationRefused extends Error {
  override readonly name: string = 'OperationRefused';
  constructor(message: string) {
    // The message may quote text from outside: who asked, or a row's error.
    super(plainText(message));
  }
}

/** There is no migration of that name. */
export class NotRegistered extends OperationRefused {
  override readonly name = 'NotRegistered';
  /** @param hint a name that the operator may have meant */
  constructor(migration: string, hint = '') {
    const before = hint === '' ? '' : `${hint} `;
    super(`${migration} is not registered (${before}npx lrm status lists what is)`);
  }
}

/**
 * Says why `asked` isn't possible: the current status, and what it allows.
 * @param skipped how many rows of the migration were skipped
 */
export function operationRefused(row: Migration, asked: string, skipped = 0): OperationRefused {
  return new OperationRefused(
    `${row.name} is ${describeStatus(row)}: can't ${asked} it. ${possible(row)}${retrySkipped(row, skipped)}`,
  );
}

/** The status, and a request that has not been carried out yet. */
function describeStatus(row: Migration): string {
  if (row.status !== 'in_progress' || !isStopRequest(row.request)) return statusText(row);
  return `in_progress and to be ${past[row.request]} (asked by ${row.requestedBy ?? 'somebody'})`;
}

function possible(row: Migration): string {
  // Not revert: few jobs have one, and it is nobody's next step by accident.
  const moves = (['pause', 'resume', 'cancel', 'retry'] as const)
    .filter((move) => transitions[move].from.includes(row.status))
    .map((move) => command(row, move));
  if (isReverting(row) && transitions.retry.from.includes(row.status))
    moves.push(`${command(row, 'retry')} --forward`);
  if (row.status === 'in_progress' && isStopRequest(row.request))
    moves.push(command(row, 'resume'));
  return `Possible: ${moves.join(', ')}`;
}

const retrySkipped = ({ name, status }: Migration, skipped: number): string =>
  status === 'completed' && skipped > 0
    ? `; for its ${skipped} skipped rows: npx lrm retry ${name} --skipped`
    : '';

const command = (row: Migration, move: OperatorRequest): string =>
  `npx lrm ${move} ${row.name}${move === 'retry' && row.status === 'completed' ? ' --from-start' : ''}`;

const past = { pause: 'paused', cancel: 'cancelled' } as const;

export const isStopRequest = (request: OperatorRequest | null): request is 'pause' | 'cancel' =>
  request === 'pause' || request === 'cancel';
