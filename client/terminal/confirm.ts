import { createInterface } from 'node:readline/promises';
import { Refusal } from '../../drizzle/rows/refusal';
import { WrongUse } from '../../settings/usageError';

/**
 * Asks a person.
 * @param insteadOfAsking the option that a script would give
 * @throws Refusal when the answer isn't yes; WrongUse when there is nobody to ask
 */
export async function confirm(question: string, insteadOfAsking: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new WrongUse(`${question} There is no terminal to ask at: add ${insteadOfAsking}`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and Ctrl-D are a no.
  const answer = await Promise.race([
    terminal.question(`${question} [y/N] `),
    new Promise<string>((resolve) => terminal.once('close', () => resolve(''))),
  ]);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Refusal('nothing was changed');
}
