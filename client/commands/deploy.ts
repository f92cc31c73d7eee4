import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { OperationRefused } from '../../drizzle/rows/operationRefused';
import { type Version, versionOf } from '../../jobs/buildId';
import { duration, durationText } from '../../settings/duration';
import { UsageError } from '../../settings/usageError';
import { withAnyConnections } from '../connections';
import { makeCurrent, readCurrent, readVersionWorkers } from '../temporal/deployment';
import { tickRun } from '../temporal/run';
import { text, type Versions } from '../temporal/versions';
import { sayWhenInterrupted } from '../terminal/interrupted';
import { answer, say } from '../terminal/output';

export function addDeploy(program: Command): void {
  program
    .command('deploy')
    .description('Gives the work to the workers of this build, as soon as one polls.')
    .option('--timeout <duration>', 'give up after this long without such a worker', '5 minutes')
    .addHelpText(
      'after',
      `
For workers with a version (LRM_DEPLOYMENT). Start the new ones first: they wait.
This command waits for one of them, then makes its version current. The run moves
to it; what older workers run goes on there until they are stopped. The version
is LRM_BUILD_ID, or comes from the package's version and the code of the jobs: type
the command where the same build is, for example in the workers' image. Typing it
again is fine. Exits 1 when no such worker comes; then nothing has changed.

Examples:
  LRM_DEPLOYMENT=orders npx lrm deploy
  LRM_DEPLOYMENT=orders LRM_BUILD_ID=v41 npx lrm deploy    # back to an older build`,
    )
    .action(deploy);
}

/** Milliseconds. */
const LOOK_EVERY = 500;
const SAY_EVERY = 15_000;

async function deploy(options: { readonly timeout: string }): Promise<void> {
  const timeout = duration(options.timeout);
  if (timeout === undefined) {
    throw new UsageError(
      "--timeout is not a duration from 1 ms to 24 days; type, for example, '10 minutes'",
    );
  }
  await withAnyConnections(async ({ settings, temporal }) => {
    const version = await versionOf(settings);
    if (!version) {
      throw new UsageError(
        'LRM_DEPLOYMENT is not set, so workers have no version and get work without this command; ' +
          'to use versions, set it here and for the workers',
      );
    }
    const client = await temporal();
    const before = await readCurrent(client, version.deploymentName);
    const found = { deployment: version.deploymentName, buildId: version.buildId, before };
    if (before === version.buildId && (await readVersionWorkers(client, version)).inUse) {
      say(`${text(version)} is current already`);
      return answer({ ...found, result: 'already current' });
    }
    const workers = await sayWhenInterrupted('not waiting any longer; nothing has changed', () =>
      untilCurrent(client, version, timeout),
    );
    // A run that waits for its attempts would start what only these workers know at the next tick.
    await tickRun(client);
    const earlier = before && before !== version.buildId ? ` (before: ${before})` : '';
    say(`${text(version)} is current${earlier}; workers: ${workers.join(', ')}`);
    answer({ ...found, result: 'made current' });
  });
}

/**
 * Waits for a worker of the version, makes the version current, and waits until the task queue goes
 * by it.
 * @returns the identities of its workers
 * @throws OperationRefused at the timeout
 */
async function untilCurrent(
  client: Client,
  version: Version,
  timeout: number,
): Promise<readonly string[]> {
  const until = performance.now() + timeout;
  let made = false;
  let sayAt = 0;
  for (;;) {
    const { ready, inUse, versions } = await readVersionWorkers(client, version);
    if (ready.length > 0 && !made) made = await makeCurrent(client, version);
    if (made && inUse) return ready;
    if (performance.now() > until) throw gaveUp(version, versions, made, timeout);
    if (ready.length === 0 && performance.now() >= sayAt) {
      say(`waiting for a worker of ${text(version)}; ${whoPolls(versions)}`);
      sayAt = performance.now() + SAY_EVERY;
    }
    await sleep(LOOK_EVERY);
  }
}

function gaveUp(
  version: Version,
  versions: Versions,
  made: boolean,
  timeout: number,
): OperationRefused {
  const after = durationText(timeout);
  if (made) {
    return new OperationRefused(
      `${text(version)} is current, but its task queue has not taken that up within ${after}: npx lrm doctor`,
    );
  }
  return new OperationRefused(
    `no worker of ${text(version)} has polled within ${after}, so nothing has changed; ${whoPolls(versions)}. ` +
      "Look at the new workers' logs, and whether LRM_DEPLOYMENT, LRM_BUILD_ID and the jobs are the same here and there",
  );
}

const whoPolls = ({ polling }: Versions): string =>
  polling.length === 0 ? 'none polls' : `those that poll: ${polling.map(text).join(', ')}`;
