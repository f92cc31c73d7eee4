import { createInterface } from 'node:readline/promises';
import { OperationRefused } from '../../drizzle/rows/operationRefused';
import { UsageError } from '../../settings/usageError';
import { isKind, KIND_NAMES, type KindName, kindLines } from './kinds/index';

/** What most migrations are. */
export const DEFAULT_KIND: KindName = 'batches';

/**
 * Asks for the kind of a job. An empty answer is the default.
 * @throws UsageError for another answer than a kind or its number; OperationRefused for none (Ctrl-C)
 */
export async function askKind(
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<KindName> {
  const terminal = createInterface({ input, output });
  const lines = kindLines().map((line, at) => `  ${at + 1}  ${line}`);
  output.write(`What does it do?\n${lines.join('\n')}\n`);
  const answer = await Promise.race([
    terminal.question(`Kind or number [${DEFAULT_KIND}]: `),
    new Promise<undefined>((resolve) => terminal.once('close', () => resolve(undefined))),
  ]);
  terminal.close();
  if (answer === undefined) throw new OperationRefused('nothing was changed');
  return readKind(answer.trim() || DEFAULT_KIND);
}

function readKind(answer: string): KindName {
  const kind = /^\d+$/.test(answer) ? KIND_NAMES[Number(answer) - 1] : answer;
  if (kind !== undefined && isKind(kind)) return kind;
  throw new UsageError(
    `'${answer}' is not a kind of job: type one of ${KIND_NAMES.join(', ')}, or its number`,
  );
}
