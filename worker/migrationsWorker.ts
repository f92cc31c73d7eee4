import { existsSync } from 'node:fs';
import { type NativeConnection, Worker } from '@temporalio/worker';
import { noNamespace } from '../activities/explainTemporal';
import type { Log } from '../activities/log';
import { versionOf } from '../jobs/buildId';
import type { Settings } from '../settings/settings';
import { deploymentOptions } from './deployment';
import { createProbes, type Probes } from './health/probes';
import { identity } from './identity';
import type { Opened } from './openActivities';
import { CanNotStart, waitFor } from './waitFor';
import { migrationsWorkerOptions } from './workerOptions';
import { workflowBundle } from './workflowBundle';

/**
 * A worker for migrations. An application's own health endpoint may ask its probes, `live()` and
 * `ready()`, as often as it likes: they look at the servers once a second at most.
 */
export interface MigrationsWorker extends Probes {
  /**
   * Polls the task queue until `shutdown()`, or until Temporal's runtime gets one of its shutdown
   * signals. Then running attempts stop at a safe point, and another worker can go on with them.
   * Resolves when they have stopped and what the worker has opened is closed. The connection that it
   * was given stays open.
   * @throws what Worker.run() of Temporal's SDK throws
   */
  run(): Promise<void>;
  /** Makes `run()` end. May be called at any time, and more than once. */
  shutdown(): void;
}

/**
 * Creates a worker over an open connection.
 * @param opened closed when the worker has ended, or can't be created
 * @throws CanNotStart when the namespace does not exist
 */
export async function createWorker(
  settings: Settings,
  log: Log,
  connection: NativeConnection,
  namespace: string,
  opened: Opened,
): Promise<MigrationsWorker> {
  try {
    await waitFor(
      `Temporal's namespace ${namespace}`,
      () => describeNamespace(connection, namespace),
      settings.LRM_WAIT,
      log,
    );
    const version = await versionOf(settings);
    const worker = await Worker.create({
      ...migrationsWorkerOptions,
      ...deploymentOptions(version),
      connection,
      identity: identity(),
      namespace,
      workflowBundle: { codePath: workflowBundle },
      activities: opened.activities,
      ...(opened.interceptors && { interceptors: opened.interceptors }),
      dataConverter: opened.dataConverter,
    });
    opened.startMetrics();
    const status = () => worker.getStatus();
    const probes = createProbes({ settings, log, connection, namespace, status });
    const ready = { identity: identity(), jobs: settings.LRM_JOBS_DIR, ...version };
    return handle(worker, opened, probes, log, ready);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** @throws CanNotStart in a checkout that is not built */
export function requireBundle(): void {
  if (!existsSync(workflowBundle)) throw new CanNotStart('not built; type: npm run build');
}

function handle(
  worker: Worker,
  opened: Opened,
  probes: ReturnType<typeof createProbes>,
  log: Log,
  ready: object,
): MigrationsWorker {
  let running: Promise<void> | undefined;
  let asked = false;
  const stop = () => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const poll = async () => {
    try {
      const polling = worker.run();
      // Also when it was asked to end before it began: only a worker that has run is disposed of.
      if (asked) stop();
      log.info(ready, 'worker ready');
      await polling;
      log.info('worker stopped');
    } finally {
      probes.close();
      await opened.close();
    }
  };
  return {
    live: probes.live,
    ready: probes.ready,
    run: () => {
      running ??= poll();
      return running;
    },
    shutdown: () => {
      asked = true;
      // A worker that never ran has no run() that would close it. Its run() then ends at once.
      if (running) stop();
      else {
        running = poll();
        // Its error is the one of run(), which may never be called.
        running.catch(() => {});
      }
    },
  };
}

/** gRPC's status code NOT_FOUND. */
const NOT_FOUND = 5;

async function describeNamespace(connection: NativeConnection, namespace: string): Promise<void> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
  } catch (error) {
    if ((error as { code?: unknown })?.code !== NOT_FOUND) throw error;
    throw new CanNotStart(noNamespace(namespace));
  }
}
