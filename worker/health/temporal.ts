import type { ConnectionLike } from '@temporalio/client';
import { type Finding, ok } from './finding';

/**
 * Checks that Temporal answers and has the namespace.
 * @throws whatever the calls to Temporal throw
 */
export async function checkTemporalServer(
  { workflowService }: Pick<ConnectionLike, 'workflowService'>,
  namespace: string,
  address: string,
): Promise<Finding[]> {
  const { serverVersion } = await workflowService.getSystemInfo({});
  await workflowService.describeNamespace({ namespace });
  return [
    ok('temporal', `server ${serverVersion ?? ''} at ${address}`),
    ok('namespace', namespace),
  ];
}
