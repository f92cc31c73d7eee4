import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { JobContext } from '../../../jobs/context';
import { defineJob } from '../../../jobs/defineJob';
import { safePathText } from '../../../jobs/process/inputProblem';
import { checkInput, inputFor, readInputSchema } from '../../../jobs/thread/input';

const schema = z.object({
  days: z.number().int(),
  tenant: z.object({ id: z.string() }).optional(),
});

test('a schema may change the value, and may be async', async () => {
  const later = schema.transform(async ({ days }) => ({ hours: days * 24 }));
  expect(await checkInput(readInputSchema(later), { value: { days: 2 } })).toEqual({
    value: { hours: 48 },
    problems: [],
  });
});

test('without a schema the input is what was registered, also null; without either it is undefined', async () => {
  expect(await inputFor('0001_a', undefined, { value: null })).toBeNull();
  expect(await inputFor('0001_a', undefined, { value: { any: 1 } })).toEqual({ any: 1 });
  expect(await inputFor('0001_a', undefined, undefined)).toBeUndefined();
});

test('what does not fit is named by its path', async () => {
  const value = { days: 'x', tenant: { id: 7 } };
  const { problems } = await checkInput(schema, { value });
  expect(problems.map(({ path }) => path)).toEqual([['days'], ['tenant', 'id']]);
});

describe('the error of an attempt', () => {
  test('names the fields and what to type, and quotes no value', async () => {
    const strict = z.object({ email: z.string().refine(() => false, { error: 'bad secret@x.y' }) });
    const error = inputFor('0001_a:t', strict, { value: { email: 'secret@x.y' } });
    await expect(error).rejects.toThrow(
      'input.email: does not fit the schema that the job exports as input. To give it another one: ' +
        "npx lrm unregister 0001_a:t --yes, then npx lrm register 0001_a:t --input '{…}'",
    );
    await expect(error).rejects.not.toThrow('secret@x.y');
  });

  test('says when there is none', async () => {
    await expect(inputFor('0001_a', schema, undefined)).rejects.toThrow(
      'it was registered without an input, and the schema that the job exports as input needs one (input)',
    );
  });

  test('shows no key that may be data', () => {
    expect(safePathText(['users', 'secret@x.y', 3, 'name'])).toBe('input.users["…"][3].name');
  });
});

test.each([[{}], [null], ['text'], [() => true], [{ '~standard': { version: 2 } }]])(
  'export const input = %j is refused with what to write',
  (exported) => {
    expect(() => readInputSchema(exported)).toThrow(
      'input: is not a Standard Schema (zod, valibot, arktype); write export const input = z.object(',
    );
  },
);

test('a schema that is a function, as those of arktype are, is one', async () => {
  const type = Object.assign(() => {}, {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: () => ({ issues: [{ message: 'no', path: [{ key: 'a' }, 0] }] }),
    },
  });
  expect(await checkInput(readInputSchema(type), undefined)).toEqual({
    problems: [{ path: ['a', 0], message: 'no' }],
  });
});

test('defineJob types job.input by the schema; without one it is unknown', () => {
  defineJob({
    input: schema,
    run(job) {
      const days: number = job.input.days;
      const target: string | undefined = job.target;
      return [days, target];
    },
  });
  defineJob({
    run(job) {
      // @ts-expect-error: it is unknown
      return job.input.days;
    },
  });
  const run = (job: JobContext<z.infer<typeof schema>>) => job.input.days.toFixed();
  expect(run).toBeInstanceOf(Function);
});
