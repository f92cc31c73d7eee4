import type { Client } from '@temporalio/client';
import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow';
import type { temporal } from '@temporalio/proto';
import { keyProblemOf } from '../../activities/payloads/keyProblem';

type Failure = temporal.api.failure.v1.IFailure | null | undefined;

/** The message of a failure that Temporal has recorded, decrypted; '' when there is none. */
export async function failureText(
  client: Client,
  failure: Failure,
  worker: string | null | undefined,
): Promise<string> {
  const error = await decoded(client, failure);
  return keyProblemThere(error, worker) ?? error?.message ?? '';
}

/** What kept a worker from decrypting, when that is why it failed; else null. */
export async function keyProblemText(
  client: Client,
  failure: Failure,
  worker: string | null | undefined,
): Promise<string | null> {
  return keyProblemThere(await decoded(client, failure), worker) ?? null;
}

async function decoded(client: Client, failure: Failure): Promise<Error | undefined> {
  const { loadedDataConverter } = client.options;
  try {
    return await decodeOptionalFailureToOptionalError(loadedDataConverter, failure);
  } catch (error) {
    return new Error(`it can't be read here: ${keyProblemOf(error) ?? 'unknown encoding'}`);
  }
}

function keyProblemThere(error: unknown, worker: string | null | undefined): string | undefined {
  const problem = keyProblemOf(error);
  return problem && `on the worker ${worker ?? 'that tried'}: ${problem}`;
}
