import { QueryNotRegisteredError, WorkflowFailedError } from '@temporalio/client';
import { waitFor } from '../../../support/waitFor';
import type { ChaosSet } from '../../chaosSet';
import { type Fault, NothingToBreak } from '../../fault';
import { PATIENCE, whileItRuns } from '../support/attempts';
import { RUN, readRun, requireOneRun } from '../support/runs';

const UNKNOWN = 'noSuchSignal';

/** What anybody can type in the Web UI. A run ignores it, and says so in its Current Details. */
const SIGNALS: readonly (readonly [string, ...unknown[]])[] = [
  [UNKNOWN, { any: 'thing' }],
  ['statusChanged', 'a text'],
  ['statusChanged', { began: 7, attempt: 'x' }],
  ['statusChanged', { began: '0001_not_running', attempt: 1 }],
  ['finalizeMigrations', null],
  ['finalizeMigrations', [{ name: '../../etc/passwd', throttled: true }]],
  ['finalizeMigrations', [{ name: '9998_not_registered', throttled: false }]],
  ['finalizeMigrations', 'x'.repeat(10_000)],
  ['tick', 'too', 'many', 'arguments'],
];

const signals: Fault = {
  kind: 'wrong signals and queries to the run',
  part: 'temporal',
  inflict: async ({ set, random }) => {
    await whileItRuns(set, PATIENCE);
    const { workflow } = set.temporal.client;
    const run = await readRun(set);
    if (run?.status.name !== 'RUNNING') throw new NothingToBreak('no run is going');
    const handle = workflow.getHandle(RUN, run.runId);
    const sent = Array.from({ length: random.integer(3, 12) }, () => random.pick(SIGNALS));
    for (const [name, ...args] of sent) await handle.signal(name, ...args);
    await handle.signal(UNKNOWN);
    await waitFor('the run to say what it ignores', async () => {
      const state = await handle.query<{ ignored: readonly string[] }>('runState');
      // It may have ended meanwhile: then nobody reads signals any more.
      const over = (await handle.describe()).status.name !== 'RUNNING';
      return over || state.ignored.some((each) => each.includes(UNKNOWN));
    });
    await requireNoSuchQuery(set);
    return `${sent.length} wrong signals and a wrong query`;
  },
};

async function requireNoSuchQuery({ temporal }: ChaosSet): Promise<void> {
  try {
    await temporal.client.workflow.getHandle(RUN).query('noSuchQuery');
  } catch (error) {
    if (error instanceof QueryNotRegisteredError) return;
    throw error;
  }
  throw new Error('the run has answered a query that it does not know');
}

/** Under another workflow ID it would run beside the run. It fails at once and touches nothing. */
const otherId: Fault = {
  kind: 'the run started under another workflow ID',
  part: 'temporal',
  inflict: async ({ set, random }) => {
    const { workflow } = set.temporal.client;
    const handle = await workflow.start('executeLongRunningMigrations', {
      workflowId: `by-hand-${random.integer(1, 1_000_000_000)}`,
      taskQueue: RUN,
      workflowExecutionTimeout: '1 minute',
    });
    try {
      await handle.result();
    } catch (error) {
      const why = error instanceof WorkflowFailedError ? error.cause?.message : undefined;
      if (!why?.includes(RUN)) throw error;
      await requireOneRun(set);
      return `it failed: ${why}`;
    }
    throw new Error('a run under another workflow ID has run');
  },
};

export const byHand: readonly Fault[] = [signals, otherId];
