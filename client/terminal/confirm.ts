import { createInterface } from 'node:readline/promises';
import { OperationRefused } from '../../drizzle/rows/operationRefused';
import { firstOf } from '../../settings/firstOf';
import { UsageError } from '../../settings/usageError';

/** More would push the question off the screen. */
const NAMED_AT_MOST = 10;

/**
 * Asks about several migrations.
 * @param states a line for each of them: '0001_sample has done 7 rows'
 * @throws the errors of {@link confirm}
 */
export const confirmAll = (states: readonly string[], question: string): Promise<void> =>
  confirm(`${firstOf(states, NAMED_AT_MOST).join('; ')}. ${question}`, '--yes');

/**
 * Asks the operator.
 * @param insteadOfAsking the option that a script uses instead
 * @throws OperationRefused when the answer is not yes; UsageError without a terminal
 */
export async function confirm(question: string, insteadOfAsking: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new UsageError(`${question} There is no terminal to ask on: add ${insteadOfAsking}`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and Ctrl-D count as no.
  const answer = await Promise.race([
    terminal.question(`${question} [y/N] `),
    new Promise<string>((resolve) => terminal.once('close', () => resolve(''))),
  ]);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new OperationRefused('nothing was changed');
}
