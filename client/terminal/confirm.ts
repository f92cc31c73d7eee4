import { createInterface } from 'node:readline/promises';
import { OperationRefused } from '../../drizzle/rows/operationRefused';
import { UsageError } from '../../settings/usageError';

/**
 * Asks a person.
 * @param insteadOfAsking the option that a script would give
 * @throws OperationRefused when the answer isn't yes; UsageError when there is nobody to ask
 */
export async function confirm(question: string, insteadOfAsking: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new UsageError(`${question} There is no terminal to ask at: add ${insteadOfAsking}`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and Ctrl-D are a no.
  const answer = await Promise.race([
    terminal.question(`${question} [y/N] `),
    new Promise<string>((resolve) => terminal.once('close', () => resolve(''))),
  ]);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new OperationRefused('nothing was changed');
}
