import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import fc from 'fast-check';
import { nastyText } from '../rows/handWritten';

type Payload = temporal.api.common.v1.IPayload;

/** What somebody does with Temporal's CLI or a client of his own, beside a run. */
export type Act =
  | {
      readonly kind: 'start';
      readonly type: string;
      readonly id: string;
      readonly input: Payload[];
    }
  | {
      readonly kind: 'signal' | 'query' | 'update';
      readonly name: string;
      readonly input: Payload[];
    }
  | { readonly kind: 'activity'; readonly type: string; readonly input: Payload[] }
  | { readonly kind: 'reset'; readonly event: number }
  | { readonly kind: 'cancel' | 'terminate' }
  | { readonly kind: 'schedule'; readonly edit: Edit };

export const EDITS = [
  ...(['overlap', 'arguments', 'paused', 'the run itself', 'another workflow', 'timeout'] as const),
];
export type Edit = (typeof EDITS)[number];

const names = fc.oneof(
  nastyText,
  fc.constantFrom(
    '0001_walks',
    '../0001_walks',
    '0009_no_such',
    '0001_walks:../x',
    '1',
    '0001_WALKS',
  ),
);
/** What our own workflow and operators send, with wrong values in some places. */
const nearly = fc.oneof(
  fc.record({ name: names, throttled: fc.oneof(fc.boolean(), fc.constant('no')) }),
  fc.array(fc.record({ name: names, throttled: fc.boolean() }), { maxLength: 3 }),
  fc.record({
    running: fc.array(names, { maxLength: 2 }),
    extra: fc.oneof(fc.integer(), fc.constantFrom('1', null, 1e300)),
    skip: fc.oneof(fc.array(names, { maxLength: 2 }), fc.constant('0001_walks')),
  }),
  fc.record({ began: names, attempt: fc.oneof(fc.integer(), names) }),
);
const json = fc
  .oneof(
    nearly,
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(null, 'x'.repeat(500_000), { __proto__: [] }),
  )
  .map((value) => defaultPayloadConverter.toPayload(value) as Payload);
const raw = fc
  .tuple(
    fc.constantFrom(
      'binary/null',
      'binary/plain',
      'json/plain',
      'json/protobuf',
      'other/world',
      '',
    ),
    fc.uint8Array({ maxLength: 40 }),
  )
  .map(([encoding, data]) => ({ metadata: { encoding: Buffer.from(encoding) }, data }));
const inputs = fc.array(fc.oneof({ weight: 3, arbitrary: json }, raw), { maxLength: 2 });

const word = fc
  .oneof(nastyText, fc.constantFrom('x', '__temporal_x', 'a'.repeat(900)))
  .filter((text) => text !== '');

export const acts: fc.Arbitrary<Act> = fc.oneof(
  fc
    .record({
      kind: fc.constant('start' as const),
      type: fc.constantFrom(
        'executeLongRunningMigrations',
        'tickLongRunningMigrations',
        'noSuchWorkflow',
      ),
      id: fc.constantFrom('long-running-migrations', 'mine', 'long-running-migrations-tick'),
      input: inputs,
    })
    // It would have the run's ID until an operator terminates it, as `lrm status` says.
    .filter(({ type, id }) => type !== 'noSuchWorkflow' || id !== 'long-running-migrations'),
  fc.record({
    kind: fc.constantFrom('signal' as const, 'query' as const, 'update' as const),
    name: fc.oneof(
      word,
      fc.constantFrom('finalizeMigrations', 'statusChanged', 'tick', 'runState', '__stack_trace'),
    ),
    input: inputs,
  }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('activity' as const),
      type: fc.constantFrom(
        'runMigration',
        'listPendingMigrations',
        'noSuchActivity',
        'constructor',
      ),
      input: inputs,
    }),
  },
  fc.record({ kind: fc.constant('reset' as const), event: fc.integer({ min: 0, max: 20 }) }),
  fc.record({ kind: fc.constantFrom('cancel' as const, 'terminate' as const) }),
  fc.record({ kind: fc.constant('schedule' as const), edit: fc.constantFrom(...EDITS) }),
) as fc.Arbitrary<Act>;
