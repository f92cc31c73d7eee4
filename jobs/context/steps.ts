import type { SQL } from 'drizzle-orm';
import type { Attempt } from './attempt';
import { createIndex, type IndexOptions } from './ddl/createIndex';
import { readIndex } from './ddl/definition';
import { Queue } from './ddl/queue';
import { readConstraint, validateConstraint } from './ddl/validateConstraint';
import type { JobContext } from './index';
import { type TableReference, tableText } from './names';
import type { Nesting } from './nesting';
import { Doing } from './step/doing';
import { readStep, runStep, type StepBody, type StepOptions } from './step/step';
import type { Tally } from './walk/tally';

export type StepMember = 'step' | 'createIndexConcurrently' | 'validateConstraint';

/** The part of a job's context for what is no walk: steps and DDL. */
export function createSteps(
  attempt: Attempt,
  tally: Tally,
  nesting: Nesting,
): Pick<JobContext, StepMember> {
  const doing = new Doing(attempt);
  const queue = new Queue();
  const { parts } = tally;

  async function step(
    name: string,
    ...rest: [StepBody] | [StepOptions, StepBody]
  ): Promise<unknown> {
    const [options, body] = rest.length === 1 ? [undefined, rest[0]] : rest;
    readStep(name, options, body);
    nesting.refuseStep(name);
    return parts.once(`step '${name}'`, () =>
      runStep({ attempt, tally, nesting, doing }, name, options, body),
    );
  }

  /**
   * One after the other: two builds at a time would wait for each other's transactions.
   * @param whole what it is, with its table: in another schema, the same name is another one
   */
  function ddl(
    what: string,
    whole: string,
    work: (say: (text: string) => void) => Promise<void>,
  ): Promise<void> {
    nesting.refuseDdl(what);
    const within = nesting.step?.name;
    const label = within === undefined ? what : `${within}: ${what}`;
    return parts.repeatable(whole, within, () =>
      queue.run(() => doing.during(label, (say) => work((text) => say(`${label}: ${text}`)))),
    );
  }

  return {
    step: step as JobContext['step'],
    createIndexConcurrently: async (
      name: string,
      table: TableReference,
      definition: SQL,
      options?: IndexOptions,
    ) => {
      const wanted = readIndex(name, table, definition, options);
      const index = `index ${name}`;
      return ddl(index, `${index} of ${tableText(table)}`, (say) =>
        createIndex(attempt, wanted, say),
      );
    },
    validateConstraint: async (table: TableReference, name: string) => {
      const constraint = readConstraint(table, name);
      const whole = `constraint ${name} of ${tableText(table)}`;
      return ddl(whole, whole, (say) => validateConstraint(attempt, constraint, say));
    },
  };
}
