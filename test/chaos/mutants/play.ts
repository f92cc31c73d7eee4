import { randomBytes } from 'node:crypto';
import { check, type Finding } from '../checks/index';
import type { Scenario } from './scenarios/scenario';
import { openStage } from './stage/openStage';
import type { StageServers } from './stage/servers';
import { walkOver, workOn } from './stage/walkedTable';

/** How a build has stood a scenario. */
export interface Played {
  /** What must not have happened. */
  readonly findings: readonly Finding[];
  /** False: not even a plain migration is completed. A mutant that breaks everything proves nothing. */
  readonly works: boolean;
  /** From the scenario's begin to its verdict, without the start of the first worker. */
  readonly seconds: number;
}

/** A plain migration is done within a second or two. Milliseconds. */
const PLAIN_WITHIN = 60_000;

/** Plays a scenario with a build. The checker says what must not have happened. */
export async function play(
  servers: StageServers,
  scenario: Scenario,
  script: string,
): Promise<Played> {
  const stage = await openStage(servers, `play_${randomBytes(4).toString('hex')}`, script);
  let works = false;
  let began = performance.now();
  const seconds = () => (performance.now() - began) / 1_000;
  try {
    const start = stage.startWorker;
    // What a scenario's first worker does first is a plain migration.
    const withPlain: typeof start = async (env) => {
      const worker = await start(env);
      if (works) return worker;
      const table = await stage.createTable(200);
      const expected = { end: 'completed', work: workOn(table) } as const;
      await stage.migrate('0001_plain', walkOver(table), expected);
      await stage.until('0001_plain', ['completed'], PLAIN_WITHIN);
      works = true;
      began = performance.now();
      return worker;
    };
    const failure = await scenario.play({ ...stage, startWorker: withPlain }).then(
      () => undefined,
      (error: Error) => error,
    );
    const context = await stage.curtain();
    const own = failure ? [{ check: 'scenario', what: firstLine(failure) }] : [];
    const findings = [...stage.findings, ...(await check(context)), ...own];
    return { findings, works, seconds: seconds() };
  } finally {
    await stage.close();
  }
}

const firstLine = ({ message }: Error): string => message.split('\n', 1).join().slice(0, 300);
