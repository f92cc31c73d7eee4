import { z } from 'zod';
import { BATCH_SECONDS } from '../context/batchTimes';
import type { Description } from './describeError';
import type { FromJobProcess } from './messages';

const description: z.ZodType = z.lazy(() =>
  z.looseObject({
    name: z.string(),
    origin: z.enum([
      'postgres',
      'driver',
      'language',
      'ours',
      'author',
      'no error',
    ] satisfies Description['origin'][]),
    message: z.string().optional(),
    code: z.string().optional(),
    place: z.string().optional(),
    schema: z.string().optional(),
    table: z.string().optional(),
    column: z.string().optional(),
    constraint: z.string().optional(),
    objects: z.string().optional(),
    causes: z.array(description),
  }),
);

/** More batches than fit between two messages. The worker records each one. */
const count = z.number().int().min(0).max(10_000);
const size = z.number().min(0);

const batches = z.object({
  times: z
    .array(z.tuple([z.number().int().min(0).max(BATCH_SECONDS.length), count, size]))
    .max(BATCH_SECONDS.length + 1),
  retried: z.object({
    timeout: count.optional(),
    conflict: count.optional(),
    data: count.optional(),
  }),
  sampled: z
    .array(
      z.object({
        walk: z.string(),
        table: z.string(),
        rows: size,
        endedAt: size,
        ms: size,
        leftOut: z.number().int().min(0),
      }),
    )
    .max(1_000)
    .optional(),
  pace: z.object({ lanes: size, batchSeconds: size, slowdown: size.nullable() }).nullable(),
});

/** Values from the author (progress, fields of a log line) are checked where they are used. */
const message = z.discriminatedUnion('type', [
  z.object({ type: z.literal('stored'), sum: z.string().nullable() }),
  z.object({
    type: z.literal('facts'),
    facts: z.object({
      options: z.looseObject({}),
      dependsOn: z.array(z.object({ name: z.string(), or: z.array(z.string()) })),
      ready: z.boolean(),
      reverts: z.boolean(),
    }),
  }),
  z.object({
    type: z.literal('inputsChecked'),
    problems: z.array(
      z.array(z.object({ path: z.array(z.union([z.string(), z.number()])), message: z.string() })),
    ),
  }),
  z.object({ type: z.literal('answer'), reason: z.string().nullable() }),
  z.object({ type: z.literal('running') }),
  z.object({ type: z.literal('renewed') }),
  z.object({
    type: z.literal('progress'),
    progress: z.looseObject({ details: z.looseObject({}).optional() }),
    // What is wrong here must not end the job: only its metrics are lost.
    batches: batches.optional().catch(undefined),
  }),
  z.object({ type: z.literal('progressed') }),
  z.object({
    type: z.literal('log'),
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: z.string(),
    fields: z.looseObject({}),
    early: z.literal(true).optional(),
  }),
  z.object({ type: z.literal('hasRows'), over: z.string() }),
  z.object({
    type: z.literal('dry'),
    news: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('batch'), batch: z.looseObject({}) }),
      z.object({ kind: z.literal('scan'), scan: z.looseObject({}) }),
      z.object({ kind: z.literal('enough') }),
      z.object({ kind: z.literal('refused'), what: z.string() }),
    ]),
  }),
  z.object({ type: z.literal('session'), database: z.string().optional() }),
  z.object({
    type: z.literal('returned'),
    stopped: z.boolean(),
    usedDatabase: z.boolean(),
  }),
  z.object({
    type: z.literal('failed'),
    during: z.enum(['load', 'run', 'verify', 'elsewhere']),
    error: description,
    batch: z
      .object({
        walk: z.string(),
        table: z.string(),
        rows: z.number(),
        after: z.array(z.string()).nullable(),
        upto: z.array(z.string()),
      })
      .optional(),
    detail: z.string().optional(),
  }),
  z.object({ type: z.literal('exited'), code: z.number() }),
]);

/** A message of a job process, or undefined for anything else that was written to the channel. */
export function readReceived(value: unknown): FromJobProcess | undefined {
  const { data } = message.safeParse(value);
  return data as FromJobProcess | undefined;
}
