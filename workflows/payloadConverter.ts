import { defaultPayloadConverter, type Payload, type PayloadConverter } from '@temporalio/common';

/** What a payload becomes that can't be decoded. It is none of the inputs that are accepted. */
export const UNREADABLE = 'a payload that can not be decoded';

/**
 * Temporal's own converter, except that what can't be decoded (another encoding, broken JSON)
 * doesn't throw: in a signal or an input that would fail the run's workflow task for ever.
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
