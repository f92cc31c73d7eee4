/**
 * `npm run chaos -- --minutes N --seed S`: breaks a real set of servers and workers in all ways it knows,
 * and judges afterwards whether anything was lost, done twice or left behind.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UsageError } from '../../settings/usageError';
import { type Arguments, readArguments } from './arguments';
import type { Fault } from './fault';
import { FAULTS } from './faults';
import { buildMutant } from './mutants/build';
import { findMutant } from './mutants/list';
import { Interrupted, run } from './run';

const say = (line: string): void => console.log(line);

async function main(): Promise<void> {
  const asked = readArguments(process.argv.slice(2));
  const { faults, notDone } = choose(asked);
  if (asked.list) {
    for (const { kind, part } of FAULTS) {
      say(
        `${part.padEnd(10)} ${kind}${notDone.has(kind) ? ` (not here: ${notDone.get(kind)})` : ''}`,
      );
    }
    return;
  }
  const folder = asked.keep
    ? path.resolve(asked.keep)
    : mkdtempSync(path.join(tmpdir(), 'lrm-chaos-'));
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interruption.abort());
  }
  say(`seed ${asked.seed}`);
  const { signal } = interruption;
  const build = asked.mutant ? buildMutant(findMutant(asked.mutant)) : undefined;
  try {
    const found = await run(asked, { folder, faults, notDone, script: build?.worker, signal, say });
    tell(found, asked, folder);
  } catch (error) {
    if (error instanceof Interrupted && !asked.keep)
      rmSync(folder, { recursive: true, force: true });
    else say(`what the run has left: ${folder}`);
    throw error;
  } finally {
    build?.remove();
  }
}

function tell(found: readonly string[], asked: Arguments, folder: string): void {
  for (const line of found) say(`FOUND  ${line}`);
  say(
    found.length === 0
      ? 'passed: nothing lost, nothing done twice'
      : `failed: ${found.length} findings`,
  );
  if (found.length > 0 || asked.keep) say(`what the run has left: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
  process.exitCode = found.length === 0 ? 0 : 1;
}

/** @throws UsageError for a kind that there is not, or that this machine can't make */
function choose({ only }: Arguments): { faults: readonly Fault[]; notDone: Map<string, string> } {
  const unknown = only.find((kind) => !FAULTS.some((fault) => fault.kind === kind));
  if (unknown !== undefined)
    throw new UsageError(`--only: there is no fault '${unknown}'; --list names all`);
  const wanted = FAULTS.filter(({ kind }) => only.length === 0 || only.includes(kind));
  const notDone = new Map<string, string>();
  for (const { kind, unavailable } of wanted) {
    const why = unavailable?.();
    if (why) notDone.set(kind, why);
  }
  if (only.length > 0 && notDone.size > 0) {
    const [[kind, why] = []] = notDone;
    throw new UsageError(`--only: '${kind}' can't be made here: ${why}`);
  }
  return { faults: wanted.filter(({ kind }) => !notDone.has(kind)), notDone };
}

main()
  .catch((error: Error) => {
    const known = error instanceof UsageError || error instanceof Interrupted;
    console.error(known ? error.message : error);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  })
  .finally(() => process.exit());
