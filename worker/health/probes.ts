import type { NativeConnection, WorkerStatus } from '@temporalio/worker';
import { addressOf } from '../../activities/connecting/whyUnreachable';
import type { Log } from '../../activities/log';
import type { Settings } from '../../settings/settings';
import type { Finding } from './finding';
import { OwnSession } from './ownSession';
import { sparingly } from './sparingly';
import { checkTemporalServer } from './temporal';

/** What a worker answers to a probe. */
export interface Health {
  readonly ok: boolean;
  /**
   * Of each check 'ok', 'warning' or 'failed', and of the worker itself 'starting', 'running',
   * 'shutting down' or 'failed'. Without reasons, since anybody may ask: they are in the log.
   */
  readonly checks: Readonly<Record<string, string>>;
}

/** Probes of a worker, as Kubernetes knows them. */
export interface Probes {
  /** False: only a restart helps. That the answer comes at all shows that the event loop turns. */
  live(): Health;
  /** False: it can't work now, because it starts or ends, or what it needs does not answer. */
  ready(): Promise<Health>;
}

/** What the probes of a worker need. */
export interface ProbedParts {
  readonly settings: Settings;
  readonly log: Log;
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly status: () => Pick<
    WorkerStatus,
    'runState' | 'workflowPollerState' | 'activityPollerState'
  >;
}

/** Both checks run at the same time, so an answer takes so long at most. Milliseconds. */
const WITHIN = 2_000;

/** Creates the probes of a worker. `close()` ends what they have opened. */
export function createProbes(parts: ProbedParts): Probes & { close(): void } {
  const session = new OwnSession(parts.settings.databaseUrl);
  const database = sparingly(
    'database',
    () => session.check(),
    WITHIN,
    () => session.end(),
  );
  const temporal = sparingly('temporal', () => askTemporal(parts), WITHIN);
  const log = logChanges(parts.log);
  return {
    live: () => {
      const worker = stateOf(parts);
      return { ok: worker !== 'failed', checks: { worker } };
    },
    ready: async () => {
      const worker = stateOf(parts);
      if (worker !== 'running') return { ok: false, checks: { worker } };
      const findings = (await Promise.all([database(), temporal()])).flat();
      log(findings);
      const states = findings.map(({ check, state }) => [check, state]);
      return {
        ok: findings.every(({ state }) => state !== 'failed'),
        checks: { worker, ...Object.fromEntries(states) },
      };
    },
    close: () => session.end(),
  };
}

function askTemporal({ settings, connection, namespace }: ProbedParts): Promise<Finding[]> {
  const address = addressOf(settings.temporal.connectionOptions);
  // The call itself ends, too: calls to a server that is away must not pile up.
  return connection.withDeadline(Date.now() + WITHIN, () =>
    checkTemporalServer(connection, namespace, address),
  );
}

function stateOf({ status }: ProbedParts): 'starting' | 'running' | 'shutting down' | 'failed' {
  const { runState, workflowPollerState, activityPollerState } = status();
  const failed = [runState, workflowPollerState, activityPollerState].includes('FAILED');
  if (failed) return 'failed';
  if (runState === 'INITIALIZED') return 'starting';
  return runState === 'RUNNING' ? 'running' : 'shutting down';
}

/** Logs what is wrong when it changes, and not at each probe. */
function logChanges(log: Log): (findings: readonly Finding[]) => void {
  let logged = '';
  return (findings) => {
    const wrong = findings.filter(({ state }) => state === 'failed');
    const text = wrong.map(({ check, message }) => `${check}: ${message}`).join('; ');
    if (text === logged) return;
    if (text) log.warn(`not ready: ${text}`);
    else log.info('ready again');
    logged = text;
  };
}
