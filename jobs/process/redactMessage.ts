import type { Redact } from '../../settings/redact';
import type { Progress } from '../context/attempt';
import type { Description } from './describeError';
import type { FromJobProcess } from './messages';

/**
 * A message of a job process, without secrets in the texts that come from the job's author: errors,
 * lines of the log, reasons. The keys of a failed batch stay as they are: they are only stored in our
 * tables, where the next attempt needs them.
 */
export function redactMessage(message: FromJobProcess, redact: Redact): FromJobProcess {
  switch (message.type) {
    case 'log':
      return {
        ...message,
        message: redact(message.message),
        fields: inFields(message.fields, redact),
      };
    case 'failed': {
      const { detail } = message;
      const error = inError(message.error, redact);
      return { ...message, error, ...(detail !== undefined && { detail: redact(detail) }) };
    }
    case 'answer':
      return { ...message, reason: message.reason === null ? null : redact(message.reason) };
    case 'progress':
      return { ...message, progress: inProgress(message.progress, redact) };
    case 'inputsChecked':
      return {
        ...message,
        problems: message.problems.map((of) =>
          of.map((problem) => ({ ...problem, message: redact(problem.message) })),
        ),
      };
    default:
      return message;
  }
}

function inError(error: Description, redact: Redact): Description {
  const { message, objects } = error;
  return {
    ...error,
    name: redact(error.name),
    ...(message !== undefined && { message: redact(message) }),
    ...(objects !== undefined && { objects: redact(objects) }),
    causes: error.causes.map((each) => inError(each, redact)),
  };
}

/** What an author reports may be of any type. */
function inProgress(progress: Progress, redact: Redact): Progress {
  return inValue(progress, redact) as Progress;
}

const inFields = (fields: Record<string, unknown>, redact: Redact) =>
  inValue(fields, redact) as Record<string, unknown>;

/** JSON, so it has an end. */
function inValue(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((each) => inValue(each, redact));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, inValue(each, redact)]),
  );
}
