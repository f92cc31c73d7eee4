import { TemporalFailure } from '@temporalio/common';
import { describeError } from '../jobs/process/describeError';
import { detailOf } from '../jobs/process/detail';
import { errorFields } from './attempt/errorFields';
import { errorText } from './attempt/errorText';
import { retryIn } from './attempt/failures';
import type { Deps } from './deps';

/**
 * Replaces an unexpected error by our own text before Temporal sees it, since it may quote a row.
 * Most often the database is away.
 */
export async function withSafeErrors<T>(deps: Deps, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TemporalFailure) throw error;
    const described = describeError(error);
    const message = errorText('run', described);
    const full = deps.settings.LRM_ERROR_DETAIL === 'full' ? { detail: detailOf(error) } : {};
    deps.log.warn({ ...errorFields(described), ...full }, message);
    throw retryIn(deps.settings.LRM_RETRY_INITIAL_INTERVAL, message);
  }
}
