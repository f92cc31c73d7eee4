import type { Payload } from '@temporalio/common';

/** A payload as Temporal's codec servers exchange it: everything in base64. */
export interface JsonPayload {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly data?: string;
}

export const toJson = ({ metadata, data }: Payload): JsonPayload => ({
  metadata: mapValues(metadata ?? {}, (value) => Buffer.from(value).toString('base64')),
  data: Buffer.from(data ?? []).toString('base64'),
});

export const fromJson = ({ metadata, data }: JsonPayload): Payload => ({
  metadata: mapValues(metadata ?? {}, (value) => Buffer.from(value, 'base64')),
  data: Buffer.from(data ?? '', 'base64'),
});

/** Whether something from outside has the form of a payload. */
export function isJsonPayload(value: unknown): value is JsonPayload {
  if (typeof value !== 'object' || value === null) return false;
  const { metadata = {}, data = '' } = value as Record<string, unknown>;
  return (
    typeof data === 'string' &&
    typeof metadata === 'object' &&
    metadata !== null &&
    Object.values(metadata).every((each) => typeof each === 'string')
  );
}

const mapValues = <From, To>(
  values: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Record<string, To> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
