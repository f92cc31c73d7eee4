import { DefaultFailureConverter, type FailureConverter } from '@temporalio/common';
import { keyProblemOf } from './keyProblem';

const plain = new DefaultFailureConverter();
const encoded = new DefaultFailureConverter({ encodeCommonAttributes: true });

/**
 * Puts messages and stack traces of failures into payloads, which the codec encrypts. Loaded by its
 * path, when there is a key that encrypts.
 */
export const failureConverter: FailureConverter = {
  errorToFailure(error, payloadConverter, context) {
    // Whoever lacks a key must be able to read which one.
    const converter = keyProblemOf(error) === undefined ? encoded : plain;
    return converter.errorToFailure(error, payloadConverter, context);
  },
  failureToError: (failure, payloadConverter, context) =>
    plain.failureToError(failure, payloadConverter, context),
};
