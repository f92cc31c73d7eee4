import { defaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';

/** Stands for a payload that can't be decoded. No signal and no workflow accepts it as input. */
export const UNREADABLE = 'a payload that cannot be decoded';

/**
 * Temporal's own converter, but it doesn't throw when a payload can't be decoded (another encoding,
 * broken JSON). In a signal or an input that would fail the run's workflow task for ever.
 */
export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  fromPayload: <T>(payload: Payload) => {
    try {
      return defaultPayloadConverter.fromPayload<T>(payload);
    } catch {
      return UNREADABLE as T;
    }
  },
};
