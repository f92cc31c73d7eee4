import { createInterface } from 'node:readline/promises';
import { OperationRefused } from '../../drizzle/rows/operationRefused';
import { UsageError } from '../../settings/usageError';

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
